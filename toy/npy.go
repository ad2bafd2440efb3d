package toy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"

	"gonum.org/v1/gonum/mat"
)

// ReadNPY reads a cloud from NumPy's array file: shape (n, d), or (n,) for points of the line; float32, float64 or
// integers of any size and byte order; in C or Fortran order.
//
// Everything is checked before memory is taken: the shape against the length of the file. Errors give name (of the
// file) and, for a NaN or Inf, its row and column from 0.
//
// Source: NumPy Enhancement Proposal 1, versions 1 to 3 of the format.
func ReadNPY(name string, r io.Reader) (*mat.Dense, error) {
	fail := func(format string, args ...any) (*mat.Dense, error) {
		return nil, fmt.Errorf("toy: cloud %s: %w", name, fmt.Errorf(format, args...))
	}
	file, err := io.ReadAll(r)
	if err != nil {
		return fail("%w", err)
	}
	header, body, ok := splitNPY(file)
	if !ok {
		return fail("not an .npy file of version 1 to 3, or cut short in its header")
	}
	h := npyHeader.FindStringSubmatch(header)
	if h == nil {
		return fail("header %.120q, want descr, fortran_order and a shape of one or two numbers, as NumPy writes them", header)
	}
	endian, kind, fortran := h[1], h[2], h[3] == "True"
	n, errN := strconv.Atoi(h[4])
	d, errD := 1, error(nil)
	if h[5] != "" {
		d, errD = strconv.Atoi(h[5])
	}
	size, decode := npyKind(kind)
	switch {
	case decode == nil:
		return fail("type %q, want float32, float64 or integers", endian+kind)
	case errN != nil || errD != nil || n < 1 || d < 1:
		return fail("shape (%s, %s), want (n, d) with n ≥ 1 and d ≥ 1", h[4], h[5])
	case d > len(body) || n != len(body)/(d*size) || len(body)%(d*size) != 0:
		return fail("%d bytes of numbers, want %d × %d × %d for its shape and type", len(body), n, d, size)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if endian == ">" {
		order = binary.BigEndian
	}
	data := decode(body, order)
	x := mat.NewDense(n, d, data)
	if fortran {
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

// npyHeader matches the dictionary: byte order, kind and size, fortran_order, n, d.
var npyHeader = regexp.MustCompile(`^\{'descr': '([<>|]?)([^'<>|]*)', 'fortran_order': (True|False), 'shape': \((\d+),(?: (\d+))?\), \} *\n$`)

// splitNPY takes the magic string, the version and the header's length away.
func splitNPY(file []byte) (header string, body []byte, ok bool) {
	const magic = "\x93NUMPY"
	if len(file) < 12 || !bytes.HasPrefix(file, []byte(magic)) {
		return "", nil, false
	}
	start, length := 10, int64(binary.LittleEndian.Uint16(file[8:]))
	switch file[6] {
	case 1:
	case 2, 3:
		start, length = 12, int64(binary.LittleEndian.Uint32(file[8:]))
	default:
		return "", nil, false
	}
	if length > int64(len(file)-start) {
		return "", nil, false
	}
	end := start + int(length)
	return string(file[start:end]), file[end:], true
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
