package toy

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// table gathers the lines of a file, and what speaks for row numbers, a header of numbers and commas in numbers.
type table struct {
	style  dialect
	line   int      // of the file, where it is being read
	header []string // nil if there is none
	n, d   int
	data   []float64

	nameless   bool   // the header ends with separators
	first      string // the first row
	firstWhole bool   // it holds whole numbers that increase
	restWhole  bool   // some row below it holds a whole number
	numbered   bool   // the first column holds whole numbers, such as 7 and 7.0
	counted    bool   // ... each one more than the one before
	besides    bool   // there are whole numbers in other columns

	point, comma string // where the first number with a decimal point stands, and the first with a comma
	sure         bool   // some comma cannot stand between thousands
}

var (
	whole     = regexp.MustCompile(`^\d+$`)
	thousands = regexp.MustCompile(`^[+-]?[1-9]\d{0,2},\d{3}$`)
	withComma = regexp.MustCompile(`^[+-]?\d*,\d+([eE][+-]?\d+)?$`)
	likeDigit = regexp.MustCompile(`^[+-]?[.,]?\d[\d.,;:'_eE+\s-]*$`) // a number in some notation, several, or a date
	missing   = regexp.MustCompile(`(?i)^(|na|n/a|#n/a|null|none|-)$`)
	unnamed   = regexp.MustCompile(`(?i)^(|unnamed: \d+(\.\d+)*|level_\d+|\.\.\.1|#|no\.?|nr\.?|obs|(row|sample|point|record)?[ _.-]*(index|idx|id)|row[ _.-]*(names?|nr|no|num|numbers?)?)$`) // by pandas, polars, R, MATLAB, SAS, and by hand
)

// isNumber tells whether a field is a number with a decimal point or comma.
func isNumber(field string) bool {
	field = strings.TrimSpace(field)
	_, err := strconv.ParseFloat(field, 64)
	return err == nil || withComma.MatchString(field)
}

// isHeader tells names from numbers, in decimal notation or another: no field is a number, and not all are missing.
func isHeader(fields []string) bool {
	all := true
	for _, f := range fields {
		f = strings.TrimSpace(f)
		if _, err := strconv.ParseFloat(f, 64); err == nil || errors.Is(err, strconv.ErrRange) {
			return false
		}
		if _, err := strconv.ParseInt(f, 0, 64); err == nil || likeDigit.MatchString(f) {
			return false
		}
		all = all && missing.MatchString(f)
	}
	return !all
}

