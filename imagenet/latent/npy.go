package latent

import (
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Types of the arrays, as NumPy describes them.
const (
	float32s = "<f4"
	int64s   = "<i8"
)

// headerSize is the length of the header of all arrays here: NumPy rounds up to a multiple of 64 bytes.
const headerSize = 128

// npyHeader returns what np.save writes before an array [rows, shape…] in C order, headerSize bytes.
//
// Source: NumPy Enhancement Proposal 1, version 1.0 of the format.
func npyHeader(kind string, rows int, shape ...int) []byte {
	dims := strconv.Itoa(rows) + ","
	if len(shape) > 0 {
		dims = strconv.Itoa(rows) + tail(shape)
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, dims)
	header := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), headerSize-10)
	return fmt.Appendf(header, "%-*s\n", headerSize-11, text)
}

// array is an .npy file whose header and length have been checked: rows of equal size, from offset on.
type array struct {
	io.ReaderAt
	rows   int
	offset int64
}

// readArray checks a file of a length against what it is to hold, [rows, shape…] of a type in C order. It takes no
// more memory than the header is long, at most 64 KiB.
func readArray(r io.ReaderAt, length int64, kind string, shape ...int) (*array, error) {
	var head [12]byte
	if n, err := r.ReadAt(head[:], 0); n < len(head) {
		if err == nil || err == io.EOF {
			return nil, fmt.Errorf("%d bytes are no .npy file", n)
		}
		return nil, err
	}
	start, size := int64(10), int64(binary.LittleEndian.Uint16(head[8:]))
	switch {
	case string(head[:6]) != "\x93NUMPY" || head[6] < 1 || head[6] > 3:
		return nil, fmt.Errorf("begins with %q, want an .npy file of version 1 to 3", head[:8])
	case head[6] > 1:
		start, size = 12, int64(binary.LittleEndian.Uint32(head[8:]))
	}
	if size > min(length-start, 1<<16) {
		return nil, fmt.Errorf("header of %d bytes in a file of %d", size, length)
	}
	text := make([]byte, size)
	if n, err := r.ReadAt(text, start); n < len(text) {
		return nil, err
	}
	h := dictionary.FindSubmatch(text)
	if h == nil {
		return nil, fmt.Errorf("header %.120q, want descr, fortran_order and shape, as NumPy writes them", text)
	}
	dims, err := dimensions(string(h[3]))
	if err != nil {
		return nil, err
	}
	if string(h[1]) != kind || string(h[2]) != "False" || len(dims) == 0 || !slices.Equal(dims[1:], shape) {
		return nil, fmt.Errorf("type %q, fortran_order %s, shape (%s), want %q, False, (N%s)", h[1], h[2], h[3], kind, tail(shape))
	}
	a := &array{r, dims[0], start + size}
	row := int64(map[string]int{float32s: 4, int64s: 8}[kind])
	for _, d := range shape {
		row *= int64(d)
	}
	if body := length - a.offset; body%row != 0 || body/row != int64(a.rows) {
		return nil, fmt.Errorf("%d bytes of numbers, want %d rows of %d", body, a.rows, row)
	}
	return a, nil
}

var dictionary = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\),? *\} *\n$`)

func dimensions(text string) (dims []int, err error) {
	for d := range strings.SplitSeq(strings.TrimSuffix(text, ","), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(d))
		if err != nil {
			return nil, fmt.Errorf("shape (%s): %w", text, err)
		}
		dims = append(dims, n)
	}
	return dims, nil
}

func tail(shape []int) (text string) {
	for _, d := range shape {
		text += ", " + strconv.Itoa(d)
	}
	return text
}
