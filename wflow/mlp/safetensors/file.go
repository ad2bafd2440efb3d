// Package safetensors reads and writes the tensor file format of that name: eight bytes with the length of a JSON
// header, the header with names, types, shapes and byte ranges, then the numbers, little-endian and without gaps.
// Python, Rust and JavaScript read it with one call, nothing in it is executed, and it has a place for strings.
//
// Source: https://huggingface.co/docs/safetensors, section Format.
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"github.com/google/renameio/v2"
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

const (
	metaKey   = "__metadata__"
	maxHeader = 100 << 20 // of the reference implementation
)

// Decode reads a file from its bytes. Everything the header says is checked against len(data) before anything is
// allocated; the error names the tensor. A header that says too much is an error too: a name given twice, a member that
// the format does not know, a null.
func Decode(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("safetensors: %d bytes, want at least 8", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	if length > maxHeader || length > uint64(len(data)-8) {
		return nil, fmt.Errorf("safetensors: a header of %d bytes in a file of %d", length, len(data))
	}
	header, body := data[8:8+length], data[8+length:]
	members, err := object(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	f := &File{Tensors: map[string]Tensor{}}
	entries := map[string]entry{}
	for name, value := range members {
		if name == metaKey {
			if f.Meta, err = readMeta(value); err != nil {
				return nil, fmt.Errorf("safetensors: header %s: %w", metaKey, err)
			}
			continue
		}
		if entries[name], err = readEntry(value); err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
	}
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	sort.Slice(names, func(i, k int) bool {
		a, b := entries[names[i]].Offsets, entries[names[k]].Offsets
		return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
	})
	end := int64(0)
	for _, name := range names {
		e := entries[name]
		if err := e.check(end, int64(len(body))); err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
		end = e.Offsets[1]
	}
	if end != int64(len(body)) {
		return nil, fmt.Errorf("safetensors: %d bytes after the header, the tensors take %d", len(body), end)
	}
	for _, name := range names {
		f.Tensors[name] = entries[name].read(body)
	}
	return f, nil
}

func (e entry) read(body []byte) Tensor {
	b := body[e.Offsets[0]:e.Offsets[1]]
	n := len(b) / int(sizes[e.Type])
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
	types := map[string]string{}
	for name, t := range f.Tensors {
		var n int
		switch v := t.Data.(type) {
		case []float32:
			types[name], n = "F32", len(v)
		case []float64:
			types[name], n = "F64", len(v)
		case []int64:
			types[name], n = "I64", len(v)
		default:
			return nil, fmt.Errorf("safetensors: tensor %q: %T, want []float32, []float64 or []int64", name, t.Data)
		}
		size, ok := entry{Type: types[name], Shape: t.Shape}.bytes()
		if !ok || size != int64(n)*sizes[types[name]] || name == metaKey {
			return nil, fmt.Errorf("safetensors: tensor %q: %d numbers of shape %v", name, n, t.Shape)
		}
	}
	names := make([]string, 0, len(f.Tensors))
	for name := range f.Tensors {
		names = append(names, name)
	}
	sort.Slice(names, func(i, k int) bool {
		a, b := sizes[types[names[i]]], sizes[types[names[k]]]
		return a > b || a == b && names[i] < names[k]
	})
	header := map[string]any{}
	if f.Meta != nil {
		header[metaKey] = f.Meta
	}
	var body []byte
	for _, name := range names {
		begin := int64(len(body))
		switch v := f.Tensors[name].Data.(type) {
		case []float32:
			for _, x := range v {
				body = binary.LittleEndian.AppendUint32(body, math.Float32bits(x))
			}
		case []float64:
			for _, x := range v {
				body = binary.LittleEndian.AppendUint64(body, math.Float64bits(x))
			}
		case []int64:
			for _, x := range v {
				body = binary.LittleEndian.AppendUint64(body, uint64(x))
			}
		}
		shape := append([]int{}, f.Tensors[name].Shape...) // never null in JSON
		header[name] = entry{types[name], shape, [2]int64{begin, int64(len(body))}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text, body), nil
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
	data, err := f.Encode()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return renameio.WriteFile(path, data, 0o644, renameio.WithTempDir(filepath.Dir(path)))
}
