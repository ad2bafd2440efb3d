// Package npy reads and writes the headers of NumPy's .npy files, which stand before the numbers. It reads files of unknown
// origin, for which it stands in for github.com/sbinet/npyio: that package allocates as many bytes as a header claims to have
// before it looks whether they are there, and panics at a header without an end of line.
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

// Magic is the beginning of every .npy file.
const Magic = "\x93NUMPY"

// Header says what the numbers of a file are.
type Header struct {
	Type    string // in NumPy's words: "<f4" is a little-endian float32
	Fortran bool   // the first axis runs fastest, not the last
	Shape   []int
}

// entry matches an entry of a header. A header is the text of a Python dict, whose three entries come in any order. Python 2
// wrote an L behind numbers.
var entry = regexp.MustCompile(fmt.Sprintf(`^(?:['"](descr)['"]\s*:\s*(?:'([^']*)'|"([^"]*)")|['"](fortran_order)['"]\s*:\s*(True|False)|['"](shape)['"]\s*:\s*\( *((?:%[1]s *,|%[1]s(?: *, *%[1]s)+ *,?)?) *\))\s*(,\s*|$)`, `(?:0|[1-9][0-9]*)L?`))

// structured matches the beginning of a type that has several columns.
var structured = regexp.MustCompile(`['"]descr['"]\s*:\s*\[`)

// parse returns the type, the order and the shape in the text of a header.
func parse(text []byte) (descr, fortran, shape string, ok bool) {
	inner, opened := bytes.CutPrefix(bytes.TrimSpace(text), []byte("{"))
	inner, closed := bytes.CutSuffix(inner, []byte("}"))
	inner = bytes.TrimSpace(inner)
	seen := map[string]string{}
	for len(inner) > 0 {
		words := entry.FindSubmatch(inner)
		if words == nil {
			return "", "", "", false
		}
		key, value := string(words[1])+string(words[4])+string(words[6]), string(words[2])+string(words[3])+string(words[5])+string(words[7])
		if _, twice := seen[key]; twice {
			return "", "", "", false
		}
		seen[key] = value
		inner = inner[len(words[0]):]
	}
	return seen["descr"], seen["fortran_order"], seen["shape"], opened && closed && len(seen) == 3
}

// Read reads the header of a file that has length bytes in all. Begin is where the numbers begin. Read takes no more memory
// than the header is long, and 64 KiB at most.
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
	descr, fortran, shape, ok := parse(text)
	if structured.Match(text) {
		return fail("a structured array, whose columns have names and types: save its numbers by np.save(path, np.stack([x[name] for name in x.dtype.names], axis=-1))")
	}
	if !ok {
		return fail("header %.120q, want descr, fortran_order and shape, as NumPy writes them", text)
	}
	h = Header{Type: descr, Fortran: fortran == "True", Shape: []int{}}
	if shape != "" {
		for word := range strings.SplitSeq(strings.TrimSuffix(shape, ","), ",") {
			d, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(word), "L"))
			if err != nil {
				return fail("shape (%s), want numbers below 2⁶³", shape)
			}
			h.Shape = append(h.Shape, d)
		}
	}
	return h, begin + size, nil
}

// cut returns err, or that the file is cut off if err is the end of the file.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("cut off in its header")
	}
	return err
}

// Encode returns the header as NumPy writes it, in version 1. It has room for the first axis to grow, and its length is a
// multiple of 64 bytes.
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
