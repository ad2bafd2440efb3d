package viz

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
)

// Heat draws a function of the plane, such as a potential or a density: bands of colour between contours at round values,
// with a colour bar. It covers the whole frame, whose range the other layers or the panel's limits decide. Points where F
// is NaN or infinite are grey.
//
// F is evaluated once on a grid of 80 points along the longer side, and interpolated bilinearly between.
type Heat struct {
	F      func(x, y float64) float64
	Colors Colors     // Sequential or Diverging
	Range  [2]float64 // of the colours; zero means that of the values, about 0 for Diverging
	Name   string     // beside the colour bar, with the unit
}

const (
	heatPoints = 80
	heatBands  = 20 // at most
)

// Plot draws the colours and contours, implementing plot.Plotter.
func (l Heat) Plot(c draw.Canvas, p *plot.Plot) {
	if s, err := l.fill(p); err == nil {
		s.Plot(c, p)
	}
}

func (l Heat) fill(p *plot.Plot) (*shading, error) {
	w := window{p.X.Min, p.X.Max, p.Y.Min, p.Y.Max}
	step := max(w.x1-w.x0, w.y1-w.y0) / (heatPoints - 1)
	grid := mat.NewDense(int((w.y1-w.y0)/step+0.5)+1, int((w.x1-w.x0)/step+0.5)+1, nil)
	rows, columns := grid.Dims()
	for i := range rows {
		for j := range columns {
			grid.Set(i, j, l.F(between(w.x0, w.x1, j, columns), between(w.y0, w.y1, i, rows)))
		}
	}
	s, err := newScale(l.Colors, l.Range, grid.RawMatrix().Data, l.Name)
	s.step = tickStep(s.max-s.min, heatBands)
	return &shading{scale: s, value: Interpolate(grid, [2]float64{w.x0, w.x1}, [2]float64{w.y0, w.y1}), grid: grid, window: w}, err
}

func (l Heat) shape(a *axes) { a.plane = true }

func (l Heat) check() error {
	if l.F == nil {
		return fmt.Errorf("f: nil")
	}
	return labelText.check(l.Name)
}

// Interpolate returns the bilinear function through values on a grid: grid [r, c] holds them at c points from x[0] to x[1]
// and r points from y[0] to y[1]. Beyond, the function continues its border. It panics on less than 2×2 values.
func Interpolate(grid *mat.Dense, x, y [2]float64) func(x, y float64) float64 {
	rows, columns := grid.Dims()
	if rows < 2 || columns < 2 {
		panic("viz: Interpolate: less than 2×2 values")
	}
	values := grid.RawMatrix()
	return func(px, py float64) float64 {
		j, s := cellOf((px-x[0])/(x[1]-x[0]), columns)
		i, t := cellOf((py-y[0])/(y[1]-y[0]), rows)
		a, b := values.Data[i*values.Stride+j:], values.Data[(i+1)*values.Stride+j:]
		return (1-t)*((1-s)*a[0]+s*a[1]) + t*((1-s)*b[0]+s*b[1])
	}
}

// cellOf returns the interval of n points on [0, 1] that holds u, and where in it.
func cellOf(u float64, n int) (k int, t float64) {
	u = min(1, max(0, u)) * float64(n-1)
	k = min(int(u), n-2)
	return k, u - float64(k)
}

// between returns point k of n from a to b.
func between(a, b float64, k, n int) float64 { return a + (b-a)*float64(k)/float64(n-1) }
