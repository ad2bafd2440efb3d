package toy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/npy"
)

// ReadNPY reads a cloud from NumPy's array file. The shape is (n, d), or (n,) for points on a line; axes of length 1 besides
// do not count. The numbers are float16, float32, float64, integers of any size, or booleans as 0 and 1, in any byte order,
// in C or Fortran order. 64-bit integers beyond ±2⁵³ are rounded to float64.
//
// The shape is held against the length of the file before memory is taken for numbers. Errors give name (of the file), and
// say how to save the array so that it can be read. For a NaN or Inf they give its row and column, from 0.
func ReadNPY(name string, r io.Reader) (*mat.Dense, error) {
	x, err := readNPY(r)
	if err != nil {
		return nil, fmt.Errorf("toy: cloud %s: %w", name, err)
	}
	return x, nil
}

func readNPY(r io.Reader) (*mat.Dense, error) {
	file, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	h, begin, err := npy.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	body := file[begin:]
	order, kind := binary.ByteOrder(binary.LittleEndian), h.Type
	if big, found := strings.CutPrefix(kind, ">"); found {
		order, kind = binary.BigEndian, big
	} else if len(kind) == 3 && strings.ContainsAny(kind[:1], "<|") {
		kind = kind[1:]
	}
	numbers, known := kinds[kind]
	if !known {
		return nil, unreadable(h)
	}
	n, d, err := cloudShape(h.Shape)
	if err != nil {
		return nil, err
	}
	if d > len(body) || n != len(body)/(d*numbers.size) || len(body)%(d*numbers.size) != 0 {
		return nil, fmt.Errorf("%d bytes of numbers, want %d × %d × %d for its shape and type: the file is cut off or damaged", len(body), n, d, numbers.size)
	}
	data := numbers.decode(body, order)
	x := mat.NewDense(n, d, data)
	if h.Fortran {
		x = mat.DenseCopyOf(mat.NewDense(d, n, data).T())
	}
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("row %d, column %d: %v is not a finite number", i, j, v)
			}
		}
	}
	return x, nil
}

// unreadable says what the numbers of an array are that cannot be read, and how to save them.
func unreadable(h npy.Header) error {
	save := "np.save(path, x.astype(np.float32))"
	if name := npy.TypeName(h.Type); strings.HasPrefix(name, "complex") {
		save = "np.save(path, np.concatenate([x.real, x.imag], axis=-1)), or x.real alone"
	}
	return fmt.Errorf("numbers of type %s, want float16, float32, float64, integers or bool: save them by %s", npy.TypeName(h.Type), save)
}

// cloudShape returns the rows and columns of an array. Axes of length 1 are left out where there are more than two.
func cloudShape(shape []int) (n, d int, err error) {
	if slices.Contains(shape, 0) {
		return 0, 0, fmt.Errorf("shape %v, want [n d] of 1 or more: there are no points", shape)
	}
	if len(shape) == 0 {
		return 0, 0, errors.New("shape [], want [n d], one point a row: it is a single number")
	}
	n, d = shape[0], 1
	for _, size := range shape[1:] {
		if d > 1 && size > 1 {
			return 0, 0, fmt.Errorf("shape %v, want [n d], one point a row: if the first axis counts the points, save it by np.save(path, x.reshape(len(x), -1)); if the last does, by np.save(path, np.moveaxis(x, -1, 0).reshape(x.shape[-1], -1))", shape)
		}
		d *= size
	}
	return n, d, nil
}

// numbers says how one of NumPy's kinds is stored.
type numbers struct {
	size   int // bytes of each
	decode func([]byte, binary.ByteOrder) []float64
}

// kinds are those that become float64, by NumPy's names without their byte order.
var kinds = map[string]numbers{
	"f2": {2, halves}, "f4": {4, decodeAs[float32]}, "f8": {8, decodeAs[float64]},
	"i1": {1, decodeAs[int8]}, "i2": {2, decodeAs[int16]}, "i4": {4, decodeAs[int32]}, "i8": {8, decodeAs[int64]},
	"u1": {1, decodeAs[uint8]}, "u2": {2, decodeAs[uint16]}, "u4": {4, decodeAs[uint32]}, "u8": {8, decodeAs[uint64]},
	"b1": {1, truths},
}

func decodeAs[T float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](body []byte, order binary.ByteOrder) []float64 {
	var one T
	v := make([]T, len(body)/binary.Size(one))
	binary.Decode(body, order, v) // v has the size of body: nothing can fail
	x := make([]float64, len(v))
	for i, t := range v {
		x[i] = float64(t)
	}
	return x
}

func truths(body []byte, _ binary.ByteOrder) []float64 {
	x := make([]float64, len(body))
	for i, b := range body {
		if b != 0 {
			x[i] = 1
		}
	}
	return x
}

// halves reads float16: 1 bit of sign, 5 of exponent, 10 of fraction.
func halves(body []byte, order binary.ByteOrder) []float64 {
	x := make([]float64, len(body)/2)
	for i := range x {
		bits := order.Uint16(body[2*i:])
		exponent, fraction := int(bits>>10&31), float64(bits&1023)
		switch exponent {
		case 0:
			x[i] = math.Ldexp(fraction, -24)
		case 31:
			x[i] = math.Inf(1)
			if fraction != 0 {
				x[i] = math.NaN()
			}
		default:
			x[i] = math.Ldexp(1024+fraction, exponent-25)
		}
		if bits>>15 == 1 {
			x[i] = -x[i]
		}
	}
	return x
}
