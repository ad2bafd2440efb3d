package viz

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Level draws a reference value as a thin line across the frame: dotted, dashed for the second of a panel, and so on.
type Level struct {
	Y    float64
	Name string // in the legend; "" leaves it out

	pattern int
}

var patterns = [...][]vg.Length{{2, 2.5}, {6, 2.5}, {10, 2.5, 2, 2.5}, {6, 2.5, 2, 2.5, 2, 2.5}}

// within returns the level as its panel draws it: with a pattern that follows those of the levels before.
func (l Level) within(_ Panel, before int) plot.Plotter {
	l.pattern = before % len(patterns)
	return l
}

// Plot draws the line, implementing plot.Plotter.
func (l Level) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	l.line(&c, y(l.Y))
}

func (l Level) line(c *draw.Canvas, y vg.Length) {
	c.StrokeLine2(draw.LineStyle{Color: fade(paper, 0.5), Width: 2.2}, c.Min.X, y, c.Max.X, y)
	c.StrokeLine2(draw.LineStyle{Color: ink, Width: 1, Dashes: patterns[l.pattern]}, c.Min.X, y, c.Max.X, y)
}

// DataRange returns the level, implementing plot.DataRanger.
func (l Level) DataRange() (xmin, xmax, ymin, ymax float64) {
	return math.Inf(1), math.Inf(-1), l.Y, l.Y
}

// Thumbnail draws a piece of the line, implementing plot.Thumbnailer.
func (l Level) Thumbnail(c *draw.Canvas) { l.line(c, c.Center().Y) }

func (l Level) keys() []key {
	if l.Name == "" {
		return nil
	}
	return []key{{l.Name, l.pattern, l, lineWidth}}
}

func (l Level) check() error {
	if !finite(l.Y) {
		return fmt.Errorf("y: %v", l.Y)
	}
	return nil
}
