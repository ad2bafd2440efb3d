package hub

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// rebuilders returns the functions by which a pickle makes tensors, dicts and bytes, by their names in Python. Where
// something cannot be read, its function makes an object that says what it is.
func (t torch) rebuilders() map[string]func(a []any) (any, error) {
	plain := func(a []any) (any, error) { return t.rebuild(a, "") }
	first := func(a []any) (any, error) {
		if len(a) > 0 {
			switch a[0].(type) {
			case Tensor, *object:
				return a[0], nil
			}
		}
		return nil, errors.New("a parameter of no tensor")
	}
	foreign := func(what, why string) func(a []any) (any, error) {
		return func(a []any) (any, error) { return &object{class: what, arguments: a, why: why, closed: true}, nil }
	}
	return map[string]func(a []any) (any, error){
		"torch._utils._rebuild_tensor":                        plain,
		"torch._utils._rebuild_tensor_v2":                     plain,
		"torch._utils._rebuild_tensor_v3":                     t.rebuildTyped,
		"torch._utils._rebuild_qtensor":                       func(a []any) (any, error) { return t.rebuild(a[:min(len(a), 4)], "") },
		"torch._utils._rebuild_parameter":                     first,
		"torch._utils._rebuild_parameter_with_state":          first,
		"torch._utils._rebuild_device_tensor_from_cpu_tensor": first,
		"torch._utils._rebuild_device_tensor_from_numpy": func(a []any) (any, error) {
			if len(a) > 0 {
				if o, ok := a[0].(*object); ok {
					if array, ok := o.array(); ok {
						return array, nil
					}
				}
			}
			return &object{class: "a tensor of another device", arguments: a}, nil
		},
		"torch._tensor._rebuild_from_type":    t.rebuildOfClass,
		"torch._tensor._rebuild_from_type_v2": t.rebuildOfClass,
		"torch._utils._rebuild_wrapper_subclass": func(a []any) (any, error) {
			o := &object{class: "a tensor of a class of its own", why: wrapped, closed: true}
			if len(a) > 0 {
				o.class = className(a[0])
			}
			return o, nil
		},
		"torch._utils._rebuild_meta_tensor_no_storage": foreign("a tensor on the device meta", "it has no numbers"),
		"torch._utils._rebuild_sparse_tensor":          foreign("a sparse tensor", "x.to_dense() before it is saved"),
		"torch._utils._rebuild_sparse_csr_tensor":      foreign("a sparse tensor", "x.to_dense() before it is saved"),
		"torch._utils._rebuild_nested_tensor":          foreign("a nested tensor", "x.unbind() before it is saved"),
		"collections.OrderedDict":                      ordered,
		"set":                                          func(a []any) (any, error) { return collection("set", a), nil },
		"frozenset":                                    func(a []any) (any, error) { return collection("frozenset", a), nil },
		"bytes":                                        encoded,
		"_codecs.encode":                               encoded,
		"copyreg._reconstructor":                       based,
		"copyreg.__newobj__":                           reconstructed,
		"copyreg.__newobj_ex__":                        reconstructed,
	}
}

const wrapped = "the numbers of such a tensor are not its own: x.dequantize(), x.full_tensor() or x.to_dense() before it is saved"

