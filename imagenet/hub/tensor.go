package hub

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes/float16"

	"github.com/wflowlab/wflowlab/wflow/mlp/safetensors"
)

// Type is the type of a tensor's numbers, in safetensors' words.
type Type string

const (
	F64  Type = "F64"
	F32  Type = "F32"
	F16  Type = "F16"
	BF16 Type = "BF16"
	I64  Type = "I64"
	I32  Type = "I32"
	I16  Type = "I16"
	I8   Type = "I8"
	U64  Type = "U64"
	U32  Type = "U32"
	U16  Type = "U16"
	U8   Type = "U8"
	Bool Type = "BOOL"
)

// bytes returns how many bytes a number takes.
func (t Type) bytes() int {
	n, _ := safetensors.Bytes(string(t), nil)
	return int(n)
}

// Tensor is what a file says of an array.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int // empty for a single number

	strides []int                         // steps in the file along each axis, in numbers; nil for row-major
	open    func() (io.ReadCloser, error) // the bytes from the first number to the last
}

// Len returns how many numbers it has.
func (t Tensor) Len() int { return int(t.Bytes()) / t.Type.bytes() }

// Bytes returns how many bytes they take, row-major.
func (t Tensor) Bytes() int64 {
	n, _ := safetensors.Bytes(string(t.Type), t.Shape)
	return n
}

// section returns bytes of r.
func section(r io.ReaderAt, offset, bytes int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, offset, bytes)), nil }
}

// rowMajor returns the strides of numbers that lie in the order of their indices.
func rowMajor(shape []int) []int {
	strides, step := make([]int, len(shape)), 1
	for i, n := range slices.Backward(shape) {
		strides[i], step = step, step*n
	}
	return strides
}

// transposed returns the tensor whose axis i is axis order[i] of t.
func (t Tensor) transposed(order ...int) Tensor {
	shape, strides := make([]int, len(order)), make([]int, len(order))
	from := t.strides
	if from == nil {
		from = rowMajor(t.Shape)
	}
	for i, k := range order {
		shape[i], strides[i] = t.Shape[k], from[k]
	}
	t.Shape, t.strides = shape, strides
	return t
}

// axis is a direction to walk in: its length, and what a step means in the file and row-major, in numbers.
type axis struct{ n, file, row int }

// axes returns the axes in the order of the file, the last one the fastest; of no numbers, none.
func (t Tensor) axes() []axis {
	if t.Len() == 0 { // the others may be so long that their product overflows
		return nil
	}
	row := rowMajor(t.Shape)
	file := t.strides
	if file == nil {
		file = row
	}
	var all []axis
	for i, n := range t.Shape {
		if n != 1 {
			all = append(all, axis{n, file[i], row[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b axis) int { return cmp.Compare(b.file, a.file) })
	return all
}

// check tells whether the numbers lie within a storage of so many, none of them twice.
func (t Tensor) check(storage int) error {
	if t.Len() == 0 {
		return nil
	}
	last := 0
	for _, a := range slices.Backward(t.axes()) {
		if a.file <= last {
			return fmt.Errorf("strides %v of shape %v: numbers overlap or interleave", t.strides, t.Shape)
		}
		if a.file > (storage-1-last)/(a.n-1) {
			return fmt.Errorf("strides %v of shape %v: outside of %d numbers", t.strides, t.Shape, storage)
		}
		last += (a.n - 1) * a.file
	}
	if last >= storage {
		return fmt.Errorf("shape %v in %d numbers", t.Shape, storage)
	}
	return nil
}

// walk reads the file forwards, and hands out runs of numbers: the row-major index of the first, the step from one to the
// next, and their bytes, which are overwritten by the next run.
func (t Tensor) walk(put func(first, step int, run []byte) error) error {
	file, err := t.open()
	if err != nil {
		return err
	}
	defer file.Close()
	var axes []axis // with those that follow each other made one
	for _, a := range t.axes() {
		if k := len(axes) - 1; k >= 0 && axes[k].file == a.n*a.file && axes[k].row == a.n*a.row {
			axes[k] = axis{axes[k].n * a.n, a.file, a.row}
		} else {
			axes = append(axes, a)
		}
	}
	inner := axis{1, 1, 1}
	if k := len(axes) - 1; k >= 0 && axes[k].file == 1 {
		inner, axes = axes[k], axes[:k]
	}
	size := t.Type.bytes()
	in := bufio.NewReaderSize(file, min(1<<16, int(t.Bytes())))
	run := make([]byte, min(1<<16, inner.n*size))
	index := make([]int, len(axes))
	at, first, pos := 0, 0, 0 // in the file, row-major, and of the reader
	for left := t.Len(); left > 0; left -= inner.n {
		if _, err := in.Discard((at - pos) * size); err != nil {
			return cut(err)
		}
		for i := 0; i < inner.n; {
			part := run[:min(len(run), (inner.n-i)*size)]
			if _, err := io.ReadFull(in, part); err != nil {
				return cut(err)
			}
			if err := put(first+i*inner.row, inner.row, part); err != nil {
				return err
			}
			i += len(part) / size
		}
		pos = at + inner.n
		for k, a := range slices.Backward(axes) {
			index[k]++
			at, first = at+a.file, first+a.row
			if index[k] < a.n {
				break
			}
			at, first, index[k] = at-a.n*a.file, first-a.n*a.row, 0
		}
	}
	// A compressed file is checked when its end is seen.
	if _, err := in.ReadByte(); err == nil {
		return errors.New("numbers after the last one")
	} else if err != io.EOF {
		return err
	}
	return nil
}

// cut returns what it means that a file ends.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("the file is cut off")
	}
	return err
}

// numbers reads a tensor, row-major.
func numbers[T float32 | float64](t Tensor, into []T) error {
	if len(into) != t.Len() {
		return fmt.Errorf("%d numbers wanted, shape %v has %d", len(into), t.Shape, t.Len())
	}
	return t.walk(func(first, step int, run []byte) error {
		decode(t.Type, run, into[first:], step)
		return nil
	})
}

// decode converts a run of numbers, each of them step after the one before it.
func decode[T float32 | float64](t Type, run []byte, into []T, step int) {
	le := binary.LittleEndian
	each := func(number func(b []byte) T) {
		size := t.bytes()
		for i := 0; len(run) > 0; i, run = i+step, run[size:] {
			into[i] = number(run)
		}
	}
	switch t {
	case F32:
		for i := 0; len(run) > 0; i, run = i+step, run[4:] {
			into[i] = T(math.Float32frombits(le.Uint32(run)))
		}
	case F64:
		each(func(b []byte) T { return T(math.Float64frombits(le.Uint64(b))) })
	case F16:
		each(func(b []byte) T { return T(float16.FromBits(le.Uint16(b)).Float32()) })
	case BF16:
		each(func(b []byte) T { return T(math.Float32frombits(uint32(le.Uint16(b)) << 16)) })
	case I64:
		each(func(b []byte) T { return T(int64(le.Uint64(b))) })
	case I32:
		each(func(b []byte) T { return T(int32(le.Uint32(b))) })
	case I16:
		each(func(b []byte) T { return T(int16(le.Uint16(b))) })
	case I8:
		each(func(b []byte) T { return T(int8(b[0])) })
	case U64:
		each(func(b []byte) T { return T(le.Uint64(b)) })
	case U32:
		each(func(b []byte) T { return T(le.Uint32(b)) })
	case U16:
		each(func(b []byte) T { return T(le.Uint16(b)) })
	case U8, Bool:
		each(func(b []byte) T { return T(b[0]) })
	}
}
