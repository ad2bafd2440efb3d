package viz

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// A circle's level set is itself, to second order in the grid.
func TestContoursAreLevelSets(t *testing.T) {
	p := plot.New()
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -2, 2, -2, 2
	s, err := Heat{F: func(x, y float64) float64 { return x*x + y*y }}.fill(p)
	if err != nil {
		t.Fatal(err)
	}
	c := draw.NewCanvas(vgimg.New(400, 400), 400, 400)
	path := s.contour(1, &c, p)
	if len(path) < 100 {
		t.Fatalf("contour of %d points, want at least 100", len(path))
	}
	h := 4. / (heatPoints - 1)
	for _, at := range path {
		x, y := float64(at.Pos.X)/100-2, float64(at.Pos.Y)/100-2
		if r := math.Hypot(x, y); math.Abs(r-1) > h*h/2 {
			t.Fatalf("contour at radius %v, want 1 to within %v", r, h*h/2)
		}
	}
}

// In the square of a saddle, the corners that the centre sides with are joined and the others cut off.
func TestContoursAtSaddles(t *testing.T) {
	p := plot.New()
	p.X.Max, p.Y.Max, p.X.Min, p.Y.Min = 1, 1, 0, 0
	c := draw.NewCanvas(vgimg.New(1, 1), 1, 1)
	for _, offset := range []float64{-0.2, 0.2} {
		s := &shading{window: window{0, 1, 0, 1}, grid: mat.NewDense(2, 2, []float64{1 + offset, offset - 1, offset - 1, 1 + offset})}
		path := s.contour(0, &c, p)
		if len(path) != 4 {
			t.Fatalf("contours of %d points, want 4: two pieces", len(path))
		}
		for k := 0; k < 4; k += 2 {
			x, y := float64(path[k].Pos.X+path[k+1].Pos.X)/2, float64(path[k].Pos.Y+path[k+1].Pos.Y)/2
			if cut := math.Abs(x - y); offset > 0 != (cut > 0.5) {
				t.Errorf("offset %v: a piece about (%.2f, %.2f), want it to cut off a corner with x = y: %v",
					offset, x, y, offset < 0)
			}
		}
	}
}
