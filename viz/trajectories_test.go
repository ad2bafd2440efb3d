package viz

import (
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestTrajectoriesDarken(t *testing.T) {
	a, b := mat.NewDense(1, 2, []float64{0, 0}), mat.NewDense(1, 2, []float64{1, 0})
	var steps []*mat.Dense
	for k := range 41 {
		s := mat.NewDense(1, 2, nil)
		s.Scale(float64(k)/40, b)
		steps = append(steps, s)
	}
	l, img := picture(t, Grid{{{Layers: Layers{Trajectories{Steps: steps}}}}})
	x, y := l.cells[0][0].places()
	lightness := func(along float64) int {
		c := img.RGBAAt(int(x(along)*density), img.Rect.Dy()-int(y(a.At(0, 1))*density))
		return int(c.R) + int(c.G) + int(c.B)
	}
	if start, middle, end := lightness(0.1), lightness(0.5), lightness(0.9); !(start > middle && middle > end) {
		t.Errorf("lightness %d, %d, %d from start to end, want it to fall", start, middle, end)
	}
}
