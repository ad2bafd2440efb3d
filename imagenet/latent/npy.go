package latent

import (
	"fmt"
	"io"

	"github.com/wflowlab/wflowlab/internal/npy"
)

// Types of the arrays, as NumPy describes them.
const (
	float32s = "<f4"
	int64s   = "<i8"
)

// headerSize is how many bytes the header of every array of a cache has, as NumPy writes it.
const headerSize = 128

// npyHeader returns the headerSize bytes that np.save writes before the numbers of an array.
func npyHeader(kind string, shape []int) []byte { return npy.Header{Type: kind, Shape: shape}.Encode() }

// array is an .npy file whose header and length have been checked. From offset on it has rows of equal size.
type array struct {
	io.ReaderAt
	rows   int
	side   int // of a latent; 0 of targets
	offset int64
}

// readArray reads the header of a file, and checks that the file holds the array of a part, with latents of any side.
func readArray(r io.ReaderAt, length int64, p part) (*array, error) {
	h, begin, err := npy.Read(io.NewSectionReader(r, 0, length), length)
	if err != nil {
		return nil, err
	}
	side, ok := p.side(h.Shape)
	if h.Type != p.kind || h.Fortran || !ok {
		return nil, fmt.Errorf("type %q, Fortran order: %v, shape %v, want %q in C order, shape %s", h.Type, h.Fortran, h.Shape, p.kind, p.shapes())
	}
	rows, row, body := h.Shape[0], p.row(side), length-begin
	if body%row != 0 || body/row != int64(rows) {
		return nil, fmt.Errorf("%d bytes of numbers, want %d rows of %d", body, rows, row)
	}
	return &array{r, rows, side, begin}, nil
}
