package viz

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Cloud draws points of the plane. Size and opacity follow their number: ten stand out, ten thousand show their density.
type Cloud struct {
	Points  *mat.Dense // [n, 2]
	Weights []float64  // [n], non-negative; areas are proportional to them. nil for uniform
	Role    Role       // zero means Particles
	Name    string     // in the legend; "" means the role's
}

// Plot draws the cloud, implementing plot.Plotter.
func (l Cloud) Plot(c draw.Canvas, p *plot.Plot) {
	n, _ := l.Points.Dims()
	radius, opacity := grain(n, c)
	dot := func(at vg.Point, radius vg.Length) { l.dot(&c, at, radius, opacity) }
	if b, ok := c.Canvas.(*board); ok && l.Weights == nil {
		stamp := b.stamp(radius, func(c *draw.Canvas, at vg.Point) { l.dot(c, at, radius, opacity) })
		dot = func(at vg.Point, _ vg.Length) { stamp(at) }
	}
	x, y := p.Transforms(&c)
	average := mean(l.Weights)
	for i := range n {
		r := radius
		if l.Weights != nil {
			r *= vg.Length(math.Sqrt(l.Weights[i] / average))
		}
		dot(vg.Point{X: x(l.Points.At(i, 0)), Y: y(l.Points.At(i, 1))}, r)
	}
}

// grain returns the radius and opacity of one of n points.
func grain(n int, c draw.Canvas) (radius vg.Length, opacity float64) {
	const least, most = 0.35, 0.95
	decades := math.Log10(float64(n))
	return vg.Length(max(1, 4.3-0.85*decades)) * zoom(c), min(most, max(least, 1.25-0.2*decades))
}

// zoom returns the size of marks in small frames, 1 in large ones.
func zoom(c draw.Canvas) vg.Length {
	return vg.Length(min(1, max(0.7, math.Sqrt(float64(c.Size().X)/320))))
}

// haloed is the opacity from which points have a pale rim, to stand out from what is under them.
const haloed = 0.75 // 300 points or less

func (l Cloud) dot(c *draw.Canvas, at vg.Point, radius vg.Length, opacity float64) {
	if radius == 0 {
		return
	}
	role := l.Role.or(Particles)
	c.SetColor(fade(role.Color(), opacity))
	var circle vg.Path
	circle.Move(at.Add(vg.Point{X: radius}))
	circle.Arc(at, radius, 0, 2*math.Pi)
	circle.Close()
	if role.look().ring {
		c.SetLineWidth(max(0.9, radius/2))
		c.SetLineDash(nil, 0)
		c.Stroke(circle)
		return
	}
	if opacity >= haloed {
		c.SetLineStyle(draw.LineStyle{Color: paper, Width: 1})
		c.Stroke(circle)
		c.SetColor(fade(role.Color(), opacity))
	}
	c.Fill(circle)
}

// DataRange returns the extent of the points, implementing plot.DataRanger.
func (l Cloud) DataRange() (xmin, xmax, ymin, ymax float64) { return extent(l.Points) }

// Thumbnail draws one point, implementing plot.Thumbnailer.
func (l Cloud) Thumbnail(c *draw.Canvas) { l.dot(c, c.Center(), 3.5, 1) }

func (l Cloud) keys() []key {
	return []key{{cmp.Or(l.Name, l.Role.or(Particles).String()), int(l.Role.or(Particles)), l, dotWidth}}
}

func (l Cloud) shape(a *axes) { a.plane = true }

func (l Cloud) check() error {
	if err := checkCloud("points", l.Points); err != nil {
		return err
	}
	return checkWeights(l.Points, l.Weights)
}

// checkCloud looks at a cloud where it enters.
func checkCloud(name string, x *mat.Dense) error {
	if x == nil || x.IsEmpty() {
		return fmt.Errorf("%s: empty", name)
	}
	n, d := x.Dims()
	if d != 2 {
		return fmt.Errorf("%s: [%d, %d], want [n, 2]", name, n, d)
	}
	return checkFinite(name, x)
}

func checkFinite(name string, x *mat.Dense) error {
	n, _ := x.Dims()
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if !finite(v) {
				return fmt.Errorf("%s: row %d, column %d: %v", name, i, j, v)
			}
		}
	}
	return nil
}

func checkWeights(x *mat.Dense, weights []float64) error {
	if weights == nil {
		return nil
	}
	if n, _ := x.Dims(); n != len(weights) {
		return fmt.Errorf("weights: %d for %d points", len(weights), n)
	}
	for i, w := range weights {
		if !finite(w) || w < 0 {
			return fmt.Errorf("weights: row %d: %v", i, w)
		}
	}
	if !(mean(weights) > 0) {
		return fmt.Errorf("weights: sum 0")
	}
	return nil
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// extent returns the range of the points of all clouds, empty at first.
func extent(clouds ...*mat.Dense) (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, x := range clouds {
		n, _ := x.Dims()
		for i := range n {
			xmin, xmax = min(xmin, x.At(i, 0)), max(xmax, x.At(i, 0))
			ymin, ymax = min(ymin, x.At(i, 1)), max(ymax, x.At(i, 1))
		}
	}
	return xmin, xmax, ymin, ymax
}
