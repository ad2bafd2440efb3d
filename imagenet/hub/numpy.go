package hub

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/internal/npy"
	"github.com/wflowlab/wflowlab/wflow/mlp/safetensors"
)

// numpyTypes are numpy's names for types, of little-endian machines.
var numpyTypes = map[string]Type{"<f8": F64, "<f4": F32, "<f2": F16, "<i8": I64, "<i4": I32, "<i2": I16, "|i1": I8,
	"<u8": U64, "<u4": U32, "<u2": U16, "|u1": U8, "|b1": Bool}

// readNPYHeader reads what stands before the numbers of an array of so many bytes in all, and returns how long it is.
func readNPYHeader(r io.Reader, size int64) (Tensor, int64, error) {
	h, begin, err := npy.Read(r, size)
	if err != nil {
		return Tensor{}, 0, err
	}
	t := Tensor{Type: numpyTypes[h.Type], Shape: h.Shape}
	switch {
	case t.Type == "":
		return t, 0, fmt.Errorf("numbers of %q, want little-endian integers or floats", h.Type)
	case len(h.Shape) > maxAxes:
		return t, 0, fmt.Errorf("shape %v, want at most %d axes", h.Shape, maxAxes)
	}
	if err := fits(t); err != nil {
		return t, 0, err
	}
	if t.Bytes() != size-begin {
		return t, 0, fmt.Errorf("%d bytes of numbers, want %d for %s %v", size-begin, t.Bytes(), t.Type, t.Shape)
	}
	if h.Fortran && len(t.Shape) > 1 {
		backward := slices.Clone(t.Shape)
		slices.Reverse(backward)
		t.strides = rowMajor(backward)
		slices.Reverse(t.strides)
	}
	return t, begin, nil
}

// fits tells whether there can be so many numbers.
func fits(t Tensor) error {
	if _, ok := safetensors.Bytes(string(t.Type), t.Shape); !ok {
		return fmt.Errorf("shape %v of %s", t.Shape, t.Type)
	}
	return nil
}

func (c *content) readNPY(r io.ReaderAt, size int64, name string) error {
	t, begin, err := readNPYHeader(io.NewSectionReader(r, 0, size), size)
	if err != nil {
		return err
	}
	t.Name, t.open = name, section(r, begin, size-begin)
	return c.add(t)
}

func (c *content) readNPZ(z archive) error {
	c.format = NPZ
	for _, name := range z.order {
		m := z.members[name]
		t, err := m.npy()
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		if err := c.add(t); err != nil {
			return err
		}
	}
	return nil
}

// npy reads the header of a member.
func (m *member) npy() (Tensor, error) {
	r, err := m.Open()
	if err != nil {
		return Tensor{}, err
	}
	defer r.Close()
	t, begin, err := readNPYHeader(r, int64(m.UncompressedSize64))
	if err != nil {
		return t, err
	}
	t.Name = strings.TrimSuffix(m.Name, ".npy")
	t.open = func() (io.ReadCloser, error) {
		r, err := m.whole()
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(io.Discard, r, begin); err != nil {
			r.Close()
			return nil, cut(err)
		}
		return r, nil
	}
	return t, nil
}
