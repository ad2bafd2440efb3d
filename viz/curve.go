package viz

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve draws values over an axis, such as an energy or an error over iterations; 15 or fewer with a dot each. NaN and Inf
// break the line, with a cross at the last value before, and so do values ≤ 0 on a logarithmic axis, without one.
type Curve struct {
	X    []float64 // nil means 0, 1, 2, …
	Y    []float64
	Role Role   // zero means Series1 for the first curve of a panel, Series2 for the second, …
	Name string // in the legend; "" leaves it out

	logX, logY bool
}

// within returns the curve as it is in a panel, after some others.
func (l Curve) within(p Panel, before int) Curve {
	l.Role = l.Role.or(Series1 + Role(before%4))
	l.logX, l.logY = p.LogX, p.LogY
	return l
}

// Plot draws the line, implementing plot.Plotter.
func (l Curve) Plot(c draw.Canvas, p *plot.Plot) {
	l.Role = l.Role.or(Series1)
	x, y := p.Transforms(&c)
	var run []vg.Point
	for k, v := range l.Y {
		at := l.x(k)
		switch {
		case !finite(at, v):
			if len(run) > 0 {
				l.cross(&c, run[len(run)-1])
			}
			l.stroke(&c, run)
			run = nil
		case !shown(p.X, at) || !shown(p.Y, v):
			l.stroke(&c, run)
			run = nil
		default:
			run = append(run, vg.Point{X: x(at), Y: y(v)})
		}
	}
	l.stroke(&c, run)
}

// shown tells whether the axis has a place for v.
func shown(a plot.Axis, v float64) bool {
	_, log := a.Scale.(plot.LogScale)
	return !log || v > 0
}

func finite(x, y float64) bool { return !math.IsNaN(x-y) && !math.IsInf(x, 0) && !math.IsInf(y, 0) }

func (l Curve) x(k int) float64 {
	if l.X == nil {
		return float64(k)
	}
	return l.X[k]
}

func (l Curve) stroke(c *draw.Canvas, run []vg.Point) {
	c.StrokeLines(l.Role.line(1.6), run)
	if len(l.Y) <= 15 || len(run) == 1 {
		for _, at := range run {
			Cloud{Role: l.Role}.dot(c, at, 2.6, 1)
		}
	}
}

func (l Curve) cross(c *draw.Canvas, at vg.Point) {
	const r = 4
	style := draw.LineStyle{Color: l.Role.Color(), Width: 1.6}
	c.StrokeLine2(style, at.X-r, at.Y-r, at.X+r, at.Y+r)
	c.StrokeLine2(style, at.X-r, at.Y+r, at.X+r, at.Y-r)
}

// DataRange returns the extent of the values drawn, implementing plot.DataRanger.
func (l Curve) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for k, v := range l.Y {
		if at := l.x(k); finite(at, v) && (at > 0 || !l.logX) && (v > 0 || !l.logY) {
			xmin, xmax, ymin, ymax = min(xmin, at), max(xmax, at), min(ymin, v), max(ymax, v)
		}
	}
	return xmin, xmax, ymin, ymax
}

// Thumbnail draws a piece of the line, implementing plot.Thumbnailer.
func (l Curve) Thumbnail(c *draw.Canvas) {
	c.StrokeLine2(l.Role.or(Series1).line(1.8), c.Min.X, c.Center().Y, c.Max.X, c.Center().Y)
}

func (l Curve) keys() []key {
	if l.Name == "" {
		return nil
	}
	return []key{{l.Name, l.Role, l, lineWidth}}
}

func (l Curve) check() error {
	if l.X != nil && len(l.X) != len(l.Y) {
		return fmt.Errorf("x: %d values for %d of y", len(l.X), len(l.Y))
	}
	if xmin, xmax, _, _ := l.DataRange(); xmin > xmax {
		return fmt.Errorf("y: none of %d values can be drawn", len(l.Y))
	}
	return nil
}
