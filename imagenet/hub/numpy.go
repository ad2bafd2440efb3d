package hub

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/wflowlab/wflowlab/internal/npy"
)

// numpyTypes are the types by NumPy's short names, which are written without the order of the bytes here.
var numpyTypes = map[string]Type{"f8": F64, "f4": F32, "f2": F16, "i8": I64, "i4": I32, "i2": I16, "i1": I8,
	"u8": U64, "u4": U32, "u2": U16, "u1": U8, "b1": Bool}

// numpyTypeOf returns the type that NumPy writes in the way of "<f4", and whether its numbers are big-endian. The type is ""
// if such numbers are not read.
func numpyTypeOf(descr string) (kind Type, big bool) {
	if len(descr) < 2 || !strings.Contains("<>|", descr[:1]) {
		return "", false
	}
	kind = numpyTypes[descr[1:]]
	if descr[0] == '|' && kind.bytes() > 1 {
		return "", false
	}
	return kind, descr[0] == '>'
}

// foreign is the error of an array whose type is not read.
type foreign struct {
	descr string // in NumPy's words
	shape []int
}

// foreigners says what arrays are that are not read, by the letter of their type.
var foreigners = map[byte]string{'c': "complex numbers: save .real and .imag", 'U': "text", 'S': "bytes", 'T': "text",
	'O': "Python objects in a pickle, of which nothing is executed", 'M': "dates", 'm': "spans of time",
	'f': "long floats: save .astype('float64')", 'V': "raw bytes or records; bfloat16 is saved so: save .astype('float32')"}

// reason says what the array is, and what to do about it.
func (f foreign) reason() string {
	if len(f.descr) > 1 && strings.Contains("<>|", f.descr[:1]) && foreigners[f.descr[1]] != "" {
		return foreigners[f.descr[1]]
	}
	return "want integers or floats"
}

func (f foreign) Error() string { return fmt.Sprintf("type %q: %s", f.descr, f.reason()) }

// readNPYHeader reads the header of an .npy file of size bytes. It returns the array, and where its numbers begin.
func readNPYHeader(r io.Reader, size int64) (Tensor, int64, error) {
	h, begin, err := npy.Read(r, size)
	if err != nil {
		return Tensor{}, 0, err
	}
	t := Tensor{Shape: h.Shape}
	t.Type, t.big = numpyTypeOf(h.Type)
	switch {
	case t.Type == "":
		return t, 0, foreign{h.Type, h.Shape}
	case len(h.Shape) > maxAxes:
		return t, 0, fmt.Errorf("shape %v, want at most %d axes", h.Shape, maxAxes)
	}
	if err := fits(t); err != nil {
		return t, 0, err
	}
	if t.Bytes() != size-begin {
		return t, 0, fmt.Errorf("%d bytes of numbers, want %d for %s %v", size-begin, t.Bytes(), t.Type, t.Shape)
	}
	if h.Fortran {
		t = t.fortran()
	}
	return t, begin, nil
}

func (c *content) readNPY(r io.ReaderAt, size int64, name string) error {
	t, begin, err := readNPYHeader(io.NewSectionReader(r, 0, size), size)
	if err != nil {
		return err
	}
	t.Name, t.open = name, section(r, begin, size-begin)
	return c.addTensor(t)
}

// readNPZ reads the arrays of a zip file. What it cannot read is left out, and the others are read.
func (c *content) readNPZ(z archive) error {
	c.format = NPZ
	for _, name := range z.order {
		key := strings.TrimSuffix(name, ".npy")
		if path.Ext(name) != ".npy" {
			c.omitted = append(c.omitted, LeftOut{name, "a file", "not an .npy file"})
			continue
		}
		t, err := z.members[name].npy()
		if err != nil {
			left := LeftOut{key, "an array", err.Error()}
			if f, ok := errors.AsType[foreign](err); ok {
				left.What, left.Reason = fmt.Sprintf("%s %v", f.descr, f.shape), f.reason()
			}
			c.omitted = append(c.omitted, left)
			continue
		}
		t.Name = key
		if err := c.addTensor(t); err != nil {
			return err
		}
	}
	return nil
}

// npy returns the array that a member holds, of which it reads the header.
func (m *member) npy() (Tensor, error) {
	if m.wrong != nil {
		return Tensor{}, m.wrong
	}
	r, err := m.inflate()
	if err != nil {
		return Tensor{}, err
	}
	defer r.Close()
	t, begin, err := readNPYHeader(r, int64(m.UncompressedSize64))
	if err != nil {
		return t, err
	}
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
