package fault

import (
	"bytes"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// begins is how a program's last words begin: those of Go itself, and of the package must.
var begins = regexp.MustCompile(`(?m)^(panic: |fatal error: |runtime: goroutine stack exceeds |\d{4}/\d\d/\d\d \d\d:\d\d:\d\d Must not error: )`)

// most is how much of the last words is held, in bytes.
const most = 1 << 18

// A Writer passes on what a program writes to its standard error, but holds its last words, a panic and the trace after it.
type Writer struct {
	next   io.Writer
	within bool   // what was passed on ends within a line
	line   []byte // an unfinished line that may begin the last words
	held   []byte
}

// NewWriter returns a Writer that passes on to another.
func NewWriter(next io.Writer) *Writer { return &Writer{next: next} }

func (w *Writer) Write(text []byte) (int, error) {
	n := len(text)
	if w.held != nil {
		w.held = append(w.held, text[:min(n, most-len(w.held))]...)
		return n, nil
	}
	text = append(w.line, text...)
	w.line = nil
	first := 0
	if w.within {
		if first = bytes.IndexByte(text, '\n') + 1; first == 0 {
			return n, w.pass(text)
		}
	}
	if at := begins.FindIndex(text[first:]); at != nil {
		first += at[0]
		w.held = append([]byte{}, text[first:]...)
		return n, w.pass(text[:first])
	}
	if last := bytes.LastIndexByte(text, '\n') + 1; last >= first && mayBegin(text[last:]) {
		w.line = append([]byte{}, text[last:]...)
		text = text[:last]
	}
	return n, w.pass(text)
}

func (w *Writer) pass(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	w.within = text[len(text)-1] != '\n'
	_, err := w.next.Write(text)
	return err
}

// mayBegin returns whether the last words may begin with a line that has just begun. 0 stands for any digit.
func mayBegin(line []byte) bool {
	digits := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '0'
		}
		return r
	}, string(line))
	for _, words := range []string{"panic: ", "fatal error: ", "runtime: goroutine stack exceeds ", "0000/00/00 00:00:00 Must not error: "} {
		if digits != "" && strings.HasPrefix(words, digits) {
			return true
		}
	}
	return false
}

// End returns the last words of a program that has failed. Of one that has not, it passes them on.
func (w *Writer) End(failed bool) string {
	words := w.held
	if failed && words != nil {
		return string(words)
	}
	_ = w.pass(append(w.line, words...))
	return ""
}

var (
	frame   = regexp.MustCompile(`^\s+(\S*/)?([^/\s]+\.\w+):(\d+)(?: (?:\+|fp=)0x.*)?$`)
	ends    = regexp.MustCompile(`(?m)^(\[signal |goroutine \d|runtime stack:)`)
	leading = regexp.MustCompile(`(?s)^(?:\d{4}/|runtime: ).*?\n((?:panic|fatal error): )`)
	details = regexp.MustCompile(` \[recovered(, repanicked)?\]`)
)

// Panic returns what a program's last words say. Its trace names no folder of this machine: files are named by their package.
func (p Program) Panic(words string) *Report {
	words = leading.ReplaceAllString(words, "$1")
	message, trace := words, ""
	if at := ends.FindStringIndex(words); at != nil {
		message, trace = words[:at[0]], words[at[0]:]
	}
	message = strings.ReplaceAll(details.ReplaceAllString(strings.TrimSpace(message), ""), "\n\t", "\n")
	f := Fault{Message: message}
	var kept []string
	from := ""
	for line := range strings.Lines(trace) {
		line = strings.TrimRight(line, "\n")
		match := frame.FindStringSubmatch(line)
		if match == nil {
			from = packageOf(line)
			kept = append(kept, line)
			continue
		}
		number, _ := strconv.Atoi(match[3])
		where := from + "/" + match[2] + ":" + match[3]
		if from == "main" && (match[2] == "main.go" || match[2] == "main_test.go") {
			if place := p.Place(number); place != nil {
				where = place.String()
				if f.Place == nil {
					f.Place = place
					if number <= len(p.Lines) {
						f.Code = p.Lines[number-1]
					}
				}
			}
		}
		kept = append(kept, "\t"+where)
	}
	return &Report{Name: "panic", Faults: []Fault{f}, Trace: strings.Join(kept, "\n")}
}

// packageOf returns the package of a function in a trace, as in "created by example.com/a/b.(*T).f in goroutine 7".
func packageOf(line string) string {
	line = strings.TrimPrefix(line, "created by ")
	folder, name := path.Split(line)
	name, _, _ = strings.Cut(name, ".")
	return folder + name
}
