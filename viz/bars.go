package viz

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars draws values of categories, such as the weights of modes, as bars from 0, those of several series side by side.
type Bars struct {
	Labels []string // of the categories, below
	Series []Series
}

// Series is one value for every category.
type Series struct {
	Values []float64
	Role   Role   // zero means Series1 for the first, Series2 for the second, …
	Name   string // in the legend; "" means the role's
}

// Plot draws the bars, implementing plot.Plotter.
func (l Bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	width := 0.78 / float64(len(l.Series))
	for k, s := range l.Series {
		c.SetColor(l.role(k).Color())
		for i, v := range s.Values {
			left := float64(i) - 0.39 + float64(k)*width
			c.Fill(vg.Rectangle{
				Min: vg.Point{X: x(left) + 0.4, Y: y(min(0, v))},
				Max: vg.Point{X: x(left+width) - 0.4, Y: y(max(0, v))},
			}.Path())
		}
	}
}

func (l Bars) role(k int) Role { return l.Series[k].Role.or(Series1 + Role(k%4)) }

// DataRange returns the extent of the bars, implementing plot.DataRanger.
func (l Bars) DataRange() (xmin, xmax, ymin, ymax float64) {
	for _, s := range l.Series {
		ymin, ymax = min(ymin, slices.Min(s.Values)), max(ymax, slices.Max(s.Values))
	}
	return -0.5, float64(len(l.Labels)) - 0.5, ymin, ymax
}

func (l Bars) keys() []key {
	var keys []key
	for k, s := range l.Series {
		keys = append(keys, key{cmp.Or(s.Name, l.role(k).String()), int(l.role(k)), swatch(l.role(k)), dotWidth})
	}
	return keys
}

// A swatch is a role's colour in the legend.
type swatch Role

func (s swatch) Thumbnail(c *draw.Canvas) {
	c.SetColor(Role(s).Color())
	at := c.Center()
	c.Fill(vg.Rectangle{Min: at.Sub(vg.Point{X: 4.5, Y: 4.5}), Max: at.Add(vg.Point{X: 4.5, Y: 4.5})}.Path())
}

func (l Bars) shape(a *axes) {
	a.floor = true
	a.xticks = []plot.Tick{}
	for i, label := range l.Labels {
		a.xticks = append(a.xticks, plot.Tick{Value: float64(i), Label: label})
	}
}

func (l Bars) check() error {
	if len(l.Series) == 0 || len(l.Labels) == 0 {
		return fmt.Errorf("%d series of %d labels", len(l.Series), len(l.Labels))
	}
	for k, s := range l.Series {
		if len(s.Values) != len(l.Labels) {
			return fmt.Errorf("series[%d]: %d values for %d labels", k, len(s.Values), len(l.Labels))
		}
		for i, v := range s.Values {
			if !finite(v) {
				return fmt.Errorf("series[%d]: value %d: %v", k, i, v)
			}
		}
	}
	for _, label := range l.Labels {
		if err := tickText.check(label); err != nil {
			return err
		}
	}
	return nil
}
