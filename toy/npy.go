package toy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/npy"
)

// ReadNPY reads a cloud from NumPy's array file: shape (n, d), or (n,) for points of the line; float32, float64 or
// integers of any size and byte order; in C or Fortran order.
//
// Everything is checked before memory is taken: the shape against the length of the file. Errors give name (of the
// file) and, for a NaN or Inf, its row and column from 0.
func ReadNPY(name string, r io.Reader) (*mat.Dense, error) {
	fail := func(format string, args ...any) (*mat.Dense, error) {
		return nil, fmt.Errorf("toy: cloud %s: %w", name, fmt.Errorf(format, args...))
	}
	file, err := io.ReadAll(r)
	if err != nil {
		return fail("%w", err)
	}
	h, begin, err := npy.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return fail("%w", err)
	}
	body := file[begin:]
	order, kind := binary.ByteOrder(binary.LittleEndian), h.Type
	if big, found := strings.CutPrefix(kind, ">"); found {
		order, kind = binary.BigEndian, big
	} else if len(kind) == 3 && strings.ContainsAny(kind[:1], "<|") {
		kind = kind[1:]
	}
	size, decode := npyKind(kind)
	if decode == nil {
		return fail("type %q, want float32, float64 or integers", h.Type)
	}
	if len(h.Shape) == 1 {
		h.Shape = append(h.Shape, 1)
	}
	if len(h.Shape) != 2 || h.Shape[0] < 1 || h.Shape[1] < 1 {
		return fail("shape %v, want [n d] or [n], of 1 or more", h.Shape)
	}
	n, d := h.Shape[0], h.Shape[1]
	if d > len(body) || n != len(body)/(d*size) || len(body)%(d*size) != 0 {
		return fail("%d bytes of numbers, want %d × %d × %d for its shape and type", len(body), n, d, size)
	}
	data := decode(body, order)
	x := mat.NewDense(n, d, data)
	if h.Fortran {
		x = mat.DenseCopyOf(mat.NewDense(d, n, data).T())
	}
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fail("row %d, column %d: %v is not a finite number", i, j, v)
			}
		}
	}
	return x, nil
}

// npyKind returns the bytes per number of one of NumPy's kinds and how to read them; nil for others than f4, f8, i, u.
func npyKind(kind string) (size int, decode func([]byte, binary.ByteOrder) []float64) {
	switch kind {
	case "f4":
		return 4, decodeAs[float32]
	case "f8":
		return 8, decodeAs[float64]
	case "i1":
		return 1, decodeAs[int8]
	case "i2":
		return 2, decodeAs[int16]
	case "i4":
		return 4, decodeAs[int32]
	case "i8":
		return 8, decodeAs[int64]
	case "u1":
		return 1, decodeAs[uint8]
	case "u2":
		return 2, decodeAs[uint16]
	case "u4":
		return 4, decodeAs[uint32]
	case "u8":
		return 8, decodeAs[uint64]
	}
	return 0, nil
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
