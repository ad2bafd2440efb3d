package toy

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// ReadFile reads a cloud of one's own [n, d], one point a row, from a .csv or .npy file: see ReadCSV and ReadNPY.
// Every entry is finite, n ≥ 1 and d ≥ 1, or there is an error.
func ReadFile(path string) (*mat.Dense, error) {
	read := map[string]func(string, io.Reader) (*mat.Dense, error){".csv": ReadCSV, ".npy": ReadNPY}[strings.ToLower(filepath.Ext(path))]
	if read == nil {
		return nil, fmt.Errorf("toy: cloud %s: extension %q, want .csv or .npy", path, filepath.Ext(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("toy: cloud: %w", err)
	}
	defer f.Close()
	return read(path, f)
}

// ReadCSV reads a cloud [n, d] of comma-separated decimal numbers, one point a line. A first line in which no field is
// a number is a header and skipped; blank lines and spaces around numbers are too.
//
// Ragged lines, fields that are no finite float64 in decimal notation and the absence of numbers are errors. They give
// name (of the file), row and column as in the matrix, from 0, the line of the file, from 1, and the value.
func ReadCSV(name string, r io.Reader) (*mat.Dense, error) {
	text := bufio.NewReader(r)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" {
		text.Discard(3) // the byte order mark of some spreadsheets
	}
	lines := csv.NewReader(text)
	lines.FieldsPerRecord = -1
	lines.ReuseRecord = true
	var data []float64
	n, d := 0, 0
	for first := true; ; {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("toy: cloud %s: %w", name, err)
		}
		if len(fields) == 1 && fields[0] != "" && strings.TrimSpace(fields[0]) == "" {
			continue // a blank line with spaces; lines has left out those without, so that "" was quoted
		}
		if first {
			first, d = false, len(fields)
			if isHeader(fields) {
				continue
			}
		}
		line, _ := lines.FieldPos(0)
		if len(fields) != d {
			return nil, fmt.Errorf("toy: cloud %s: row %d (line %d) has %d columns, want %d as in the first line", name, n, line, len(fields), d)
		}
		for column, field := range fields {
			v, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(field, "xX_") { // 0x1p0 and 1_000 are Go's
				return nil, fmt.Errorf("toy: cloud %s: row %d (line %d), column %d: %q is not a finite decimal number", name, n, line, column, field)
			}
			data = append(data, v)
		}
		n++
	}
	if n == 0 {
		return nil, fmt.Errorf("toy: cloud %s: no rows of numbers", name)
	}
	return mat.NewDense(n, d, data), nil
}

// isHeader tells names from numbers, decimal or not: none of the fields is a number and not all are empty.
func isHeader(fields []string) bool {
	empty := true
	for _, f := range fields {
		f = strings.TrimSpace(f)
		if _, err := strconv.ParseFloat(f, 64); err == nil || errors.Is(err, strconv.ErrRange) {
			return false
		}
		if _, err := strconv.ParseInt(f, 0, 64); err == nil {
			return false
		}
		empty = empty && f == ""
	}
	return !empty
}
