package cell

import (
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestKeep(t *testing.T) {
	t.Setenv("WFLOW_CACHE", t.TempDir())
	a := mat.NewDense(2, 3, []float64{1, math.Pi, -0.1, math.NaN(), math.Inf(1), 1e-300})
	Keep("03/way to it", a)
	b := Kept("03/way to it")
	if r, c := b.Dims(); r != 2 || c != 3 {
		t.Fatalf("[%d, %d], want [2, 3]", r, c)
	}
	for i, v := range b.RawMatrix().Data {
		if math.Float64bits(v) != math.Float64bits(a.RawMatrix().Data[i]) {
			t.Errorf("entry %d: %v, want %v", i, v, a.RawMatrix().Data[i])
		}
	}
	// A view of some columns is kept as what it shows.
	Keep("view", a.Slice(0, 2, 1, 2).(*mat.Dense))
	if v := Kept("view"); v.At(0, 0) != math.Pi || !math.IsInf(v.At(1, 0), 1) {
		t.Errorf("the view is kept as %v, want [π, +Inf]", v.RawMatrix().Data)
	}
}

func TestKeptSaysWhatIsBroken(t *testing.T) {
	fresh(t)
	if err := os.WriteFile(Cache("broken.npy"), []byte("no array"), 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, func() { Kept("broken") }, "reading broken: ")
	says(t, func() { Kept("03/none") }, "there is no 03/none yet: run the cell that keeps it")
}
