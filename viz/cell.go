package viz

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// A cell is a panel made ready for drawing.
type cell struct {
	panel          Panel
	axes           axes
	window         window     // what the panel must show
	plot           *plot.Plot // what it shows, with the scales
	keys           []key
	barred         bool         // has a colour bar
	outerX, outerY bool         // shows tick labels and name of the axis
	frame          vg.Rectangle // on the figure
	head           heading
	xlabel         []string
	xticks, yticks []plot.Tick
}

// newCell checks the panel and gathers what its layers ask for.
func newCell(p Panel) (*cell, error) {
	c := &cell{plot: plot.New()}
	p.Layers = slices.Clone(p.Layers)
	if p.LogX {
		c.plot.X.Scale = plot.LogScale{}
	}
	if p.LogY {
		c.plot.Y.Scale = plot.LogScale{}
	}
	before := map[reflect.Type]int{}
	for i, l := range p.Layers {
		if isNil(l) {
			return nil, fmt.Errorf("layer %d: nil", i)
		}
		if f, ok := l.(follower); ok {
			kind := reflect.TypeOf(l)
			l = f.within(p, before[kind])
			before[kind]++
			p.Layers[i] = l
		}
		if l, ok := l.(checker); ok {
			if err := l.check(); err != nil {
				return nil, fmt.Errorf("layer %d, %T: %w", i, l, err)
			}
		}
		if l, ok := l.(shaper); ok {
			l.shape(&c.axes)
		}
		if l, ok := l.(keyed); ok {
			c.keys = merge(c.keys, l.keys())
		}
		if _, ok := l.(filler); ok {
			c.barred = true
		}
		c.plot.Add(l)
	}
	if c.axes.plane {
		c.axes.equal = true
		p.XLabel, p.YLabel = cmp.Or(p.XLabel, "x₁"), cmp.Or(p.YLabel, "x₂")
	}
	if c.axes.equal && (p.LogX || p.LogY) {
		return nil, errors.New("a logarithmic axis cannot have the same units as the other")
	}
	for _, s := range append([]string{p.Title, p.XLabel, p.YLabel}, names(c.keys)...) {
		if err := titleText.check(s); err != nil {
			return nil, err
		}
	}
	c.panel = p
	if c.shares() && c.plot.X.Min > c.plot.X.Max && c.plot.Y.Min > c.plot.Y.Max {
		c.window = nowhere // the other panels decide
		return c, nil
	}
	var err error
	if c.window.x0, c.window.x1, err = c.span(c.plot.X, p.XLim, p.LogX); err != nil {
		return nil, fmt.Errorf("x axis: %w", err)
	}
	if c.window.y0, c.window.y1, err = c.span(c.plot.Y, p.YLim, p.LogY); err != nil {
		return nil, fmt.Errorf("y axis: %w", err)
	}
	if c.axes.floor && c.plot.Y.Min == 0 {
		c.window.y0 = 0
	}
	return c, nil
}

// span returns the limits, or the range of the data with a margin.
func (c *cell) span(a plot.Axis, lim [2]float64, log bool) (lo, hi float64, err error) {
	lo, hi = a.Min, a.Max
	given := lim != [2]float64{}
	if given {
		lo, hi = lim[0], lim[1]
	}
	switch {
	case !(finite(lo) && finite(hi) && lo <= hi):
		return 0, 0, fmt.Errorf("range [%g, %g]: layers or limits have to give one within ±%g", lo, hi, largest)
	case log && lo < 1/largest:
		return 0, 0, fmt.Errorf("logarithmic, but begins at %g", lo)
	}
	if log {
		lo, hi = math.Log(lo), math.Log(hi)
	}
	lo, hi = widen(lo, hi)
	if !given && !c.axes.tight {
		margin := 0.04 * (hi - lo)
		lo, hi = lo-margin, hi+margin
	}
	if log {
		lo, hi = math.Exp(lo), math.Exp(hi)
	}
	return lo, hi, nil
}

// shares tells whether the cell takes the range that the panels of the plane have in common.
func (c *cell) shares() bool {
	return c.axes.plane && !c.panel.Free && c.panel.XLim == [2]float64{} && c.panel.YLim == [2]float64{}
}

// repeatsX and repeatsY tell whether the cell's axis is the same as the other cell's.
func (c *cell) repeatsX(o *cell) bool {
	return c.axes.plane == o.axes.plane && c.axes.tight == o.axes.tight && c.axes.equal &&
		c.window.x0 == o.window.x0 && c.window.x1 == o.window.x1 &&
		c.panel.XLabel == o.panel.XLabel && slices.Equal(c.axes.xticks, o.axes.xticks)
}

func (c *cell) repeatsY(o *cell) bool {
	return c.axes.plane == o.axes.plane && c.axes.tight == o.axes.tight && c.axes.equal &&
		c.window.y0 == o.window.y0 && c.window.y1 == o.window.y1 &&
		c.panel.YLabel == o.panel.YLabel && slices.Equal(c.axes.yticks, o.axes.yticks)
}

