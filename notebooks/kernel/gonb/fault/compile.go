package fault

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Program is what a cell was made into, with what is known of the cell and of those before it.
type Program struct {
	Lines  []string                           // of the file that the compiler reads
	Place  func(line int) *Place              // of such a line, from 1, or nil
	Names  func(place Place, at int) []string // what could stand in a cell's line in place of the name at a byte of it
	Code   []string                           // the lines of the cell that runs
	Cell   int                                // its number
	Values map[string]int                     // the values that earlier cells had, with the cells' numbers
}

var (
	header  = regexp.MustCompile(`^# (\S+)`)
	more    = regexp.MustCompile(` \(and \d+ more errors\)$`) // that follow from the first
	located = regexp.MustCompile(`^(?:\S*/)?([^/\s]+\.go):(\d+)(?::(\d+))?: (.*)$`)
)

// Compile returns what a compiler has said, each thing once and each hint once.
func (p Program) Compile(said string) *Report {
	report := &Report{Name: "does not compile"}
	from := ""
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\r\n")
		if match := header.FindStringSubmatch(line); match != nil {
			from = match[1]
			continue
		}
		last := len(report.Faults) - 1
		match := located.FindStringSubmatch(line)
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "exit status "):
			continue
		case match == nil && last >= 0:
			report.Faults[last].Message += "\n" + line
			continue
		case match == nil:
			report.Faults = append(report.Faults, Fault{Message: line})
			continue
		}
		f := Fault{Message: more.ReplaceAllString(match[4], "")}
		number, _ := strconv.Atoi(match[2])
		if match[1] == "main.go" || match[1] == "main_test.go" {
			f.Place = p.Place(number)
			f.Column, _ = strconv.Atoi(match[3])
			if 0 < number && number <= len(p.Lines) {
				f.Code = p.Lines[number-1]
			}
			if f.Place == nil || strings.HasSuffix(f.Message, "found 'EOF'") || strings.HasSuffix(f.Message, "declaration, found '}'") {
				f = p.behind(f)
			}
		} else {
			f.Message = from + "/" + match[1] + ":" + match[2] + ": " + match[4]
		}
		if !slices.ContainsFunc(report.Faults, func(g Fault) bool { return g.same(f) }) {
			report.Faults = append(report.Faults, f)
		}
	}
	given := map[string]bool{}
	for i := range report.Faults {
		hint := p.hint(report.Faults[i])
		if kind, _, _ := strings.Cut(hint, ": "); !given[kind] {
			given[kind] = true
			report.Faults[i].Hint = hint
		}
	}
	return report
}

func (f Fault) same(g Fault) bool {
	return f.Message == g.Message && (f.Place == nil) == (g.Place == nil) && (f.Place == nil || *f.Place == *g.Place)
}
