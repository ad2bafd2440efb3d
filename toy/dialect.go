package toy

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// dialect is how a text file of numbers is written: lines end with \n, and fields at the separator.
type dialect struct {
	text      string
	separator rune
}

// separators may stand between numbers. A line that holds several of them is tried in this order: a comma may be part of a
// number, and a space may stand beside any of the others.
var separators = []rune{'\t', ';', '|', ',', ' '}

var (
	excelSeparator = regexp.MustCompile(`^"?(?i:sep)=([^"\n])"?\n?$`) // the first line by which Excel is told the separator
	excelError     = regexp.MustCompile(`^#(N/A|[A-Z]+(/0)?[!?])`)    // a cell without a value; other lines with # are comments
	spaces         = regexp.MustCompile(` +`)
)

// recognize finds out the dialect of a file in UTF-8, or in UTF-16 with a byte order mark. Comments, blank lines and
// Excel's line about the separator become empty, so that lines keep their numbers.
func recognize(file io.Reader) (dialect, error) {
	decoded, err := io.ReadAll(transform.NewReader(file, unicode.BOMOverride(transform.Nop)))
	if err != nil {
		return dialect{}, err
	}
	if slices.Contains(decoded, 0) {
		return dialect{}, errors.New("holds zero bytes, as binary files do, and UTF-16 without a byte order mark: save it as text in UTF-8")
	}
	lines := slices.Collect(strings.Lines(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(decoded))))
	var d dialect
	if len(lines) == 0 {
		return dialect{"", ','}, nil
	}
	if strings.HasPrefix(lines[0], "%%MatrixMarket") {
		return dialect{}, errors.New("is a Matrix Market file, whose first numbers are sizes: read it by scipy.io.mmread and save the array as .npy")
	}
	if told := excelSeparator.FindStringSubmatch(lines[0]); told != nil {
		d.separator = []rune(told[1])[0]
		lines[0] = "\n"
	}
	var sample []string // the first two lines of fields
	matrices := 0
	for i, line := range lines {
		line = strings.Trim(line, " \n")
		if strings.HasPrefix(line, "# name: ") {
			if matrices++; matrices > 1 {
				return dialect{}, fmt.Errorf("holds several variables of Octave (line %d: %q): save the points alone", i+1, line)
			}
		}
		if strings.HasPrefix(line, "%") || strings.HasPrefix(line, "#") && !excelError.MatchString(line) {
			lines[i] = "\n"
		} else if strings.TrimSpace(line) != "" && len(sample) < 2 {
			sample = append(sample, line)
		}
	}
	for len(sample) > 0 && d.separator == 0 { // the second, which is no header, tells more
		last := len(sample) - 1
		d.separator = separatorOf(sample[last])
		sample = sample[:last]
	}
	if d.separator == 0 {
		d.separator = ','
	}
	for i, line := range lines {
		if d.separator == ' ' {
			lines[i] = spaces.ReplaceAllString(strings.TrimSpace(line), " ") + "\n"
		} else if strings.TrimSpace(line) == "" && !strings.ContainsRune(line, d.separator) {
			lines[i] = "\n"
		}
	}
	d.text = strings.Join(lines, "")
	return d, nil
}

// separatorOf returns the first separator that cuts a line into numbers, or else the first that the line has, or 0.
func separatorOf(line string) rune {
	present := slices.DeleteFunc(slices.Clone(separators), func(s rune) bool { return !strings.ContainsRune(line, s) })
	for _, s := range present {
		one := dialect{line, s}
		if s == ' ' {
			one.text = spaces.ReplaceAllString(line, " ")
		}
		fields, err := one.reader().Read()
		if err == nil && !slices.ContainsFunc(fields, func(f string) bool { return f != "" && !isNumber(f) }) {
			return s
		}
	}
	return append(present, 0)[0]
}

// reader returns what splits the text into fields.
func (d dialect) reader() *csv.Reader {
	r := csv.NewReader(strings.NewReader(d.text))
	r.Comma = d.separator
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	r.TrimLeadingSpace = d.separator != ' ' && d.separator != '\t' // which it would swallow
	return r
}

// String says where fields end.
func (d dialect) String() string {
	if name := map[rune]string{',': "commas", ';': "semicolons", '\t': "tabs", ' ': "spaces", '|': "bars"}[d.separator]; name != "" {
		return name
	}
	return fmt.Sprintf("%q", d.separator)
}

// isUTF16 tells whether a file begins with the byte order mark of UTF-16.
func isUTF16(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}
