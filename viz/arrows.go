package viz

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Arrows draws a vector at each of n points, such as the velocity of particles or a field on a grid.
type Arrows struct {
	At, V *mat.Dense // tails and vectors [n, 2]
	Scale float64    // length drawn for a vector of length 1, both in units of the axes; 0 means a round one that keeps arrows apart
	Role  Role       // zero means Velocity
	Name  string     // in the legend, followed by the scale; "" means the role's
}

// Plot draws the arrows, implementing plot.Plotter.
func (l Arrows) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	n, _ := l.At.Dims()
	s := l.scale()
	for i := range n {
		px, py := l.At.At(i, 0), l.At.At(i, 1)
		l.arrow(&c, vg.Point{X: x(px), Y: y(py)}, vg.Point{X: x(px + s*l.V.At(i, 0)), Y: y(py + s*l.V.At(i, 1))})
	}
}

func (l Arrows) arrow(c *draw.Canvas, tail, tip vg.Point) {
	length := distance(tail, tip)
	if length < 0.5 {
		return
	}
	head := min(5.5, max(2.5, 0.4*length))
	c.SetColor(l.Role.or(Velocity).Color())
	c.SetLineWidth(0.9)
	c.SetLineDash(nil, 0)
	if length > head {
		var shaft vg.Path
		shaft.Move(tail)
		shaft.Line(tip.Sub(tip.Sub(tail).Scale(head * 0.8 / length)))
		c.Stroke(shaft)
	}
	arrowHead(c, tail, tip, head)
}

// arrowHead fills a barbed head of the given length that ends at tip, coming from tail.
func arrowHead(c *draw.Canvas, tail, tip vg.Point, length vg.Length) {
	along := tip.Sub(tail).Scale(length / distance(tail, tip))
	across := vg.Point{X: -along.Y, Y: along.X}.Scale(0.4)
	var head vg.Path
	head.Move(tip)
	head.Line(tip.Sub(along).Add(across))
	head.Line(tip.Sub(along.Scale(0.75)))
	head.Line(tip.Sub(along).Sub(across))
	head.Close()
	c.Fill(head)
}

func distance(a, b vg.Point) vg.Length {
	return vg.Length(math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)))
}

// scale returns Scale or, where that is 0, a round one. At it the longest arrow, after a twentieth of all are left out, is a
// little longer than evenly spread points would be apart, but between 1/22 and 1/8 of the picture.
func (l Arrows) scale() float64 {
	if l.Scale != 0 {
		return l.Scale
	}
	n, _ := l.At.Dims()
	lengths := make([]float64, n)
	for i := range n {
		lengths[i] = math.Hypot(l.V.At(i, 0), l.V.At(i, 1))
	}
	slices.Sort(lengths)
	long := lengths[(n-1)*19/20]
	x0, x1, y0, y1 := extent(l.At)
	span := max(x1-x0, y1-y0)
	if min(long, span) < 1/largest {
		return 1
	}
	s := min(span/8, max(span/22, 1.3*span/math.Sqrt(float64(n)))) / long
	unit := math.Pow(10, math.Floor(math.Log10(s)))
	for _, digit := range []float64{8, 6, 5, 4, 3, 2.5, 2, 1.5, 1.2, 1} {
		if digit*unit <= s {
			return digit * unit
		}
	}
	return unit
}

// DataRange returns the extent of tails and tips, implementing plot.DataRanger.
func (l Arrows) DataRange() (xmin, xmax, ymin, ymax float64) {
	var tips mat.Dense
	tips.Scale(l.scale(), l.V)
	tips.Add(&tips, l.At)
	return extent(l.At, &tips)
}

// Thumbnail draws an arrow, implementing plot.Thumbnailer.
func (l Arrows) Thumbnail(c *draw.Canvas) {
	l.arrow(c, vg.Point{X: c.Min.X + 1, Y: c.Center().Y}, vg.Point{X: c.Max.X - 1, Y: c.Center().Y})
}

func (l Arrows) keys() []key {
	name := cmp.Or(l.Name, l.Role.or(Velocity).String())
	if s := l.scale(); s != 1 {
		name += " × " + strconv.FormatFloat(s, 'g', 3, 64)
	}
	return []key{{name, int(l.Role.or(Velocity)), l, lineWidth}}
}

func (l Arrows) shape(a *axes) { a.plane = true }

func (l Arrows) check() error {
	if err := checkCloud("at", l.At); err != nil {
		return err
	}
	if err := checkCloud("v", l.V); err != nil {
		return err
	}
	if n, m := l.At.RawMatrix().Rows, l.V.RawMatrix().Rows; n != m {
		return fmt.Errorf("v: %d vectors for %d points", m, n)
	}
	if !finite(l.Scale) {
		return fmt.Errorf("scale: %v", l.Scale)
	}
	return nil
}
