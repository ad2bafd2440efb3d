package fault

import (
	"bytes"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// program stands for cell 3, whose first line is line 5 of the compiler's file.
func program(code ...string) Program {
	return Program{
		Lines: append(make([]string, 4), code...),
		Code:  code,
		Cell:  3,
		Place: func(line int) *Place {
			if line < 5 {
				return nil
			}
			return &Place{Cell: 3, Line: line - 4, ID: "a-b"}
		},
		Values: map[string]int{"s": 2},
	}
}

func TestCompile(t *testing.T) {
	report := program("func main() {", "\tx := f(1)", "}").Compile("# gonb_1\n./main.go:6:2: declared and not used: x\n./main.go:6:9: not enough arguments in call to f\n" +
		"\thave (number)\n\twant (int, int)\n./main.go:6:2: declared and not used: x\n./main.go:7:1: declared and not used: y\n" +
		"# example.com/a/b\n../../home/me/a/b/c.go:3:1: syntax error: unexpected }\n")
	want := "Cell [3], line 2: declared and not used: x\n    x := f(1)\n    ^\nGo wants every variable of a function used. Until then: _ = x\n\n" +
		"Cell [3], line 2: not enough arguments in call to f\n\thave (number)\n\twant (int, int)\n    x := f(1)\n           ^\n\nCell [3], line 3: declared and not used: y\n    }\n    ^\n\n" +
		"example.com/a/b/c.go:3: syntax error: unexpected }"
	if got := report.Text(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := report.Error(); got != "Cell [3], line 2: declared and not used: x" {
		t.Error(got)
	}
	page := report.HTML()
	for _, want := range []string{`<a href="#cell-id=a-b">Cell [3], line 2</a>: <b>declared and not used: x</b>`, "_ = x"} {
		if strings.Count(page, want) != 1 {
			t.Errorf("%q is not once in %s", want, page)
		}
	}
}

func TestHTMLEscapes(t *testing.T) {
	r := &Report{Faults: []Fault{{Message: "<i>m", Code: "<i>c", Hint: "<i>h", Place: &Place{Cell: 1, Line: 2, ID: `"><i>`}}}, Trace: "<i>t"}
	if page := r.HTML(); strings.Contains(page, "<i>") {
		t.Error(page)
	}
}

func TestHint(t *testing.T) {
	p := program("x := wflow.Sinkhron{}", "fmt.Println(prticles, x.Epsilom, s)", "y := wflow.Flow{Stepz: 1}", "x = 1")
	asked := []string{"Sinkhorn", "Drifting", "particles", "potential", "Epsilon", "Steps", "Step"}
	p.Names = func(place Place, at int) []string {
		if !strings.HasPrefix(p.Code[place.Line-1][at:], "Sinkhron") && !strings.HasPrefix(p.Code[place.Line-1][at:], "prticles") &&
			!strings.HasPrefix(p.Code[place.Line-1][at:], "Epsilom") && !strings.HasPrefix(p.Code[place.Line-1][at:], "Stepz") {
			t.Errorf("line %d is asked about at %d", place.Line, at)
		}
		return asked
	}
	for said, want := range map[string]string{
		"main.go:5:12: undefined: wflow.Sinkhron":                                                     "Did you mean wflow.Sinkhorn?",
		"main.go:5:6: undefined: wflow":                                                               "Did you mean wflow.Sinkhorn?",
		"main.go:6:13: undefined: prticles":                                                           "Did you mean particles?",
		"main.go:6:25: x.Epsilom undefined (type wflow.Sinkhorn has no field or method Epsilom)":      "Did you mean Epsilon?",
		"main.go:7:17: unknown field Stepz in struct literal of type wflow.Flow":                      "Did you mean Steps?",
		"main.go:6:37: undefined: s":                                                                  "s was a value of cell [2], and values end with their cell.",
		"main.go:8:5: undefined: unlike":                                                              "If a cell that has not run yet declares it, run that cell first.",
		"main.go:8:1: expected declaration, found x":                                                  "Statements need %%",
		"main.go:5:1: cannot use x (variable of type int) as string value in argument to fmt.Println": "",
	} {
		got := p.Compile(said).Faults[0].Hint
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", said, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"Sinkhorn", "Flow", "Field", "Drifting", "KL", "MMD", "NewTarget"}
	for name, want := range map[string]string{
		"Sinkhron": "Sinkhorn", "sinkhorn": "Sinkhorn", "Flwo": "Flow", "Newtarget": "NewTarget", "Drfting": "Drifting", "Sink": "", "x": "", "Solve": "", "MDM": "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAssigned(t *testing.T) {
	got := Assigned("func main() {\n\ta, _ := f()\n\tvar b, c int\n\tconst d = 1\n\ta = 2\n\tif e := 1; e > 0 {\n\t\tg := 1\n\t}\n\tfor i := range 3 {\n\t}\n}")
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// fails is what a program does that fails: this test runs itself again for it.
var fails = map[string]func(){
	"panic":    func() { panic("boom: 1 of 2\nsecond line") },
	"index":    func() { var a []int; _ = a[len(os.Args)+7] },
	"pointer":  func() { var p *struct{ x int }; p.x = 1 },
	"deadlock": func() { select {} },
	"depth": func() {
		debug.SetMaxStack(1 << 16)
		var f func(int) int
		f = func(n int) int { return f(n+1) + 1 }
		f(0)
	},
	"again": func() { defer func() { panic(recover()) }(); panic("boom") },
	"other": func() { go func() { panic("boom") }(); select {} },
}

func TestMain(m *testing.M) {
	if do := fails[os.Getenv("FAULT_TEST")]; do != nil {
		_, _ = os.Stderr.WriteString("before\n")
		do()
	}
	os.Exit(m.Run())
}

func TestPanic(t *testing.T) {
	for name, want := range map[string]string{
		"panic":    "panic: boom: 1 of 2\nsecond line",
		"index":    "panic: runtime error: index out of range [8] with length 0",
		"pointer":  "panic: runtime error: invalid memory address or nil pointer dereference",
		"deadlock": "fatal error: all goroutines are asleep - deadlock!",
		"depth":    "fatal error: stack overflow",
		"again":    "panic: boom",
		"other":    "panic: boom",
	} {
		var passed bytes.Buffer
		w := NewWriter(&passed)
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), "FAULT_TEST="+name)
		command.Stderr = w
		if command.Run() == nil {
			t.Fatalf("%s does not fail", name)
		}
		words := w.End(true)
		if passed.String() != "before\n" {
			t.Errorf("%s: %q is passed on", name, passed.String())
		}
		report := Program{Place: func(int) *Place { return nil }}.Panic(words)
		if got := report.Faults[0].Message; got != want && !(name == "again" && strings.HasPrefix(got, want)) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if !strings.Contains(report.Trace, "goroutine ") || !strings.Contains(report.Trace, "fault/fault_test.go:") && name != "deadlock" {
			t.Errorf("%s: %s", name, report.Trace)
		}
		folder, _ := os.Getwd()
		if strings.Contains(report.Trace, folder) || strings.Contains(report.Trace, "\t/") {
			t.Errorf("%s: the trace has a path of this machine:\n%s", name, report.Trace)
		}
	}
}

func TestPanicInACell(t *testing.T) {
	report := program("func main() {", "\tf()", "}").Panic("2026/01/02 03:04:05 Must not error: no\nmust.go:1\nPanicking ...\n\npanic: no\n\ngoroutine 1 [running]:\n" +
		"example.com/a/b.(*T).F(...)\n\t/home/me/a/b/c.go:12\nmain.main()\n\t/tmp/gonb_1/main.go:6 +0x1d\n")
	want := "Cell [3], line 2: panic: no\n    f()\n\ngoroutine 1 [running]:\nexample.com/a/b.(*T).F(...)\n\texample.com/a/b/c.go:12\nmain.main()\n\tCell [3], line 2"
	if got := report.Text(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Of a goroutine that has not begun, a trace of the whole runtime says where it is in another form.
func TestPanicBeforeABeginning(t *testing.T) {
	report := program().Panic("fatal error: no\n\ngoroutine 5 gp=0x3c72018fb860 m=nil [runnable]:\nruntime.run()\n" +
		"\t/usr/local/go/src/runtime/proc.go:7086 fp=0x3c72019327e0 sp=0x3c72019327d8 pc=0x45d3a0\n")
	want := "goroutine 5 gp=0x3c72018fb860 m=nil [runnable]:\nruntime.run()\n\truntime/proc.go:7086"
	if report.Trace != want {
		t.Errorf("%s\nwant\n%s", report.Trace, want)
	}
}

// However a program's words are cut into pieces, the same are passed on and held.
func TestWriterAnyPieces(t *testing.T) {
	for _, c := range []struct{ text, passed, held string }{
		{"a panic: no\npanic: yes\n\ngoroutine 1", "a panic: no\n", "panic: yes\n\ngoroutine 1"},
		{"12 %\r13 %\rpanic\nfatal error", "12 %\r13 %\rpanic\nfatal error", ""},
		{"2026/01/02 03:04:05 Must be\n2026/01/02 03:04:05 Must not error: x\npanic: x", "2026/01/02 03:04:05 Must be\n", "2026/01/02 03:04:05 Must not error: x\npanic: x"},
	} {
		for i := range c.text {
			for j := i; j < len(c.text); j++ {
				var passed bytes.Buffer
				w := NewWriter(&passed)
				for _, piece := range []string{c.text[:i], c.text[i:j], c.text[j:]} {
					if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
						t.Fatal(n, err)
					}
				}
				if held := w.End(true); held != c.held && (c.held != "" || held != "") {
					t.Fatalf("%q | %q | %q: %q is held, want %q", c.text[:i], c.text[i:j], c.text[j:], held, c.held)
				}
				if passed.String() != c.passed {
					t.Fatalf("%q | %q | %q: %q is passed on, want %q", c.text[:i], c.text[i:j], c.text[j:], passed.String(), c.passed)
				}
			}
		}
	}
	var passed bytes.Buffer
	w := NewWriter(&passed)
	_, _ = w.Write([]byte("panic: but recovered\nmore"))
	if held := w.End(false); held != "" || passed.String() != "panic: but recovered\nmore" {
		t.Errorf("%q is held, %q passed on", held, passed.String())
	}
}

// TestBehind makes cells whose fault the compiler finds behind them: line 1 is %%, and the kernel puts a brace after the last.
func TestBehind(t *testing.T) {
	for _, c := range []struct{ code, said, want string }{
		{"%%\nx := 1\nfor {", "8:2: expected '}', found 'EOF'", "Cell [3], line 3: { is not closed\n    for {\n        ^"},
		{"%%\nif f(\"{\") {\n\tg()", "8:2: expected '}', found 'EOF'", "Cell [3], line 2: { is not closed\n    if f(\"{\") {\n              ^"},
		{"%%\nf(1)\n}", "8:1: expected declaration, found '}'", "Cell [3], line 3: } closes nothing\n    }\n    ^"},
		{"%%\nf()\nx := 3 +", "8:1: expected operand, found '}'", "Cell [3], line 3: expected operand, found the end of the cell\n    x := 3 +"},
		{"!echo (\nfunc f() {\n", "7:1: expected '}', found 'EOF'", "Cell [3], line 2: { is not closed\n    func f() {\n             ^"},
	} {
		p := program(strings.Split(c.code, "\n")...)
		place, last := p.Place, len(p.Lines)
		p.Lines = append(p.Lines, "}")
		p.Place = func(line int) *Place {
			if line > last {
				return nil
			}
			return place(line)
		}
		if got := p.Compile("main.go:" + c.said).Text(); got != c.want {
			t.Errorf("%q:\n%s\nwant\n%s", c.code, got, c.want)
		}
	}
}

func TestOneOfMany(t *testing.T) {
	p := program("%%", "fmt.Println(1)", "func g() {}")
	got := p.Compile("main.go:7:6: expected '(', found g (and 1 more errors)").Text()
	if want := "Cell [3], line 3: expected '(', found g\n    func g() {}\n         ^\nFunctions and imports stand above %% or in a cell without it."; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
