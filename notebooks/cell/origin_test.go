package cell

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// as plays a cell of a notebook whose constants, and whatever else, are declared so: pairs of a name and a value. What begins
// with a * is what the cell's statements use.
func as(t *testing.T, cell string, declared ...string) {
	t.Helper()
	p := program{Cell: cell, Main: cell, Declared: map[string]string{}}
	for i := 0; i < len(declared); i += 2 {
		name, used := strings.CutPrefix(declared[i], "*")
		if p.Declared[name] = declared[i+1]; used {
			p.Reached = append(p.Reached, name)
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("WFLOW_CELL", string(text))
}

// says checks that a function panics in words that hold these, or does not panic if there are none.
func says(t *testing.T, do func(), words ...string) {
	t.Helper()
	defer func() {
		said, panics := recover().(string)
		for _, w := range words {
			if !strings.Contains(said, w) {
				t.Errorf("%q, want %q in it", said, w)
			}
		}
		if len(words) == 0 && panics {
			t.Errorf("it panics: %s", said)
		}
	}()
	do()
}

func number(x float64) *mat.Dense { return mat.NewDense(1, 1, []float64{x}) }

// fresh makes the cache of a test empty.
func fresh(t *testing.T) { t.Setenv("WFLOW_CACHE", t.TempDir()) }

// TestChangedNumber: what was kept with another number is refused, with the names and the cell, until its cell has run again.
func TestChangedNumber(t *testing.T) {
	fresh(t)
	read := func() { Kept("03/flow") }
	as(t, "flow := run()", "*epsilon", "const 0.1", "*n", "const 20", "frames", "const 7")
	Keep("03/flow", number(1))
	as(t, "figure()", "*epsilon", "const 0.1", "n", "const 20", "*frames", "const 7")
	says(t, read)
	as(t, "figure()", "*epsilon", "const 0.1", "n", "const 20", "*frames", "const 9") // a constant of the figure alone
	says(t, read)
	as(t, "figure()", "*epsilon", "const 0.5", "n", "const 30", "*frames", "const 7")
	says(t, read, "cell: 03/flow: it no longer fits the notebook: epsilon was 0.1 and is 0.5, n was 20 and is 30. "+
		"Run again the cell that begins “flow := run()”")
	as(t, "flow := run()", "*epsilon", "const 0.5", "*n", "const 30")
	Keep("03/flow", number(2))
	as(t, "figure()", "*epsilon", "const 0.5", "n", "const 30")
	says(t, read)
	as(t, "figure()", "n", "const 30") // a kernel that has not seen ε yet
	says(t, read)
	t.Setenv("WFLOW_CELL", "") // a program outside the notebooks
	says(t, read)
	Keep("03/flow", number(3))
	as(t, "figure()", "epsilon", "const 0.7")
	says(t, read) // it does not say with which numbers
}

// TestChangedDeclarations: functions, types and long variables are said to have changed, short variables how.
func TestChangedDeclarations(t *testing.T) {
	fresh(t)
	as(t, "keep()", "*data", "func 1", "*alphas", "var []float64{1, 2}", "*long", "var #1", "*any", "var ", "*now", "const 1")
	Keep("x", number(1))
	as(t, "figure()", "data", "func 2", "alphas", "var []float64{1, 3}", "long", "var #2", "any", "var 3", "now", "func 1")
	says(t, func() { Kept("x") }, "alphas was []float64{1, 2} and is []float64{1, 3}, any was  and is 3, data has changed, "+
		"long has changed, now has changed.")
}

// TestChain: what was made from a file that no longer fits, or from one that was made anew, does not fit either. The message has
// all cells to run, in order.
func TestChain(t *testing.T) {
	fresh(t)
	flow := func(epsilon string, x float64) {
		as(t, "flow()", "*epsilon", "const "+epsilon)
		Keep("flow", number(x))
	}
	scores := func(epsilon string) {
		as(t, "scores()", "epsilon", "const "+epsilon)
		Keep("scores", Kept("flow"))
	}
	table := func() { Kept("scores") }
	flow("0.1", 1)
	scores("0.1")
	as(t, "table()", "epsilon", "const 0.5")
	says(t, table, "scores: it no longer fits the notebook: epsilon was 0.1 and is 0.5. Run again the cells that begin “flow()”, then “scores()”")
	flow("0.5", 2)
	as(t, "table()", "epsilon", "const 0.5")
	says(t, table, "flow, from which it was made, is another now. Run again the cell that begins “scores()”")
	scores("0.5")
	as(t, "table()", "epsilon", "const 0.5")
	says(t, table)
	flow("0.5", 2) // made anew, to the same bytes
	as(t, "table()", "epsilon", "const 0.5")
	says(t, table)
	for _, file := range []string{Cache("flow.npy"), beside("flow.npy")} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	as(t, "table(again)", "epsilon", "const 0.5")
	says(t, table, "flow, from which it was made, is gone")
}

// TestRing: two files that were made from each other end the search.
func TestRing(t *testing.T) {
	fresh(t)
	as(t, "one")
	Keep("a", number(1))
	as(t, "two")
	Keep("b", Kept("a"))
	as(t, "three", "*epsilon", "const 1")
	Keep("a", Kept("b"))
	as(t, "four", "epsilon", "const 2")
	says(t, func() { Kept("b") }, "epsilon was 1 and is 2")
}

// TestTorn: a file that is not what was kept, or of which nothing is known, is refused in a notebook.
func TestTorn(t *testing.T) {
	fresh(t)
	as(t, "keep()")
	KeepFile("weights", []byte("whole"))
	as(t, "figure()")
	says(t, func() {
		if path := KeptFile("weights"); path != Cache("weights") {
			t.Errorf("%s, want %s", path, Cache("weights"))
		}
	})
	as(t, "other figure()")
	if err := os.WriteFile(Cache("weights"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, func() { KeptFile("weights") }, "it is not what was kept: run again the cell that begins “keep()”")
	if err := os.Remove(beside("weights")); err != nil {
		t.Fatal(err)
	}
	says(t, func() { KeptFile("weights") }, "nothing says what it was made from: run the cell that keeps it again")
	says(t, func() { KeptFile("none") }, "there is no none yet: run the cell that keeps it")
}
