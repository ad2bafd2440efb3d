// Package npy reads and writes the headers of NumPy's .npy files, which stand before the numbers. For files of other people
// it stands in for github.com/sbinet/npyio. That allocates what a header's length says before it looks whether so many
// bytes are there, and panics at a header without an end of line.
//
// Source: NumPy Enhancement Proposal 1, versions 1 to 3 of the format.
package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/wflowlab/wflowlab/internal/magic"
)

// Magic is how a file begins.
const Magic = "\x93NUMPY"

// Header says what the numbers of a file are.
type Header struct {
	Type    string // in NumPy's words: "<f4" is a little-endian float32
	Fortran bool   // the first axis runs fastest
	Shape   []int
}

// dictionary is the text of a header: a Python dict.
var dictionary = regexp.MustCompile(fmt.Sprintf(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \( *((?:%[1]s *,|%[1]s(?: *, *%[1]s)+ *,?)?) *\),? *\} *\n$`, `(?:0|[1-9][0-9]*)L?`)) // L as Python 2 wrote it

// Read reads the header of a file that has length bytes in all, and returns where the numbers begin. It takes no more
// memory than the header is long, and 64 KiB at most.
func Read(r io.Reader, length int64) (h Header, begin int64, err error) {
	fail := func(format string, arguments ...any) (Header, int64, error) {
		return Header{}, 0, fmt.Errorf(format, arguments...)
	}
	head := make([]byte, 12) // of version 2 and 3; two bytes less of version 1
	n, err := io.ReadFull(r, head[:min(10, max(0, length))])
	switch {
	case err != nil:
		return fail("%w", cut(err))
	case !bytes.HasPrefix(head[:n], []byte(Magic)):
		more, _ := io.ReadAll(io.LimitReader(r, magic.Enough-10))
		return fail("is %s; want a NumPy array (.npy)", magic.Describe(append(head[:n:n], more...)))
	case n < 10:
		return fail("cut off in its header")
	case head[6] < 1 || head[6] > 3 || head[7] != 0:
		return fail("an .npy file of version %d.%d, want 1.0 to 3.0", head[6], head[7])
	}
	begin = 10
	if head[6] > 1 {
		if _, err := io.ReadFull(r, head[10:]); err != nil {
			return fail("%w", cut(err))
		}
		begin = 12
	}
	size := int64(binary.LittleEndian.Uint32(head[8:])) // the last two bytes are 0 in version 1
	if size > min(length-begin, 1<<16) {
		return fail("a header of %d bytes in a file of %d", size, length)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return fail("%w", cut(err))
	}
	words := dictionary.FindSubmatch(text)
	if bytes.HasPrefix(text, []byte("{'descr': [")) {
		return fail("a structured array, whose columns have names and types: save its numbers by np.save(path, np.stack([x[name] for name in x.dtype.names], axis=-1))")
	}
	if words == nil {
		return fail("header %.120q, want descr, fortran_order and shape, as NumPy writes them", text)
	}
	h = Header{Type: string(words[1]), Fortran: string(words[2]) == "True", Shape: []int{}}
	if len(words[3]) > 0 {
		for word := range strings.SplitSeq(strings.TrimSuffix(string(words[3]), ","), ",") {
			d, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(word), "L"))
			if err != nil {
				return fail("shape (%s), want numbers below 2⁶³", words[3])
			}
			h.Shape = append(h.Shape, d)
		}
	}
	return h, begin + size, nil
}

// cut says of a file that ends too early that it does.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("cut off in its header")
	}
	return err
}

// Encode returns the header as NumPy writes it, in version 1: with room for the first axis to grow, and a multiple of 64
// bytes long.
func (h Header) Encode() []byte {
	order, shape := "False", ""
	if h.Fortran {
		order = "True"
	}
	for i, d := range h.Shape {
		if shape += strconv.Itoa(d); i < len(h.Shape)-1 {
			shape += ", "
		} else if i == 0 {
			shape += ","
		}
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }", h.Type, order, shape)
	if len(h.Shape) > 0 {
		grows := h.Shape[0]
		if h.Fortran {
			grows = h.Shape[len(h.Shape)-1]
		}
		text += strings.Repeat(" ", 21-len(strconv.Itoa(grows))) // digits of 2⁶⁴ and one
	}
	const before = len(Magic) + 4
	size := (before+len(text)+1)/64*64 + 64
	header := binary.LittleEndian.AppendUint16([]byte(Magic+"\x01\x00"), uint16(size-before))
	return fmt.Appendf(header, "%-*s\n", size-before-1, text)
}
