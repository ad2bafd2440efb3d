package hub

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// numpy returns the function of a name, if it is one of those by which a pickle makes NumPy's numbers and arrays, and
// otherwise nil.
func numpy(name string) any {
	module, leaf, _ := cutLast(name, ".")
	switch strings.Replace(module, "numpy._core.", "numpy.core.", 1) + "." + leaf {
	case "numpy.core.multiarray.scalar":
		return function{name, numpyScalar}
	case "numpy.core.multiarray._reconstruct":
		return function{name, func(a []any) (any, error) {
			if len(a) == 0 {
				return nil, fmt.Errorf("%s of no class", name)
			}
			return &object{class: className(a[0])}, nil
		}}
	case "numpy.core.numeric._frombuffer":
		return function{name, func(a []any) (any, error) {
			o := &object{class: "numpy.ndarray"}
			if len(a) == 4 { // as the state of _reconstruct: version, shape, type, order, numbers
				o.state = []any{&list{[]any{int64(1), a[2], a[1], a[3] == "F", a[0]}}}
			}
			return o, nil
		}}
	}
	return nil
}

// numpyScalar returns the number of (type, bytes).
func numpyScalar(a []any) (any, error) {
	unknown := &object{class: "numpy.generic", arguments: a}
	if len(a) != 2 {
		return unknown, nil
	}
	kind, big, descr := numpyType(a[0])
	unknown = &object{class: "numpy " + descr}
	if text, ok := a[1].(string); ok { // a Python 2 string is bytes
		a[1] = blob(text)
	}
	raw, ok := a[1].(blob)
	if !ok || len(raw) != kind.bytes() || kind == "" {
		return unknown, nil
	}
	t := Tensor{Type: kind, big: big, open: inMemory(raw)}
	switch kind {
	case Bool:
		return raw[0] != 0, nil
	case I64, I32, I16, I8, U64, U32, U16, U8:
		return t.integer(raw), nil
	}
	var x [1]float64
	err := numbers(t, x[:])
	return x[0], err
}

// numpyType reads a numpy.dtype. It returns its type, which is "" if such numbers are not read, whether the numbers are
// big-endian, and NumPy's name of the type.
func numpyType(v any) (kind Type, big bool, descr string) {
	o, ok := v.(*object)
	if !ok || o.class != "numpy.dtype" || len(o.arguments) == 0 {
		return "", false, "numbers of an unknown type"
	}
	name, ok := o.arguments[0].(string)
	if b, bytes := o.arguments[0].(blob); bytes {
		name, ok = string(b), true
	}
	if !ok {
		return "", false, "numbers of " + className(o.arguments[0])
	}
	order := "|"
	if len(o.state) > 0 { // version, byte order, …
		if l, ok := o.state[0].(*list); ok && len(l.items) > 1 {
			order, _ = l.items[1].(string)
		}
	}
	if order == "=" {
		order = "<"
	}
	kind, big = numpyTypeOf(order + name)
	return kind, big, order + name
}

// array returns the array that an object stands for, if it is an array of NumPy whose numbers are read.
func (o *object) array() (Tensor, bool) {
	if len(o.state) != 1 || len(o.arguments) > 0 {
		return Tensor{}, false
	}
	l, ok := o.state[0].(*list)
	if !ok || len(l.items) != 5 {
		return Tensor{}, false
	}
	shape, ok := integers(l.items[1])
	kind, big, _ := numpyType(l.items[2])
	fortran, ok2 := l.items[3].(bool)
	raw, ok3 := l.items[4].(blob)
	if text, old := l.items[4].(string); old {
		raw, ok3 = blob(text), true
	}
	if buffer, newer := l.items[4].(*object); newer && buffer.class == "bytearray" && len(buffer.arguments) == 1 {
		raw, ok3 = buffer.arguments[0].(blob)
	}
	t := Tensor{Type: kind, Shape: shape, big: big}
	if !ok || !ok2 || !ok3 || kind == "" || fits(t) != nil || t.Bytes() != int64(len(raw)) {
		return Tensor{}, false
	}
	if fortran {
		t = t.fortran()
	}
	t.open = inMemory(raw)
	return t, true
}

// array adds an array to the metadata if it is short, and otherwise lists it as left out.
func (w *walker) array(name string, o *object, t Tensor) error {
	const longest = 64
	if t.Len() > longest {
		return w.omit(name, fmt.Sprintf("%s of %s %v", o.class, t.Type, t.Shape), "torch.from_numpy makes it a tensor")
	}
	values := make([]float64, t.Len())
	if err := numbers(t, values); err != nil {
		return err
	}
	if name == "" {
		name = w.root
	}
	if len(t.Shape) == 0 {
		return w.note(name, fmt.Sprint(values[0]))
	}
	return w.note(name, fmt.Sprint(values))
}

func inMemory(b []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

// fortran returns the tensor with the strides of Fortran's order, in which the first axis runs fastest.
func (t Tensor) fortran() Tensor {
	if len(t.Shape) > 1 {
		backward := slices.Clone(t.Shape)
		slices.Reverse(backward)
		t.strides = rowMajor(backward)
		slices.Reverse(t.strides)
	}
	return t
}
