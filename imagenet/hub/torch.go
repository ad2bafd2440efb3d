package hub

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// maxPickle bounds what torch.save writes beside the numbers: 100 bytes for every tensor.
const maxPickle = 64 << 20

// storage is a block of numbers, which tensors may share.
type storage struct {
	kind Type
	n    int
	zip  *member
}

// readTorch reads a file that torch.save wrote: a zip file with a pickle that names storages, and the storages.
//
// Source: torch/serialization.py and torch/_utils.py of PyTorch 2.
func (c *content) readTorch(z archive, name string) error {
	c.format = PyTorch
	folder := path.Dir(z.pickle)
	if _, ok := z.members[folder+"/constants.pkl"]; ok {
		return errors.New("TorchScript: save the state_dict instead")
	}
	if m, ok := z.members[folder+"/byteorder"]; ok {
		order, err := m.all(16)
		if err != nil {
			return err
		}
		if string(order) != "little" {
			return fmt.Errorf("byte order %q, want little", order)
		}
	}
	data, err := z.members[z.pickle].all(maxPickle)
	if err != nil {
		return err
	}
	p := pickle{data: data, find: findTorch, persistent: func(id []any) (any, error) { return z.storage(folder, id) }}
	tree, err := p.run()
	if err != nil {
		return err
	}
	return c.flatten(tree, name)
}

// storages are the classes that say what type a storage has.
var storages = map[string]Type{"torch.DoubleStorage": F64, "torch.FloatStorage": F32, "torch.HalfStorage": F16,
	"torch.BFloat16Storage": BF16, "torch.LongStorage": I64, "torch.IntStorage": I32, "torch.ShortStorage": I16,
	"torch.CharStorage": I8, "torch.ByteStorage": U8, "torch.BoolStorage": Bool}

// findTorch knows the names that tensors need.
func findTorch(name string) (any, error) {
	if kind, ok := storages[name]; ok {
		return kind, nil
	}
	switch name {
	case "collections.OrderedDict":
		return function(func(a []any) (any, error) {
			if len(a) != 0 {
				return nil, fmt.Errorf("%s of %d arguments, want none", name, len(a))
			}
			return &dict{}, nil
		}), nil
	case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor":
		return function(rebuild), nil
	case "torch._utils._rebuild_parameter":
		return function(func(a []any) (any, error) {
			if len(a) > 0 {
				if t, ok := a[0].(Tensor); ok {
					return t, nil
				}
			}
			return nil, fmt.Errorf("%s of no tensor", name)
		}), nil
	}
	return nil, fmt.Errorf("it names %.200q, which tensors do not need: refused, nothing was executed", name)
}

// storage returns what ("storage", class, key, device, numbers) stands for.
func (z archive) storage(folder string, id []any) (any, error) {
	if len(id) >= 5 && id[0] == "storage" {
		kind, ok1 := id[1].(Type)
		key, ok2 := id[2].(string)
		n, ok3 := id[4].(int64)
		if ok1 && ok2 && ok3 && n >= 0 {
			m := z.members[folder+"/data/"+key]
			switch {
			case m == nil:
				return nil, fmt.Errorf("storage %.200q is missing", key)
			case m.Method != zip.Store:
				return nil, fmt.Errorf("storage %q is compressed, as torch.save does not", key)
			case m.UncompressedSize64%uint64(kind.bytes()) != 0 || m.UncompressedSize64/uint64(kind.bytes()) != uint64(n):
				return nil, fmt.Errorf("storage %q: %d bytes for %d numbers of %s", key, m.UncompressedSize64, n, kind)
			}
			return storage{kind, int(n), m}, nil
		}
	}
	return nil, errors.New("a storage that is not described as torch.save does")
}

// rebuild returns the tensor of (storage, offset, shape, strides, …).
func rebuild(a []any) (any, error) {
	if len(a) < 4 {
		return nil, errors.New("a tensor of too few arguments")
	}
	s, ok1 := a[0].(storage)
	offset, ok2 := a[1].(int64)
	shape, ok3 := integers(a[2])
	strides, ok4 := integers(a[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(strides) || offset < 0 || offset > int64(s.n) {
		return nil, fmt.Errorf("a tensor that is not described as torch.save does: offset %d, shape %v, strides %v", offset, shape, strides)
	}
	if len(a) > 6 { // metadata, which there is only where it says something
		if d, ok := a[6].(*dict); !ok || len(d.keys) > 0 {
			return nil, errors.New("a tensor that is conjugated or negated on reading: resolve_conj and resolve_neg it before it is saved")
		}
	}
	t := Tensor{Type: s.kind, Shape: shape, strides: strides}
	if err := fits(t); err != nil {
		return nil, err
	}
	if err := t.check(s.n - int(offset)); err != nil {
		return nil, err
	}
	span := 0 // from the first number to the last
	if t.Len() > 0 {
		span = 1
		for _, x := range t.axes() {
			span += (x.n - 1) * x.file
		}
	}
	if slices.Equal(t.axes(), Tensor{Type: t.Type, Shape: shape}.axes()) {
		t.strides = nil
	}
	size := int64(s.kind.bytes())
	t.open = func() (io.ReadCloser, error) { return s.zip.section(offset*size, int64(span)*size) }
	return t, nil
}

// integers returns the items of a list of integers that are not negative.
func integers(v any) ([]int, bool) {
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

// torchPickle returns the name of a PyTorch file's pickle, or "".
func torchPickle(names []string) string {
	for _, name := range names {
		if strings.Count(name, "/") == 1 && strings.HasSuffix(name, "/data.pkl") {
			return name
		}
	}
	return ""
}
