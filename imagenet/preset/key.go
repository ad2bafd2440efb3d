package preset

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"
)

// key is a field of a configuration, with what its tags say: see [Generator].
type key struct {
	name, path string
	value      reflect.Value
	in, one    string
	fallback   string // the tag default
	optional   bool   // it has one
	ours       bool   // the official code lacks it
}

// block tells whether the key has keys of its own.
func (k key) block() bool { return k.value.Kind() == reflect.Struct }

// keys yields the keys of a block.
func keys(path string, block reflect.Value) iter.Seq[key] {
	return func(yield func(key) bool) {
		for i := range block.NumField() {
			tag := block.Type().Field(i).Tag
			k := key{name: tag.Get("yaml"), value: block.Field(i), in: tag.Get("in"), one: tag.Get("one"), ours: tag.Get("ours") == "true"}
			k.path = strings.TrimPrefix(path+"."+k.name, ".")
			k.fallback, k.optional = tag.Lookup("default")
			if !yield(k) {
				return
			}
		}
	}
}

// leaves yields the keys that have a value.
func leaves(path string, block reflect.Value) iter.Seq[key] {
	return func(yield func(key) bool) {
		for k := range keys(path, block) {
			if !k.block() {
				if !yield(k) {
					return
				}
				continue
			}
			for leaf := range leaves(k.path, k.value) {
				if !yield(leaf) {
					return
				}
			}
		}
	}
}

// leftOut returns the paths of the official keys of a configuration that are not among those given.
func leftOut(config reflect.Value, given map[string]int) (left []string) {
	for k := range leaves("", config) {
		if _, there := given[k.path]; !there && !k.ours {
			left = append(left, k.path)
		}
	}
	return left
}

// setDefault gives a key the value of its tag default.
func setDefault(k key) {
	err := error(nil)
	if k.value.Kind() == reflect.Slice {
		for _, word := range strings.Fields(k.fallback) {
			err = errors.Join(err, appendTo(k.value, word))
		}
	} else {
		err = set(k.value, k.fallback)
	}
	if err != nil {
		panic("preset: default of " + k.path + ": " + err.Error()) // the tag is in the program
	}
}

// values yields the value of a key with its path; of a list, every number with its own path.
func values(k key) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		if k.value.Kind() != reflect.Slice {
			yield(k.path, k.value)
			return
		}
		for i := range k.value.Len() {
			if !yield(fmt.Sprintf("%s[%d]", k.path, i), k.value.Index(i)) {
				return
			}
		}
	}
}

// within tells whether x lies in an interval such as (0,1].
func within(interval string, x float64) bool {
	low, high, _ := strings.Cut(strings.Trim(interval, "[]()"), ",")
	a, err1 := strconv.ParseFloat(low, 64)
	b, err2 := strconv.ParseFloat(high, 64)
	if err := errors.Join(err1, err2); err != nil {
		panic("preset: interval " + interval) // the tag is in the program
	}
	open, closed := interval[0] == '(', interval[len(interval)-1] == ']'
	return (x > a || x == a && !open) && (x < b || x == b && closed)
}
