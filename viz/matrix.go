package viz

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Matrix draws a matrix, such as a coupling, one cell for each entry, row 0 on top, with a colour bar. NaN and Inf are grey.
type Matrix struct {
	Values    *mat.Dense // [n, m]
	Marginals bool       // adds row sums on the right and column sums on top; the values are then finite and non-negative
	Colors    Colors     // Sequential or Diverging
	Range     [2]float64 // of the colours; zero means that of the values, about 0 for Diverging
	Name      string     // beside the colour bar, with the unit
}

// Plot draws the cells, implementing plot.Plotter.
func (l Matrix) Plot(c draw.Canvas, p *plot.Plot) {
	if s, err := l.fill(p); err == nil {
		s.Plot(c, p)
	}
}

func (l Matrix) fill(*plot.Plot) (*shading, error) {
	n, m := l.Values.Dims()
	var values []float64
	for i := range n {
		values = append(values, l.Values.RawRowView(i)...)
	}
	s, err := newScale(l.Colors, l.Range, values, l.Name)
	value := func(x, y float64) float64 { return values[min(n-1, int(float64(n)-y))*m+min(m-1, int(x))] }
	return &shading{scale: s, value: value, window: window{0, float64(m), 0, float64(n)}, over: l.marginals}, err
}

// margin is the share of the matrix's height and width that its marginals take, beside it.
const margin = 0.16

// marginals draws the sums as steps that grow outwards.
func (l Matrix) marginals(c draw.Canvas, p *plot.Plot) {
	if !l.Marginals {
		return
	}
	n, m := l.Values.Dims()
	rows, columns := make([]float64, n), make([]float64, m)
	for i := range n {
		for j, v := range l.Values.RawRowView(i) {
			rows[i] += v
			columns[j] += v
		}
	}
	x, y := p.Transforms(&c)
	const gap, reach = 0.02, margin - 0.02
	var right, top vg.Path
	right.Move(vg.Point{X: x(float64(m) * (1 + gap)), Y: y(float64(n))})
	for i, v := range rows {
		at := x(float64(m) * (1 + gap + reach*v/slices.Max(rows)))
		right.Line(vg.Point{X: at, Y: y(float64(n - i))})
		right.Line(vg.Point{X: at, Y: y(float64(n - i - 1))})
	}
	right.Line(vg.Point{X: x(float64(m) * (1 + gap)), Y: y(0)})
	top.Move(vg.Point{X: x(0), Y: y(float64(n) * (1 + gap))})
	for j, v := range columns {
		at := y(float64(n) * (1 + gap + reach*v/slices.Max(columns)))
		top.Line(vg.Point{X: x(float64(j)), Y: at})
		top.Line(vg.Point{X: x(float64(j + 1)), Y: at})
	}
	top.Line(vg.Point{X: x(float64(m)), Y: y(float64(n) * (1 + gap))})
	c.SetColor(fade(pencil, 0.6))
	c.Fill(right)
	c.Fill(top)
	c.SetColor(edge)
	c.SetLineWidth(1)
	c.Stroke(vg.Rectangle{Min: vg.Point{X: x(0), Y: y(0)}, Max: vg.Point{X: x(float64(m)), Y: y(float64(n))}}.Path())
}

// DataRange returns the extent of the cells and the marginals, implementing plot.DataRanger.
func (l Matrix) DataRange() (xmin, xmax, ymin, ymax float64) {
	n, m := l.Values.Dims()
	xmax, ymax = float64(m), float64(n)
	if l.Marginals {
		xmax, ymax = xmax*(1+margin), ymax*(1+margin)
	}
	return 0, xmax, 0, ymax
}

func (l Matrix) shape(a *axes) {
	n, m := l.Values.Dims()
	a.tight, a.equal, a.bare = true, true, l.Marginals
	for _, t := range linearTicks(0, float64(m-1), max(1, tickStep(float64(m), 6))) {
		a.xticks = append(a.xticks, plot.Tick{Value: t.Value + 0.5, Label: t.Label})
	}
	for _, t := range linearTicks(0, float64(n-1), max(1, tickStep(float64(n), 6))) {
		a.yticks = append(a.yticks, plot.Tick{Value: float64(n) - t.Value - 0.5, Label: t.Label})
	}
}

func (l Matrix) check() error {
	if l.Marginals {
		if err := checkCoupling("values", l.Values); err != nil {
			return err
		}
	}
	if l.Values == nil || l.Values.IsEmpty() {
		return fmt.Errorf("values: empty")
	}
	return labelText.check(l.Name)
}
