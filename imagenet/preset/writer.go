package preset

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// tree returns a block as a file has it: the keys that are given, and those whose value is not the default.
func tree(path string, block reflect.Value, given map[string]int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for k := range keys(path, block) {
		var v *yaml.Node
		_, written := given[k.path]
		if k.block() {
			v = tree(k.path, k.value, given)
			written = written || len(v.Content) > 0
		} else {
			v = leaf(k.value)
			written = written || !k.optional || !isDefault(k)
		}
		if written {
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: k.name}, v)
		}
	}
	return n
}

// isDefault tells whether an optional key has the value it takes when it is left out.
func isDefault(k key) bool {
	other := k
	other.value = reflect.New(k.value.Type()).Elem()
	setDefault(other)
	return reflect.DeepEqual(k.value.Interface(), other.value.Interface())
}

// leaf returns a value as a file has it, lists on one line.
func leaf(v reflect.Value) *yaml.Node {
	if v.Kind() != reflect.Slice {
		n := &yaml.Node{Kind: yaml.ScalarNode, Value: scalarText(v)}
		if v.Kind() == reflect.String {
			n.Tag = "!!str"
		}
		return n
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for i := range v.Len() {
		n.Content = append(n.Content, leaf(v.Index(i)))
	}
	return n
}

// scalarText returns a value as text that every reader of YAML gives the same type: a float always has a point.
func scalarText(v reflect.Value) string {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		t, err := m.MarshalText()
		if err != nil {
			panic("preset: " + err.Error()) // no type of ours returns one
		}
		return string(t)
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	}
	x := strconv.FormatFloat(v.Float(), 'g', -1, 64)
	if strings.Contains(x, ".") {
		return x
	}
	mantissa, exponent, _ := strings.Cut(x, "e")
	if exponent != "" {
		exponent = "e" + exponent
	}
	return mantissa + ".0" + exponent
}

// plain returns a block for JSON, without the keys of ours that have no effect. An infinite stride is the string ".inf".
func plain(block reflect.Value) any {
	m := map[string]any{}
	for k := range keys("", block) {
		if k.ours && isDefault(k) {
			continue
		}
		switch v := k.value.Interface().(type) {
		case Stride:
			m[k.name] = int(v)
			if v == 0 {
				m[k.name] = ".inf"
			}
		default:
			m[k.name] = v
			if k.block() {
				m[k.name] = plain(k.value)
			}
		}
	}
	return m
}
