//go:build unix

package help

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// at makes a cell of a text in which | is the cursor.
func at(text string) Cell {
	before, after, _ := strings.Cut(text, "|")
	lines := strings.Split(before, "\n")
	cell := Cell{Lines: strings.Split(before+after, "\n"), Commands: map[int]struct{}{}, Line: len(lines) - 1, Column: len(lines[len(lines)-1])}
	for i, line := range cell.Lines {
		if strings.HasPrefix(line, "!") || strings.HasPrefix(line, "%") {
			cell.Commands[i] = struct{}{}
		}
	}
	return cell
}

func TestWord(t *testing.T) {
	for text, want := range map[string]string{
		"a|b": "ab", "|ab": "ab", "ab|": "ab", "x.ab|": "ab", "x.|": "", "f(|": "", "f(ab|)": "ab", "ε|": "ε", "f(ε_1|": "ε_1", "é := ü|": "ü", "|": "",
	} {
		cell := at(text)
		word, begin := cell.word()
		if word != want || !strings.HasPrefix(cell.Lines[0][begin:], want) {
			t.Errorf("%q: %q at %d, want %q", text, word, begin, want)
		}
	}
}

func TestFinish(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"f(a|)", "f(a)\n\n"},
		{"f(a|", "f(a)\n\n"},
		{"func f() {\n\tp := T{|\n\treturn p\n}", "func f() {\n\tp := T{}\n\treturn p\n}\n\n"},
		{"func main() {\nf(T{A: 1, |\ng()", "func main() {\nf(T{A: 1, })\ng()\n}\n"},
		{"func main() {\nT{\n\tA: 1,\n\t|", "func main() {\nT{\n\tA: 1,\n\t}}\n\n"},
		{"func main() {\nfor {\n\tx.|\n}", "func main() {\nfor {\n\tx.\n}\n}\n"},
		{"func main() {\nx.|\n// )\ns := \"}\"", "func main() {\nx.\n// )\ns := \"}\"\n}\n"},
		{"f(x[|", "f(x[])\n\n"},
	} {
		cell := at(c.text)
		if got := finish(cell.Lines, cell.Line, cell.Column); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// What is before the cursor stays where it is, and every bracket has its other half, however the cell is torn off.
func TestFinishAnywhere(t *testing.T) {
	text := "func f(x map[string][]int) {\n\tp := T{A: g(1, [2]int{3}[0]), B: \"{\"}\n\tfor _, s := range p.All('(') {\n\t\tfmt.Println(s)\n\t}\n}\n"
	for i := range text {
		for _, rest := range []string{"", text[i:], "\n\treturn\n}\n"} {
			cell := at(text[:i] + "|" + rest)
			got := finish(cell.Lines, cell.Line, cell.Column)
			if !strings.HasPrefix(got, text[:i]) {
				t.Errorf("%q | %q: %q", text[:i], rest, got)
			}
			if open := opened(got); len(open) > 0 {
				t.Errorf("%q | %q: %q leaves %v open", text[:i], rest, got, open)
			}
		}
	}
}

func TestSources(t *testing.T) {
	h := &Help{imports: map[string]string{}, packages: func() map[string]string { return map[string]string{"strings": "strings", "fmt": "fmt", "path": "path"} }}
	earlier := "package main\n\nimport m \"math\"\n\nconst (\n\ta = iota\n\tb\n)\n\nvar path = \"x\"\n\ntype T struct{}\n\nfunc (t *T) M() {}\n\nfunc f() {}\n"
	typed, before := h.sources(at("!ls\nconst a = 1\n\nfunc (t T) M() int\n\n%%\nfmt.Println(path.x, strings.|"), earlier)
	for _, want := range []string{"import fmt \"fmt\"\n", "import m \"math\"\n", "import strings \"strings\"\n", "\n\nconst a = 1\n", "\nfunc main() {\nfmt.Println(path.x, strings.)}\n"} {
		if !strings.Contains(typed.text, want) {
			t.Errorf("%q is not in what is typed:\n%s", want, typed.text)
		}
	}
	if strings.Contains(typed.text, "import path") {
		t.Errorf("a variable's name is imported:\n%s", typed.text)
	}
	lines := strings.Split(typed.text, "\n")
	if got := lines[typed.header+6]; got != "fmt.Println(path.x, strings.)}" {
		t.Errorf("the cursor's line is %q", got)
	}
	want := strings.NewReplacer("\ta =", "\t_ =", "M() {}", "_() {}").Replace(earlier)
	if before != want {
		t.Errorf("%s, want\n%s", before, want)
	}
}

func TestPackageName(t *testing.T) {
	for path, want := range map[string]string{
		"fmt": "fmt", "math/rand/v2": "rand", "gonum.org/v1/gonum/mat": "mat", "gopkg.in/yaml.v3": "yaml", "github.com/mattn/go-isatty": "isatty", "vet": "vet",
	} {
		if got := packageName(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	got := Plain("```go\nfunc F(x *T)\n```\n\n---\n\nF takes x\\_1 \\* 2. See `T`.\n")
	if want := "func F(x *T)\n\nF takes x_1 * 2. See T."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A module beside the cells' folder, which gopls looks up on disk; neither needs the network.
func TestWithGopls(t *testing.T) {
	if _, err := exec.LookPath("gopls"); err != nil {
		t.Skip("gopls is not on PATH: make lab installs it")
	}
	base := t.TempDir()
	write(t, base+"/shapes/go.mod", "module example.com/shapes\n\ngo 1.26\n")
	write(t, base+"/shapes/shapes.go", "// Package shapes has shapes.\npackage shapes\n\n// Square is a square of a side.\ntype Square struct{ Side, hidden float64 }\n\n"+
		"// Scaled returns it by a factor larger.\nfunc (s Square) Scaled(factor float64) Square { s.Side *= factor; return s }\n")
	write(t, base+"/shapes/shapes_test.go", "package shapes\n\nfunc TestSquare() {}\n\nfunc (s Square) ForTests() {}\n")
	write(t, base+"/cells/go.mod", "module cells\n\ngo 1.26\n\nrequire example.com/shapes v0.0.0\n\nreplace example.com/shapes => "+base+"/shapes\n")
	t.Setenv("GOFLAGS", "-mod=mod")
	released := make(chan struct{}, 2)
	h := Start(base+"/cells", func(*exec.Cmd) func() { return func() { released <- struct{}{} } })
	defer h.Stop()

	complete := func(text string) (names []string) {
		t.Helper()
		found, err := h.Complete(at(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range found.Items {
			names = append(names, item.Text)
		}
		return names
	}
	want := func(text string, wanted ...string) {
		t.Helper()
		got := complete(text)
		slices.Sort(got)
		if !slices.Equal(got, wanted) {
			t.Errorf("%q: %v, want %v", text, got, wanted)
		}
	}
	want("%%\ns := shapes.Square{}\ns.|", "Scaled", "Side")
	want("%%\nshapes.|", "Square")
	h.Remember("package main\n\nimport \"example.com/shapes\"\n\nvar kept = shapes.Square{Side: 1}\n")
	want("%%\nkept.Scaled(2).|\nkept.Side = 2", "Scaled", "Side")
	want("type point struct{ x, y int }\n\nvar kept point\n\n%%\nkept.|", "x", "y")

	said, err := h.Explain(at("%%\nkept.Scaled(|"))
	if err != nil || !strings.Contains(said, "Scaled(factor float64) shapes.Square") || !strings.Contains(said, "argument 1 of 1") || !strings.Contains(said, "larger") {
		t.Errorf("%q, %v", said, err)
	}
	if said, err := h.Explain(at("%%\n\n|\n")); said != "" || err != nil {
		t.Errorf("%q, %v, want nothing to say", said, err)
	}
	if names := h.Names(at("%%\nkept.Sid|e2")); !slices.Contains(names, "Side") {
		t.Errorf("%v, want Side", names)
	}

	text, _ := os.ReadFile(base + "/shapes/shapes.go")
	write(t, base+"/shapes/shapes.go", string(text)+"\n// Area returns the area.\nfunc (s Square) Area() float64 { return s.Side * s.Side }\n")
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(base+"/shapes/shapes.go", later, later); err != nil {
		t.Fatal(err)
	}
	h.Changed(base + "/shapes/shapes.go")
	want("%%\nkept.|", "Area", "Scaled", "Side")

	old := h.server.program.Process.Pid
	if err := h.server.program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-released
	want("%%\nkept.|", "Area", "Scaled", "Side")
	if h.server.program.Process.Pid == old {
		t.Error("no new gopls has taken the place of the one that was killed")
	}
}
