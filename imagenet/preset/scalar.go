package preset

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// scalar reads a value that is no list.
func scalar(n *yaml.Node, v reflect.Value) error {
	if n.Kind != yaml.ScalarNode || tagged(n) || n.ShortTag() == "!!null" {
		return fmt.Errorf("%s, want %s", describe(n), wanted(v))
	}
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if text := v.Kind() == reflect.String; quoted != text && (quoted || n.ShortTag() != "!!str") {
		return fmt.Errorf("%s, want %s", describe(n), wanted(v))
	}
	return set(v, n.Value)
}

// set reads text, a plain scalar of YAML, into a value.
func set(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	wrong := fmt.Errorf("%s, want %s", quote(text), wanted(v))
	digits := strings.TrimLeft(text, "+-")
	number := strings.ReplaceAll(text, "_", "") // 200_000
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true", "yes", "on":
			v.SetBool(true)
		case "false", "no", "off":
			v.SetBool(false)
		default:
			return wrong
		}
	case reflect.Int:
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || len(digits) > 1 && digits[0] == '0' || strings.HasPrefix(digits, "_") { // 010 is eight in YAML 1.1
			return wrong
		}
		if n != int64(int32(n)) {
			return fmt.Errorf("%s, want an integer of 32 bits", quote(text))
		}
		v.SetInt(n)
	case reflect.Float64:
		x, err := strconv.ParseFloat(number, 64)
		if err != nil || strings.Trim(digits, "0123456789._eE+-") != "" || strings.HasPrefix(digits, "_") || math.IsInf(x, 0) {
			return wrong
		}
		v.SetFloat(x)
	default:
		panic("preset: no value of type " + v.Type().String()) // the type is in the program
	}
	return nil
}

// appendTo appends a scalar to a list.
func appendTo(list reflect.Value, text string) error {
	list.Set(reflect.Append(list, reflect.Zero(list.Type().Elem())))
	return set(list.Index(list.Len()-1), text)
}

// describe says what a node is, for an error that wants something else.
func describe(n *yaml.Node) string {
	switch {
	case tagged(n):
		return "the tag " + clip(n.Tag)
	case n.Kind == yaml.MappingNode:
		return "a block of keys"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "nothing"
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return "the string " + quote(n.Value)
	}
	return quote(n.Value)
}

// wanted says what a value has to be.
func wanted(v reflect.Value) string {
	switch v.Interface().(type) {
	case Stride:
		return "a positive integer or .inf"
	case bool:
		return "true or false"
	case int:
		return "an integer"
	case float64:
		return "a finite number"
	}
	return "a string"
}

// quote returns a text of a file as errors show it, shortened and in quotes. clip leaves out the quotes, as for keys.
func quote(text string) string { return strconv.Quote(shorten(text)) }

func clip(text string) string {
	text = strconv.Quote(shorten(text))
	return text[1 : len(text)-1]
}

func shorten(text string) string {
	if len(text) <= 80 {
		return text
	}
	return strings.ToValidUTF8(text[:80], "") + "…"
}