// ratio returns the height of the window over its width.
func (c *cell) ratio() vg.Length {
	return vg.Length((c.window.y1 - c.window.y0) / (c.window.x1 - c.window.x0))
}

// natural returns the height of a frame of equal aspect in a column of the given width.
func (c *cell) natural(width vg.Length) vg.Length {
	if c.axes.unit > 0 {
		return min(width, c.axes.unit*vg.Length(c.window.x1-c.window.x0)) * c.ratio()
	}
	return min(tallest, max(flattest, width*c.ratio()))
}

// fit sets the frame within the room given. With equal aspect, the range of one axis grows to the frame's shape, or the
// frame shrinks to that of the data.
func (c *cell) fit(room vg.Rectangle) {
	c.frame = room
	size := room.Size()
	if c.axes.equal && c.axes.tight {
		w, h := min(size.X, size.Y/c.ratio()), min(size.Y, size.X*c.ratio())
		c.frame.Max.X, c.frame.Min.Y = room.Min.X+w, room.Max.Y-h
		size = c.frame.Size()
	}
	w := c.window
	if c.axes.equal {
		unit := max((w.x1-w.x0)/float64(size.X), (w.y1-w.y0)/float64(size.Y))
		padX, padY := (unit*float64(size.X)-(w.x1-w.x0))/2, (unit*float64(size.Y)-(w.y1-w.y0))/2
		w = window{w.x0 - padX, w.x1 + padX, w.y0 - padY, w.y1 + padY}
	}
	c.plot.X.Min, c.plot.X.Max, c.plot.Y.Min, c.plot.Y.Max = w.x0, w.x1, w.y0, w.y1
	c.tick(size)
}

// tick chooses ticks that leave their labels room.
func (c *cell) tick(size vg.Point) {
	up, across := max(5, int(size.Y/36)), max(5, int(size.X/40))
	for ; ; across-- {
		c.xticks = ticks(c.axes.xticks, c.plot.X, c.panel.LogX, across)
		room := size.X
		for _, t := range c.xticks {
			if !t.IsMinor() {
				room -= tickText.width(t.Label) + 10
			}
		}
		if room > 0 || across == 2 {
			break
		}
	}
	if c.axes.plane { // the same step on both axes
		w := window{c.plot.X.Min, c.plot.X.Max, c.plot.Y.Min, c.plot.Y.Max}
		step := max(tickStep(w.x1-w.x0, across), tickStep(w.y1-w.y0, up))
		c.xticks, c.yticks = linearTicks(w.x0, w.x1, step), linearTicks(w.y0, w.y1, step)
		return
	}
	c.yticks = ticks(c.axes.yticks, c.plot.Y, c.panel.LogY, up)
}

func ticks(fixed []plot.Tick, a plot.Axis, log bool, most int) []plot.Tick {
	switch {
	case fixed != nil:
		return fixed
	case log:
		return logTicks(a.Min, a.Max, most)
	default:
		return linearTicks(a.Min, a.Max, tickStep(a.Max-a.Min, most))
	}
}

const (
	tickLength = 4
	barWidth   = 10
	barSpace   = 66 // beside the frame: bar, ticks and label
)

// left, bottom and right return the room that labels need beside the frame.
func (c *cell) left() vg.Length {
	if !c.outerY {
		return 10
	}
	room := vg.Length(6)
	for _, t := range c.yticks {
		room = max(room, tickText.width(t.Label)+tickLength+5)
	}
	if c.panel.YLabel != "" {
		room += labelText.height() + 2
	}
	return room
}

func (c *cell) bottom(width vg.Length) vg.Length {
	if !c.outerX {
		return 6
	}
	room := vg.Length(6)
	if len(c.xticks) > 0 {
		room += tickText.height() + tickLength
	}
	c.xlabel = labelText.wrap(c.panel.XLabel, width)
	return room + vg.Length(len(c.xlabel))*labelText.height() + 2
}

func (c *cell) right() vg.Length {
	if c.barred {
		return barSpace
	}
	return 10 // half a tick label
}

// A heading is what stands above a frame.
type heading struct {
	title         []string
	legend        legend
	width, height vg.Length
}

// top breaks title and legend into lines of the width, and returns the room they need above the frame.
func (c *cell) top(width vg.Length) vg.Length {
	c.head = heading{title: titleText.wrap(c.panel.Title, width), legend: newLegend(c.keys, width), width: width}
	return vg.Length(len(c.head.title))*titleText.height() + c.head.legend.height() + above
}

// follow takes place, axes and legend of another frame's cell.
func (c *cell) follow(first *cell) {
	panel := c.panel
	*c = *first
	c.panel = panel
	c.head.title = titleText.wrap(panel.Title, first.head.width)
}
