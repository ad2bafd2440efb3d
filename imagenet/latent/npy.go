package latent

import (
	"fmt"
	"io"
	"slices"

	"github.com/wflowlab/wflowlab/internal/npy"
)

// Types of the arrays, as NumPy describes them.
const (
	float32s = "<f4"
	int64s   = "<i8"
)

// headerSize is how many bytes the header of every array of a cache has, as NumPy writes it.
const headerSize = 128

// npyHeader returns the headerSize bytes that np.save writes before the numbers of an array [rows, shape…].
func npyHeader(kind string, rows int, shape ...int) []byte {
	return npy.Header{Type: kind, Shape: append([]int{rows}, shape...)}.Encode()
}

// array is an .npy file whose header and length have been checked. From offset on it has rows of equal size.
type array struct {
	io.ReaderAt
	rows   int
	offset int64
}

// readArray reads the header of a file, and checks that the file holds an array [rows, shape…] of a type in C order.
func readArray(r io.ReaderAt, length int64, kind string, shape ...int) (*array, error) {
	h, begin, err := npy.Read(io.NewSectionReader(r, 0, length), length)
	if err != nil {
		return nil, err
	}
	if h.Type != kind || h.Fortran || len(h.Shape) == 0 || !slices.Equal(h.Shape[1:], shape) {
		return nil, fmt.Errorf("type %q, Fortran order: %v, shape %v, want %q in C order, rows of %v", h.Type, h.Fortran, h.Shape, kind, shape)
	}
	row := int64(map[string]int{float32s: 4, int64s: 8}[kind])
	for _, d := range shape {
		row *= int64(d)
	}
	rows, body := h.Shape[0], length-begin
	if body%row != 0 || body/row != int64(rows) {
		return nil, fmt.Errorf("%d bytes of numbers, want %d rows of %d", body, rows, row)
	}
	return &array{r, rows, begin}, nil
}
