package hub

import (
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/wflowlab/wflowlab/wflow/mlp/safetensors"
)

const (
	npyMagic     = "\x93NUMPY"
	maxNPYHeader = 1 << 16
)

// numpyTypes are numpy's names for types, of little-endian machines.
var numpyTypes = map[string]Type{"<f8": F64, "<f4": F32, "<f2": F16, "<i8": I64, "<i4": I32, "<i2": I16, "|i1": I8,
	"<u8": U64, "<u4": U32, "<u2": U16, "|u1": U8, "|b1": Bool}

// npyHeader is the text that numpy writes, a Python dict.
var npyHeader = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\),? *\} *\n$`)

// readNPYHeader reads what stands before the numbers of an array of so many bytes in all, and returns how long it is.
//
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
func readNPYHeader(r io.Reader, size int64) (Tensor, int64, error) {
	var t Tensor
	first := make([]byte, 8, 12)
	if _, err := io.ReadFull(r, first); err != nil {
		return t, 0, cut(err)
	}
	version := first[6]
	wide := 4
	if version == 1 {
		wide = 2
	}
	if string(first[:6]) != npyMagic || version < 1 || version > 3 || first[7] != 0 {
		return t, 0, fmt.Errorf("begins with %q, want npy version 1.0 to 3.0", first)
	}
	length := make([]byte, 4)
	if _, err := io.ReadFull(r, length[:wide]); err != nil {
		return t, 0, cut(err)
	}
	n := int64(binary.LittleEndian.Uint32(length))
	begin := int64(8+wide) + n
	if n > maxNPYHeader || begin > size {
		return t, 0, fmt.Errorf("a header of %d bytes in %d", n, size)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return t, 0, cut(err)
	}
	m := npyHeader.FindSubmatch(text)
	if m == nil {
		return t, 0, fmt.Errorf("header %.80q, want a dict of descr, fortran_order and shape as numpy writes it", text)
	}
	var ok bool
	if t.Type, ok = numpyTypes[string(m[1])]; !ok {
		return t, 0, fmt.Errorf("numbers of %q, want little-endian integers or floats", m[1])
	}
	t.Shape = []int{}
	for i, word := range strings.Split(string(m[3]), ",") {
		word = strings.TrimSpace(word)
		if word == "" && (i > 0 || len(m[3]) == 0) {
			continue
		}
		d, err := strconv.Atoi(word)
		if err != nil || len(t.Shape) == maxAxes {
			return t, 0, fmt.Errorf("shape (%s)", m[3])
		}
		t.Shape = append(t.Shape, d)
	}
	if err := fits(t); err != nil {
		return t, 0, err
	}
	if t.Bytes() != size-begin {
		return t, 0, fmt.Errorf("%d bytes of numbers, want %d for %s %v", size-begin, t.Bytes(), t.Type, t.Shape)
	}
	if string(m[2]) == "True" && len(t.Shape) > 1 {
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
