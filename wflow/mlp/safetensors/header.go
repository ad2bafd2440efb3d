package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// entry is one tensor in the header.
type entry struct {
	Type    string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

var sizes = map[string]int64{"F32": 4, "F64": 8, "I64": 8}

// object returns the members of a JSON object; none is named twice.
func object(text []byte) (map[string]json.RawMessage, error) {
	if !bytes.HasPrefix(text, []byte("{")) || !utf8.Valid(text) {
		return nil, errors.New("not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.Token() // {
	members := map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) // as all that the decoder takes for one
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON object")
	}
	return members, nil
}

func readMeta(text []byte) (map[string]string, error) {
	members, err := object(text)
	if err != nil {
		return nil, err
	}
	meta := map[string]string{}
	for key, value := range members {
		var v *string
		if err := json.Unmarshal(value, &v); err != nil || v == nil {
			return nil, fmt.Errorf("%q is %s, want a string", key, value)
		}
		meta[key] = *v
	}
	return meta, nil
}

func readEntry(text []byte) (e entry, err error) {
	members, err := object(text)
	if err != nil {
		return e, err
	}
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if _, ok := members[key]; !ok {
			return e, fmt.Errorf("%s is missing", key)
		}
	}
	if len(members) != 3 {
		return e, fmt.Errorf("%d members, want dtype, shape and data_offsets", len(members))
	}
	if err := json.Unmarshal(members["dtype"], &e.Type); err != nil {
		return e, fmt.Errorf("dtype: %w", err)
	}
	if e.Shape, err = integers[int](members["shape"]); err != nil {
		return e, fmt.Errorf("shape: %w", err)
	}
	offsets, err := integers[int64](members["data_offsets"])
	if err != nil || len(offsets) != 2 {
		return e, fmt.Errorf("data_offsets %s, want two integers", members["data_offsets"])
	}
	e.Offsets = [2]int64(offsets)
	return e, nil
}

// integers reads a JSON list of integers.
func integers[T int | int64](text []byte) ([]T, error) {
	var list []*T
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	if list == nil || slices.Contains(list, nil) {
		return nil, fmt.Errorf("%s, want a list of integers", text)
	}
	v := make([]T, len(list))
	for i, p := range list {
		v[i] = *p
	}
	return v, nil
}

// bytes returns the number of bytes of an array, and false for a type or shape that there is not.
func (e entry) bytes() (int64, bool) {
	size, ok := sizes[e.Type]
	for _, n := range e.Shape {
		if n < 0 || n > 0 && size > math.MaxInt64/int64(n) {
			return 0, false
		}
		size *= int64(n)
	}
	return size, ok
}

// check holds an entry to its type, its shape, the end of the tensor before it and the bytes there are.
func (e entry) check(begin, available int64) error {
	if sizes[e.Type] == 0 {
		return fmt.Errorf("type %q, want F32, F64 or I64", e.Type)
	}
	want, ok := e.bytes()
	if !ok {
		return fmt.Errorf("shape %v", e.Shape)
	}
	if e.Offsets[0] != begin || e.Offsets[1]-e.Offsets[0] != want {
		return fmt.Errorf("bytes %d to %d for %s %v, want %d to %d", e.Offsets[0], e.Offsets[1], e.Type, e.Shape, begin, begin+want)
	}
	if e.Offsets[1] > available {
		return fmt.Errorf("bytes %d to %d, the file ends at %d: it is cut off", e.Offsets[0], e.Offsets[1], available)
	}
	return nil
}
