package viz

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func TestInterpolateIsExactForBilinear(t *testing.T) {
	f := func(x, y float64) float64 { return 1 + 2*x - 3*y + 0.5*x*y }
	grid := mat.NewDense(3, 4, nil)
	grid.Apply(func(i, j int, _ float64) float64 { return f(-1+float64(j), 5+float64(i)/2) }, grid)
	g := Interpolate(grid, [2]float64{-1, 2}, [2]float64{5, 6})
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.Float64Range(-1, 2).Draw(t, "x"), rapid.Float64Range(5, 6).Draw(t, "y")
		// Bilinear within each cell; the product term is bilinear over all.
		if got, want := g(x, y), f(x, y); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v at (%v, %v), want %v", got, x, y, want)
		}
	})
	if got, want := g(-7, 9), f(-1, 6); got != want {
		t.Errorf("beyond the corner %v, want %v", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic on one row")
		}
	}()
	Interpolate(mat.NewDense(1, 4, nil), [2]float64{}, [2]float64{})
}

func TestHolesAreGrey(t *testing.T) {
	l, img := picture(t, Grid{{{XLim: [2]float64{-1, 1}, YLim: [2]float64{-1, 1}, Layers: Layers{Heat{F: func(x, y float64) float64 { return math.Sqrt(x) }}}}}})
	frame := pixels(l.cells[0][0], img)
	left := img.RGBAAt(frame.Min.X+frame.Dx()/4, frame.Min.Y+frame.Dy()/2)
	right := img.RGBAAt(frame.Min.X+frame.Dx()*3/4, frame.Min.Y+frame.Dy()/2)
	if left.R != left.B || left.R != edge.R || right.R == right.G {
		t.Errorf("%v where F is NaN, %v where it is not, want grey and a colour", left, right)
	}
}
