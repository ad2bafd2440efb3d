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
)

// Type is the type of a tensor's numbers, by its name in safetensors. The types below are read.
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

// sizes says how many bytes a number of a type takes, for all types that are read.
var sizes = map[Type]int{F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, Bool: 1}

// bytes returns how many bytes a number takes. It returns 0 for a type that is not read.
func (t Type) bytes() int { return sizes[t] }

// Tensor is an array in a file: what the file says of it, without its numbers.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int // empty for a single number

	strides []int                         // steps in the file along each axis, in numbers; nil for row-major
	big     bool                          // the bytes of a number come in the order of big-endian machines
	why     string                        // the reason for which it cannot be read, although its type is; "" if there is none
	open    func() (io.ReadCloser, error) // opens the bytes from the first number to the last
}

// Readable returns nil if the numbers can be read, and otherwise an error that says why not. A tensor whose type is not one
// of the constants of [Type] is listed, but cannot be read.
func (t Tensor) Readable() error {
	switch {
	case t.why != "":
		return errors.New(t.why)
	case t.Type.bytes() == 0:
		return fmt.Errorf("type %s is not read: convert it to float32 before it is saved", t.Type)
	}
	return nil
}

// Len returns how many numbers the tensor has.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes returns how many bytes the numbers take, row-major. It returns 0 for a type that is not read.
func (t Tensor) Bytes() int64 { return int64(t.Len()) * int64(t.Type.bytes()) }

// fits returns an error if there cannot be as many numbers as the shape says.
func fits(t Tensor) error {
	const widest = 16
	n := 1
	for _, d := range t.Shape {
		if d < 0 || d > 0 && n > math.MaxInt64/widest/d {
			return fmt.Errorf("shape %v of %s: more numbers than there can be", t.Shape, t.Type)
		}
		n *= d
	}
	return nil
}

// section returns the function that opens some bytes of r.
func section(r io.ReaderAt, offset, bytes int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, offset, bytes)), nil }
}

// rowMajor returns the strides of numbers that lie in the order of their indices, the last index the fastest.
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

// axis is an axis of a tensor: its length, and how many numbers a step along it goes forward in the file and row-major.
type axis struct{ n, file, row int }

// axes returns the axes that are longer than 1, in the order of the file, the last one the fastest. A tensor without numbers
// has none.
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

// check returns an error if the numbers do not lie within a storage of so many.
func (t Tensor) check(storage int) error {
	if t.Len() == 0 {
		return nil
	}
	last := 0
	for _, a := range t.axes() {
		if a.file > 0 && a.file > (storage-1-last)/(a.n-1) {
			return fmt.Errorf("strides %v of shape %v: outside of %d numbers", t.strides, t.Shape, storage)
		}
		last += (a.n - 1) * a.file
	}
	if last >= storage {
		return fmt.Errorf("shape %v in %d numbers", t.Shape, storage)
	}
	return nil
}

// span returns how many numbers the file has from the first of the tensor to the last.
func (t Tensor) span() int {
	if t.Len() == 0 {
		return 0
	}
	n := 1
	for _, a := range t.axes() {
		n += (a.n - 1) * a.file
	}
	return n
}

// overlaps tells whether a number of the file is in the tensor more than once, as after PyTorch's expand, or whether the axes
// interleave.
func (t Tensor) overlaps() bool {
	last := 0
	for _, a := range slices.Backward(t.axes()) {
		if a.file <= last {
			return true
		}
		last += (a.n - 1) * a.file
	}
	return false
}

// walk reads the file forwards and calls put for runs of numbers: with the row-major index of the first number, the step to
// the index of the next, and the bytes of the run. The next run overwrites the bytes.
func (t Tensor) walk(put func(first, step int, run []byte) error) error {
	if err := t.Readable(); err != nil {
		return err
	}
	if t.overlaps() {
		return t.gather(put)
	}
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
			t.turn(part)
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

// gather does what walk does for a tensor that overlaps. It takes memory for all numbers from the first to the last.
func (t Tensor) gather(put func(first, step int, run []byte) error) error {
	file, err := t.open()
	if err != nil {
		return err
	}
	defer file.Close()
	size := t.Type.bytes()
	span := make([]byte, t.span()*size)
	if _, err := io.ReadFull(file, span); err != nil {
		return cut(err)
	}
	t.turn(span)
	run := make([]byte, 0, min(1<<16, t.Len()*size))
	index := make([]int, len(t.Shape))
	at, first := 0, 0
	for i := range t.Len() {
		run = append(run, span[at*size:(at+1)*size]...)
		if len(run) == cap(run) || i == t.Len()-1 {
			if err := put(first, 1, run); err != nil {
				return err
			}
			first, run = i+1, run[:0]
		}
		for k, n := range slices.Backward(t.Shape) {
			index[k]++
			at += t.strides[k]
			if index[k] < n {
				break
			}
			at, index[k] = at-n*t.strides[k], 0
		}
	}
	return nil
}

// turn reverses the bytes of each number if the tensor is big-endian.
func (t Tensor) turn(run []byte) {
	size := t.Type.bytes()
	if !t.big || size == 1 {
		return
	}
	for ; len(run) > 0; run = run[size:] {
		slices.Reverse(run[:size])
	}
}

// cut returns err, or that the file is cut off if err is the end of the file.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("the file is cut off; download it again")
	}
	return err
}

// numbers reads a tensor, row-major.
func numbers[T float32 | float64](t Tensor, into []T) error {
	if err := t.Readable(); err != nil {
		return err
	}
	if len(into) != t.Len() {
		return fmt.Errorf("%d numbers wanted, shape %v has %d", len(into), t.Shape, t.Len())
	}
	return t.walk(func(first, step int, run []byte) error {
		decode(t.Type, run, into[first:], step)
		return nil
	})
}

// integer returns the number that the bytes raw are in an integer type, exactly.
func (t Tensor) integer(raw []byte) any {
	raw = slices.Clone(raw)
	t.turn(raw)
	if t.Type[0] == 'U' {
		raw = append(raw, 0)
	}
	return long(raw)
}

// decode converts a run of numbers and puts them into a slice, each step places behind the one before it.
func decode[T float32 | float64](t Type, run []byte, into []T, step int) {
	le := binary.LittleEndian
	convert := func(number func(b []byte) T) {
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
		convert(func(b []byte) T { return T(math.Float64frombits(le.Uint64(b))) })
	case F16:
		convert(func(b []byte) T { return T(float16.FromBits(le.Uint16(b)).Float32()) })
	case BF16:
		convert(func(b []byte) T { return T(math.Float32frombits(uint32(le.Uint16(b)) << 16)) })
	case I64:
		convert(func(b []byte) T { return T(int64(le.Uint64(b))) })
	case I32:
		convert(func(b []byte) T { return T(int32(le.Uint32(b))) })
	case I16:
		convert(func(b []byte) T { return T(int16(le.Uint16(b))) })
	case I8:
		convert(func(b []byte) T { return T(int8(b[0])) })
	case U64:
		convert(func(b []byte) T { return T(le.Uint64(b)) })
	case U32:
		convert(func(b []byte) T { return T(le.Uint32(b)) })
	case U16:
		convert(func(b []byte) T { return T(le.Uint16(b)) })
	case U8, Bool:
		convert(func(b []byte) T { return T(b[0]) })
	}
}
