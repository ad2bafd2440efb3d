package viz

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve draws values over an axis, such as an energy or an error over iterations; 15 or fewer with a dot each. NaN and Inf
// break the line, with a cross at the last value before. So do values ≤ 0 on a logarithmic axis, with an arrow head at the
// edge of the frame beyond which the first of them lies.
type Curve struct {
	X    []float64 // nil means 0, 1, 2, …
	Y    []float64
	Role Role   // zero means Series1 for the first curve of a panel, Series2 for the second, …
	Name string // in the legend; "" leaves it out

	logX, logY bool
}

// within returns the curve as the panel draws it: with the scales of its axes, and with a role that follows those of the
// curves before.
func (l Curve) within(p Panel, before int) plot.Plotter {
	l.Role = l.Role.or(Series1 + Role(before%4))
	l.logX, l.logY = p.LogX, p.LogY
	return l
}

// Plot draws the line, implementing plot.Plotter.
func (l Curve) Plot(c draw.Canvas, p *plot.Plot) {
	l.Role = l.Role.or(Series1)
	_, l.logX = p.X.Scale.(plot.LogScale)
	_, l.logY = p.Y.Scale.(plot.LogScale)
	x, y := p.Transforms(&c)
	var run []vg.Point
	gone := false // beyond the edge
	for k, v := range l.Y {
		at := l.x(k)
		switch {
		case !finite(at) || !finite(v):
			if len(run) > 0 {
				l.cross(&c, run[len(run)-1])
			}
			l.stroke(&c, run)
			run, gone = nil, false
		case !shown(at, l.logX) || !shown(v, l.logY):
			if !gone {
				l.beyond(&c, x, y, at, v)
			}
			l.stroke(&c, run)
			run, gone = nil, true
		default:
			run, gone = append(run, vg.Point{X: x(at), Y: y(v)}), false
		}
	}
	l.stroke(&c, run)
}

// shown tells whether an axis has a place for v.
func shown(v float64, log bool) bool { return !log || v >= 1/largest }

// beyond points to where (at, v) lies, left of the frame or below it.
func (l Curve) beyond(c *draw.Canvas, x, y func(float64) vg.Length, at, v float64) {
	const length = 8
	tip, tail := c.Min, c.Min
	if shown(at, l.logX) {
		tip.X, tail.X = x(at), x(at)
	} else {
		tail.X += length
	}
	if shown(v, l.logY) {
		tip.Y, tail.Y = y(v), y(v)
	} else {
		tail.Y += length
	}
	c.SetColor(l.Role.Color())
	arrowHead(c, tail, tip, length)
}

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

// DataRange returns the extent of the values that have a place on their axis, implementing plot.DataRanger.
func (l Curve) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for k, v := range l.Y {
		at := l.x(k)
		if !finite(at) || !finite(v) {
			continue
		}
		if shown(at, l.logX) {
			xmin, xmax = min(xmin, at), max(xmax, at)
		}
		if shown(v, l.logY) {
			ymin, ymax = min(ymin, v), max(ymax, v)
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
	return []key{{l.Name, int(l.Role), l, lineWidth}}
}

func (l Curve) check() error {
	if l.X != nil && len(l.X) != len(l.Y) {
		return fmt.Errorf("x: %d values for %d of y", len(l.X), len(l.Y))
	}
	if xmin, xmax, ymin, ymax := l.DataRange(); xmin > xmax || ymin > ymax {
		return fmt.Errorf("y: none of %d values can be drawn", len(l.Y))
	}
	return nil
}
