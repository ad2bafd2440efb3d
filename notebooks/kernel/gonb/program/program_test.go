package program

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const notebook = `package main

import (
	"fmt"

	"github.com/wflowlab/wflowlab/wflow"
	"gonum.org/v1/gonum/mat"
)

const (
	epsilon = 0.1 // [unit of the cost]
	frames  = 7
	n       = 20
	twice   = 2 * n
	first   = iota
	second
	third
)

var names = []string{"a", "b"}
var long = []string{"a name that is long", "another name that is long", "a third name that is long"}

type field struct{ size float64 }

func (f *field) Size() float64 { return f.size * epsilon }

func inputs() *mat.Dense { return mat.NewDense(twice, 2, nil) }

// flow is what the statements call.
func flow() wflow.Flow {
	return wflow.Flow{Field: &wflow.Sinkhorn{Epsilon: epsilon}, Report: func(step int) { fmt.Println(names) }}
}

func figure() { fmt.Println(frames, flow()) }

func main() {
	STATEMENTS
}
`

func describe(t *testing.T, text, statements string) *Description {
	t.Helper()
	d, err := Describe([]byte(strings.ReplaceAll(text, "STATEMENTS", statements)), []string{"%%", "", "  bar := 1 // x"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestReached: what statements use, through functions, variables, constants and methods, and nothing else. A name inside a
// function that hides a declaration is none of it, nor is a field of that name.
func TestReached(t *testing.T) {
	for statements, want := range map[string]string{
		"flow()":                        "epsilon flow names",
		"figure()":                      "epsilon figure flow frames names",
		"inputs()":                      "inputs n twice",
		"n := 3; fmt.Println(n)":        "",
		"x := wflow.Problem{n: frames}": "frames",
		"wflow.F(func() { x := unknown(n); for _, v := range x.All() { v.Do(second) } })":                               "n second",
		"must.M1(onestep.Train(ctx, onestep.Training{Steps: n, Report: func(p onestep.Progress) { names[0] = \"\" }}))": "n names",
		"var f field":                                "epsilon field field.Size",
		"fmt.Println(long, third)":                   "long third",
		"switch x := any(n).(type) { case *field: }": "epsilon field field.Size n",
	} {
		if got := strings.Join(describe(t, notebook, statements).Reached, " "); got != want {
			t.Errorf("%s reaches %s, want %s", statements, got, want)
		}
	}
}

// TestDeclared: values are said, functions and what is long have fingerprints.
func TestDeclared(t *testing.T) {
	d := describe(t, notebook, "flow()")
	for name, want := range map[string]string{
		"epsilon": "const 0.1", "twice": "const 2 * n", "first": "const iota", "third": "const iota at iota 6", "names": `var []string{"a", "b"}`,
	} {
		if d.Declared[name] != want {
			t.Errorf("%s is %q, want %q", name, d.Declared[name], want)
		}
	}
	for name, want := range map[string]string{"long": "var #", "flow": "func ", "field": "type ", "field.Size": "func "} {
		if !strings.HasPrefix(d.Declared[name], want) {
			t.Errorf("%s is %q, want %s…", name, d.Declared[name], want)
		}
	}
	if d.Declared["main"] != "" || d.Cell != "bar := 1 // x" {
		t.Errorf("main is %q and the cell %q, want none and its first line", d.Declared["main"], d.Cell)
	}
}

// TestChanged: a change shows in its own declaration alone; comments and layout show nowhere.
func TestChanged(t *testing.T) {
	before := describe(t, notebook, "flow()")
	changed := func(old, new, statements string) (names []string) {
		now := describe(t, strings.Replace(notebook, old, new, 1), statements)
		for name, is := range now.Declared {
			if before.Declared[name] != is {
				names = append(names, name)
			}
		}
		if now.Main != before.Main {
			names = append(names, "main")
		}
		return slices.Sorted(slices.Values(names))
	}
	for _, c := range []struct {
		old, new, statements string
		want                 []string
	}{
		{"// [unit of the cost]", "// another comment", "flow()", nil},
		{"// flow is what", "// flow is no more what", "flow()", nil},
		{"epsilon = 0.1", "epsilon   =   0.1", "flow() // run it", nil},
		{"epsilon = 0.1", "epsilon = 0.5", "flow()", []string{"epsilon"}},
		{"mat.NewDense(twice, 2", "mat.NewDense(twice, 3", "flow()", []string{"inputs"}},
		{"f.size * epsilon", "f.size", "flow()", []string{"field.Size"}},
		{"a third", "a fourth", "flow()", []string{"long"}},
		{"", "", "_ = flow()", []string{"main"}},
	} {
		if got := changed(c.old, c.new, c.statements); !slices.Equal(got, c.want) {
			t.Errorf("%s → %s changes %v, want %v", c.old, c.new, got, c.want)
		}
	}
}

// TestTell: the variable is there until it is forgotten; a program that cannot be described has none.
func TestTell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "main.go")
	tell := func(text string) (found string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if left, set := os.LookupEnv(Variable); set {
				t.Errorf("%s is left, want it gone", left)
			}
		}()
		defer Tell(path, []string{"x"})()
		return os.Getenv(Variable)
	}
	var d Description
	if err := json.Unmarshal([]byte(tell("package main\nconst x = 1\nfunc main() { println(x) }")), &d); err != nil {
		t.Fatal(err)
	}
	if d.Cell != "x" || !maps.Equal(d.Declared, map[string]string{"x": "const 1"}) {
		t.Errorf("%+v, want the constant x of the cell x", d)
	}
	if found := tell("package main {"); found != "" {
		t.Errorf("%s for what is no program, want none", found)
	}
}