// counts tells whether fields are 0, 1, …, as the names are that pandas gives to columns.
func counts(fields []string) bool {
	for i, f := range fields {
		if strings.TrimSpace(f) != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// addLine takes a line of the file.
func (t *table) addLine(fields []string) error {
	width := len(fields)
	for width > 0 && strings.TrimSpace(fields[width-1]) == "" {
		width--
	}
	if t.d == 0 {
		t.d = max(1, width)
		if isHeader(fields[:t.d]) {
			t.header, t.nameless = slices.Clone(fields[:t.d]), width < len(fields)
			return nil
		}
		if t.d > 1 && strings.TrimSpace(fields[0]) == "" && counts(fields[1:t.d]) {
			return fmt.Errorf("line %d is a header of numbers above a column of row numbers, as pandas writes them: save it by df.to_csv(path, index=False, header=False)", t.line)
		}
	}
	if t.header != nil && width == t.d+1 && t.nameless {
		return fmt.Errorf("column %d has no name in the header, and numbers (line %d: %q). If they are row numbers or labels, save the file without them; if they are a coordinate, give it a name", t.d, t.line, fields[t.d])
	}
	if t.header != nil && width == t.d+1 {
		return fmt.Errorf("line %d has %d columns under %d names: its first, %q, is a row name, as R writes them, or its numbers have decimal commas. Save it without row names (R: row.names = FALSE), and with decimal points",
			t.line, width, t.d, fields[0])
	}
	if width > t.d || len(fields) < t.d {
		return fmt.Errorf("row %d (line %d) has %d columns, want %d as in the first line (the separators are %v)", t.n, t.line, max(width, min(len(fields), t.d)), t.d, t.style)
	}
	for column, field := range fields[:t.d] {
		v, err := t.number(column, strings.TrimSpace(field))
		if err != nil {
			return err
		}
		t.data = append(t.data, v)
	}
	t.watch(fields[:t.d])
	t.n++
	return nil
}

// number reads a field, and keeps where the first decimal point and comma were.
func (t *table) number(column int, field string) (float64, error) {
	decimal := field // with a point
	place := func() string { return fmt.Sprintf("row %d (line %d), column %d: %q", t.n, t.line, column, field) }
	if withComma.MatchString(field) {
		decimal = strings.Replace(field, ",", ".", 1)
		t.sure = t.sure || !thousands.MatchString(field)
		if t.comma == "" {
			t.comma = place()
		}
	} else if t.point == "" && strings.Contains(field, ".") {
		t.point = place()
	}
	v, err := strconv.ParseFloat(decimal, 64)
	if err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) && !strings.ContainsAny(decimal, "xX_") { // 0x1p0 and 1_000 are Go's
		return v, nil
	}
	hint := ""
	switch {
	case t.header != nil && column == 0 && t.d > 1 && unnamed.MatchString(strings.TrimSpace(t.header[0])):
		hint = ". Its column has no name: if it holds row names, save the file without them (pandas: index=False; R: row.names = FALSE)"
	case t.style.separator != ',' || t.d == 1:
		hint = fmt.Sprintf(" (the separators are %v)", t.style)
	}
	return 0, fmt.Errorf("%s is not a finite decimal number%s", place(), hint)
}

// watch notes the whole numbers of a row whose numbers have just been read.
func (t *table) watch(fields []string) {
	wholes := 0
	increase := true
	row := t.data[t.n*t.d:]
	isWhole := func(v float64) bool { return v >= 0 && v == math.Trunc(v) }
	for i, f := range fields {
		if whole.MatchString(strings.TrimSpace(f)) {
			wholes++
		}
		t.besides = t.besides || i > 0 && isWhole(row[i])
		increase = increase && (i == 0 || row[i] > row[i-1])
	}
	numbered := isWhole(row[0])
	if t.n == 0 {
		t.first = strings.Join(fields, string(t.style.separator))
		t.firstWhole = wholes == t.d && increase
		t.numbered, t.counted = numbered, numbered
		return
	}
	t.restWhole = t.restWhole || wholes > 0
	t.numbered = t.numbered && numbered
	t.counted = t.counted && t.data[t.n*t.d] == t.data[(t.n-1)*t.d]+1
}

// check returns an error if there are no rows, or if they may be other numbers than the points that were meant.
func (t *table) check() error {
	if t.n == 0 {
		if t.header != nil {
			return fmt.Errorf("no rows of numbers under the header in line %d (the separators are %v)", t.line, t.style)
		}
		return errors.New("no rows of numbers")
	}
	switch {
	case t.comma != "" && t.point != "":
		return fmt.Errorf("%s has a comma, and %s a point: write all numbers with decimal points, and none between thousands", t.comma, t.point)
	case t.comma != "" && !t.sure:
		return fmt.Errorf("%s may have a decimal comma or one between thousands: write numbers with decimal points", t.comma)
	case t.hasRowNumbers():
		return fmt.Errorf("the first column holds row numbers (%s, …), which are no coordinate. Save it without them (pandas: df.to_csv(path, index=False); R: write.csv(x, path, row.names = FALSE)); if it is a coordinate, give it a name in the first line, such as x,y", t.starts())
	case t.hasNumberedHeader():
		return fmt.Errorf("the first row, %s, looks like a header of numbers, as pandas writes for columns without names. Save it without (df.to_csv(path, index=False, header=False)); if it is a point, put a first line of names above, such as x,y", t.first)
	}
	return nil
}

// starts shows how the first column begins.
func (t *table) starts() string {
	var shown []string
	for i := range min(3, t.n) {
		shown = append(shown, fmt.Sprint(t.data[i*t.d]))
	}
	return strings.Join(shown, ", ")
}

// hasRowNumbers tells whether the first column holds row numbers: whole numbers, under a name that is no coordinate's. Without
// a header they have to count up, and a few rows need more evidence: people type points of whole numbers by hand.
func (t *table) hasRowNumbers() bool {
	if t.d == 1 || !t.numbered {
		return false
	}
	zeroOrOne := t.data[0] <= 1
	if t.header != nil {
		return unnamed.MatchString(strings.TrimSpace(t.header[0])) && (t.n > 1 || t.data[0] == 0)
	}
	return t.counted && (t.n > 2 && (zeroOrOne || !t.besides) || t.n == 2 && zeroOrOne && !t.besides)
}

// hasNumberedHeader tells whether the whole numbers of the first row are names of columns: 0, 1, …, or others that
// increase above fractions alone.
func (t *table) hasNumberedHeader() bool {
	if t.header != nil || t.n == 1 || !t.firstWhole {
		return false
	}
	names := t.data[:t.d]
	zeroBased := names[0] == 0 && names[t.d-1] == float64(t.d-1)
	if t.d == 1 {
		return zeroBased && !t.restWhole
	}
	return zeroBased || t.n > 2 && !t.restWhole
}
