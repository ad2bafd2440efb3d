package toy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/magic"
)

// ReadCSV reads a cloud [n, d] of decimal numbers in text, one point a line. It finds out by itself what the file uses:
//
//   - commas, semicolons, tabs, bars or runs of spaces between the numbers, or the separator that a first line sep=…
//     names; a separator at the end of every line adds no column;
//   - decimal points, or decimal commas if commas do not separate the numbers;
//   - UTF-8, or UTF-16 with a byte order mark; lines that end with LF, CR LF or CR.
//
// A first line without numbers is a header, and is left out. So are blank lines and those that begin with # or %.
//
// Row numbers are no coordinate, and names of columns are no point, even if they are numbers. So two things are errors: a
// first column of whole numbers that has no name or one such as idx, or that counts where no column has a name; and a first
// line of numbers such as 0, 1, … or years above fractions. The error says how to write the file without them, or how to
// say that they are meant.
//
// Ragged lines, fields that are no finite float64 in decimal notation and the absence of numbers are errors. They give
// name (of the file), row and column as in the matrix, from 0, the line of the file, from 1, and the value.
func ReadCSV(name string, r io.Reader) (*mat.Dense, error) {
	file := bufio.NewReaderSize(r, magic.Enough)
	head, _ := file.Peek(magic.Enough)
	head = bytes.Clone(head)
	t, err := readTable(file)
	if kind, known := magic.Of(head); err != nil && known && t.n == 0 && !isUTF16(head) {
		return nil, fmt.Errorf("toy: cloud %s: is %v; want a text file of numbers: %w", name, kind, err)
	}
	if err != nil {
		return nil, fmt.Errorf("toy: cloud %s: %w", name, err)
	}
	return mat.NewDense(t.n, t.d, t.data), nil
}

func readTable(r io.Reader) (*table, error) {
	style, err := recognize(r)
	t := &table{style: style}
	if err != nil {
		return t, err
	}
	lines := style.reader()
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return t, t.check()
		}
		if err != nil {
			return t, err
		}
		t.line, _ = lines.FieldPos(0)
		if err := t.addLine(fields); err != nil {
			return t, err
		}
	}
}
