// Package safetensors reads and writes the tensor file format of that name: eight bytes with the length of a JSON
// header, the header with names, types, shapes and byte ranges, then the numbers, little-endian and without gaps.
// Python, Rust and JavaScript read the format with one call, nothing in a file is executed, and there is a place for
// strings.
//
// Source: https://huggingface.co/docs/safetensors, section Format.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

// File is the content of a file.
type File struct {
	Meta    map[string]string // free text
	Tensors map[string]Tensor // by name
}

// Tensor is an array in row-major order.
type Tensor struct {
	Shape []int // empty for a scalar
	Data  any   // []float32, []float64 or []int64 of length ∏ Shape
}

// Floats returns the named tensor's numbers (not a copy). The error names the tensor if it is missing, is not float32 or
// has another shape.
func (f *File) Floats(name string, shape ...int) ([]float32, error) {
	return values[float32](f, name, shape)
}

// Integers is Floats for int64.
func (f *File) Integers(name string, shape ...int) ([]int64, error) {
	return values[int64](f, name, shape)
}

func values[T float32 | int64](f *File, name string, shape []int) ([]T, error) {
	t, ok := f.Tensors[name]
	if !ok {
		return nil, fmt.Errorf("tensor %q is missing", name)
	}
	if !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("tensor %q: shape %v, want %v", name, t.Shape, shape)
	}
	data, ok := t.Data.([]T)
	if !ok {
		return nil, fmt.Errorf("tensor %q: %T, want %T", name, t.Data, data)
	}
	return data, nil
}

// Decode reads a file from its bytes. Everything the header says is checked against len(data) before anything is
// allocated, as [ReadHeader] does; the error names the tensor.
func Decode(data []byte) (*File, error) {
	entries, meta, err := ReadHeader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	f := &File{Meta: meta, Tensors: map[string]Tensor{}}
	for _, e := range entries {
		switch e.Type {
		case "F32", "F64", "I64":
			f.Tensors[e.Name] = e.read(data[e.Offset : e.Offset+e.Bytes])
		default:
			return nil, fmt.Errorf("safetensors: tensor %q: type %q, want F32, F64 or I64", e.Name, e.Type)
		}
	}
	return f, nil
}

func (e Entry) read(b []byte) Tensor {
	n := len(b) * 8 / int(bits[e.Type])
	t := Tensor{Shape: e.Shape}
	switch e.Type {
	case "F32":
		v := make([]float32, n)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		t.Data = v
	case "F64":
		v := make([]float64, n)
		for i := range v {
			v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		t.Data = v
	case "I64":
		v := make([]int64, n)
		for i := range v {
			v[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
		t.Data = v
	}
	return t
}

// Encode returns the bytes of the file: the same for the same content. Eight-byte types come first, so that every
// number is aligned. The error names a tensor whose data do not fit its shape or have another type.
func (f *File) Encode() ([]byte, error) {
	var b bytes.Buffer
	if err := f.write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// write writes what Encode returns. It holds no copy of the numbers.
func (f *File) write(w io.Writer) error {
	entries, err := f.entries()
	if err != nil {
		return err
	}
	header, err := EncodeHeader(entries, f.Meta)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, e := range entries {
		switch v := f.Tensors[e.Name].Data.(type) {
		case []float32:
			err = writeNumbers(w, v, func(b []byte, x float32) []byte { return binary.LittleEndian.AppendUint32(b, math.Float32bits(x)) })
		case []float64:
			err = writeNumbers(w, v, func(b []byte, x float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(x)) })
		case []int64:
			err = writeNumbers(w, v, func(b []byte, x int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(x)) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeNumbers writes numbers in parts, each as appended says.
func writeNumbers[T any](w io.Writer, numbers []T, appended func(b []byte, x T) []byte) error {
	var b []byte
	for part := range slices.Chunk(numbers, 1<<12) {
		b = b[:0]
		for _, x := range part {
			b = appended(b, x)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// entries returns the header's entries, in the order of the file.
func (f *File) entries() ([]Entry, error) {
	entries := make([]Entry, 0, len(f.Tensors))
	for name, t := range f.Tensors {
		e, n := Entry{Name: name, Shape: t.Shape}, 0
		switch v := t.Data.(type) {
		case []float32:
			e.Type, n = "F32", len(v)
		case []float64:
			e.Type, n = "F64", len(v)
		case []int64:
			e.Type, n = "I64", len(v)
		default:
			return nil, fmt.Errorf("safetensors: tensor %q: %T, want []float32, []float64 or []int64", name, t.Data)
		}
		if size, ok := Bytes(e.Type, t.Shape); !ok || size != int64(n)*bits[e.Type]/8 {
			return nil, fmt.Errorf("safetensors: tensor %q: %d numbers of shape %v", name, n, t.Shape)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(bits[b.Type], bits[a.Type]), strings.Compare(a.Name, b.Name))
	})
	return entries, nil
}

// ReadFile reads the file at path. The error names the path.
func ReadFile(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// WriteFile writes the file beside path, syncs it and renames it: whatever happens, path holds the old content or the
// new one.
func (f *File) WriteFile(path string) error {
	if _, err := f.entries(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, f.write)
}
