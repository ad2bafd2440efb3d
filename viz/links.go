package viz

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Links draws a coupling as lines from x_i to y_j, their width and opacity growing with the mass P_ij. Of many, it draws
// the heaviest: those that carry 99 % of the mass together, 5,000 at most.
type Links struct {
	X, Y     *mat.Dense // [n, 2], [m, 2]
	Coupling *mat.Dense // [n, m], non-negative
	Name     string     // in the legend; "" means "coupling"
}

const mostLinks = 5000

// Plot draws the lines, the heaviest on top, implementing plot.Plotter.
func (l Links) Plot(c draw.Canvas, p *plot.Plot) {
	type link struct {
		i, j int
		mass float64
	}
	n, m := l.Coupling.Dims()
	links := make([]link, 0, n*m)
	for i := range n {
		for j, mass := range l.Coupling.RawRowView(i) {
			if mass > 0 {
				links = append(links, link{i, j, mass})
			}
		}
	}
	slices.SortFunc(links, func(a, b link) int { return cmp.Compare(b.mass, a.mass) })
	rest := 0.99 * mat.Sum(l.Coupling)
	for k, link := range links {
		if rest -= link.mass; rest <= 0 || k+1 == mostLinks {
			links = links[:k+1]
			break
		}
	}
	x, y := p.Transforms(&c)
	opacity := min(1, math.Sqrt(200/float64(len(links))))
	for _, link := range slices.Backward(links) {
		l.line(&c, link.mass/links[0].mass, opacity,
			vg.Point{X: x(l.X.At(link.i, 0)), Y: y(l.X.At(link.i, 1))},
			vg.Point{X: x(l.Y.At(link.j, 0)), Y: y(l.Y.At(link.j, 1))})
	}
}

// line draws a link of the given share of the largest mass.
func (l Links) line(c *draw.Canvas, share, opacity float64, from, to vg.Point) {
	style := draw.LineStyle{Color: fade(pencil, opacity*(0.05+0.75*share)), Width: vg.Length(0.5 + 0.7*share)}
	c.StrokeLine2(style, from.X, from.Y, to.X, to.Y)
}

// DataRange returns the extent of both clouds, implementing plot.DataRanger.
func (l Links) DataRange() (xmin, xmax, ymin, ymax float64) { return extent(l.X, l.Y) }

// Thumbnail draws a link, implementing plot.Thumbnailer.
func (l Links) Thumbnail(c *draw.Canvas) {
	l.line(c, 1, 1, vg.Point{X: c.Min.X, Y: c.Center().Y}, vg.Point{X: c.Max.X, Y: c.Center().Y})
}

func (l Links) keys() []key { return []key{{cmp.Or(l.Name, "coupling"), 0, l, lineWidth}} }

func (l Links) shape(a *axes) { a.plane = true }

func (l Links) check() error {
	if err := checkCloud("x", l.X); err != nil {
		return err
	}
	if err := checkCloud("y", l.Y); err != nil {
		return err
	}
	if err := checkCoupling("coupling", l.Coupling); err != nil {
		return err
	}
	n, m := l.Coupling.Dims()
	if r, s := l.X.RawMatrix().Rows, l.Y.RawMatrix().Rows; n != r || m != s {
		return fmt.Errorf("coupling: [%d, %d] for clouds of %d and %d points", n, m, r, s)
	}
	return nil
}

func checkCoupling(name string, p *mat.Dense) error {
	if p == nil || p.IsEmpty() {
		return fmt.Errorf("%s: empty", name)
	}
	if err := checkFinite(name, p); err != nil {
		return err
	}
	n, _ := p.Dims()
	for i := range n {
		for j, mass := range p.RawRowView(i) {
			if mass < 0 {
				return fmt.Errorf("%s: row %d, column %d: negative mass %v", name, i, j, mass)
			}
		}
	}
	if mat.Sum(p) == 0 {
		return fmt.Errorf("%s: no mass", name)
	}
	return nil
}