// rebuild returns the tensor of (storage, offset, shape, strides, …). Kind is its type; "" stands for that of the storage.
func (t torch) rebuild(a []any, kind Type) (any, error) {
	if len(a) < 4 {
		return nil, errors.New("a tensor of too few arguments")
	}
	if o, ok := a[0].(*object); ok {
		return &object{class: "a tensor in " + o.class}, nil
	}
	s, ok1 := a[0].(storage)
	offset, ok2 := a[1].(int64)
	shape, ok3 := integers(a[2])
	strides, ok4 := integers(a[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(strides) || offset < 0 {
		return nil, fmt.Errorf("a tensor that is not described as torch.save does: offset %d, shape %v, strides %v", offset, shape, strides)
	}
	if kind == "" {
		kind = s.kind
	}
	x := Tensor{Type: kind, Shape: shape, strides: strides, big: t.big}
	if err := fits(x); err != nil {
		return nil, err
	}
	size := int64(kind.bytes())
	if size == 0 {
		return x, nil
	}
	n := s.bytes / size
	if offset > n {
		return nil, fmt.Errorf("a tensor at offset %d of %d numbers", offset, n)
	}
	if err := x.check(int(n - offset)); err != nil {
		return nil, err
	}
	if len(a) > 6 { // metadata, which there is only where it says something
		if d, ok := a[6].(*dict); a[6] != nil && (!ok || len(d.keys) > 0) {
			x.why = "it is conjugated or negated on reading: resolve_conj and resolve_neg it before it is saved"
		}
	}
	if x.overlaps() && x.Bytes() > max(maxInflated, maxGrowth*s.bytes) {
		x.why = fmt.Sprintf("expanded from %d numbers to shape %v: it would take too much memory", n, shape)
	}
	if slices.Equal(x.axes(), Tensor{Type: kind, Shape: shape}.axes()) {
		x.strides = nil
	}
	span := int64(x.span())
	x.open = func() (io.ReadCloser, error) { return s.place.section(offset*size, span*size) }
	return x, nil
}

// rebuildTyped returns the tensor of (storage, offset, shape, strides, gradient, hooks, type, metadata).
func (t torch) rebuildTyped(a []any) (any, error) {
	if len(a) < 7 {
		return nil, errors.New("a tensor of too few arguments")
	}
	var kind Type
	if name, ok := a[6].(global); ok {
		_, leaf, _ := cutLast(string(name), ".")
		if kind, ok = dtypes[leaf]; !ok {
			kind = Type(name)
		}
	}
	return t.rebuild(slices.Concat(a[:6], a[7:]), kind)
}

// rebuildOfClass returns what (function, class, arguments, state) stands for. It is a tensor if the function makes one.
func (t torch) rebuildOfClass(a []any) (any, error) {
	if len(a) != 4 {
		return &object{class: "a tensor of a class of its own", arguments: a}, nil
	}
	arguments, ok := a[2].(*list)
	f, known := a[0].(function)
	if !ok || !known {
		return &object{class: className(a[1]), why: wrapped, closed: true}, nil
	}
	v, err := f.call(slices.Clone(arguments.items))
	if o, ok := v.(*object); ok {
		o.class = className(a[1])
	}
	return v, err
}

// ordered returns the dict that an OrderedDict is made as: an empty one, or one of a list of pairs.
func ordered(a []any) (any, error) {
	d := &dict{}
	if len(a) == 1 {
		pairs, ok := a[0].(*list)
		for i := 0; ok && i < len(pairs.items); i++ {
			pair, two := pairs.items[i].(*list)
			if ok = two && len(pair.items) == 2; ok {
				d.set(pair.items)
			}
		}
		if ok {
			return d, nil
		}
	}
	if len(a) > 0 {
		return &object{class: "collections.OrderedDict", arguments: a}, nil
	}
	return d, nil
}

// collection returns a set, of a class, with the items of a list.
func collection(class string, a []any) *object {
	if len(a) == 1 {
		if l, ok := a[0].(*list); ok {
			return &object{class: class, items: l.items}
		}
	}
	return &object{class: class, arguments: a}
}

// encoded returns bytes. Older protocols write them as text, each byte as the character of its number.
func encoded(a []any) (any, error) {
	if len(a) == 0 {
		return blob{}, nil
	}
	text, ok := a[0].(string)
	if !ok || len(a) > 1 && a[1] != "latin1" && a[1] != "latin-1" {
		return &object{class: "bytes", arguments: a}, nil
	}
	b := make(blob, 0, len(text))
	for _, r := range text {
		if r > 255 {
			return &object{class: "bytes"}, nil
		}
		b = append(b, byte(r))
	}
	return b, nil
}

// reconstructed returns the object that a pickle describes by its class and the arguments of the class.
func reconstructed(a []any) (any, error) {
	if len(a) == 0 {
		return nil, errors.New("an object of no class")
	}
	return &object{class: className(a[0]), arguments: a[1:]}, nil
}

// based returns the object that a pickle describes by three things: its class, the class of Python's own that this class
// extends, such as dict, list or tuple, and the value that the object has as one of that class.
func based(a []any) (any, error) {
	o := &object{class: "object", arguments: a}
	if len(a) != 3 {
		return o, nil
	}
	o.class, o.arguments = className(a[0]), nil
	switch part := a[2].(type) {
	case *dict:
		o.pairs = *part
	case *list:
		o.items = part.items
	case nil:
	default:
		o.arguments = a[2:]
	}
	return o, nil
}

// integers returns the items of a list of integers that are not negative.
func integers(v any) ([]int, bool) {
	if o, ok := v.(*object); ok && o.class == "torch.Size" && len(o.arguments) == 1 {
		v = o.arguments[0]
	}
	l, ok := v.(*list)
	if !ok || len(l.items) > maxAxes {
		return nil, false
	}
	out := make([]int, len(l.items))
	for i, item := range l.items {
		n, ok := item.(int64)
		if !ok || n < 0 {
			return nil, false
		}
		out[i] = int(n)
	}
	return out, true
}
