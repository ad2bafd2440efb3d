package viz

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// draw puts the panel onto the figure. What the layers draw goes onto a board of the frame's size first: that clips it.
func (c *cell) draw(b *board) error {
	canvas := vgdraw.New(b)
	inner := newBoard(c.frame.Size(), b.density, paper)
	data := vgdraw.New(inner)
	if !c.axes.equal {
		c.gridLines(data)
	}
	for _, l := range c.panel.Layers {
		if f, ok := l.(filler); ok {
			s, err := f.fill(c.plot)
			if err != nil {
				return err
			}
			s.scale.bar(canvas, c.frame)
			l = s
		}
		l.Plot(data, c.plot)
	}
	b.paste(inner.Image(), vg.Point{X: c.frame.Min.X, Y: c.frame.Max.Y})
	if !c.axes.bare {
		c.box(canvas)
	}
	c.label(canvas)
	c.caption(canvas)
	return nil
}

// caption writes title and legend, from the top of the row down.
func (c *cell) caption(canvas vgdraw.Canvas) {
	at := vg.Point{X: c.frame.Min.X, Y: c.frame.Max.Y + c.head.height}
	for _, line := range c.head.title {
		titleText.draw(canvas, at.X, at.Y-titleText.size, 0, line)
		at.Y -= titleText.height()
	}
	c.head.legend.draw(canvas, at)
}

// gridLines draws hair lines at the labelled ticks.
func (c *cell) gridLines(data vgdraw.Canvas) {
	line := vgdraw.LineStyle{Color: hair, Width: 1}
	x, y := c.plot.Transforms(&data)
	for _, t := range c.yticks {
		if !t.IsMinor() {
			data.StrokeLine2(line, data.Min.X, y(t.Value), data.Max.X, y(t.Value))
		}
	}
	for _, t := range c.xticks {
		if !t.IsMinor() && c.axes.xticks == nil {
			data.StrokeLine2(line, x(t.Value), data.Min.Y, x(t.Value), data.Max.Y)
		}
	}
}

// box draws the frame and its ticks.
func (c *cell) box(canvas vgdraw.Canvas) {
	f := c.frame
	line := vgdraw.LineStyle{Color: edge, Width: 1}
	canvas.SetLineStyle(line)
	canvas.Stroke(f.Path())
	x, y := c.places()
	for _, t := range c.xticks {
		if at := x(t.Value); c.outerX && f.Min.X <= at && at <= f.Max.X {
			canvas.StrokeLine2(line, at, f.Min.Y, at, f.Min.Y-reach(t))
		}
	}
	for _, t := range c.yticks {
		if at := y(t.Value); c.outerY && f.Min.Y <= at && at <= f.Max.Y {
			canvas.StrokeLine2(line, f.Min.X, at, f.Min.X-reach(t), at)
		}
	}
}

// reach returns the length of a tick.
func reach(t plot.Tick) vg.Length {
	if t.IsMinor() {
		return tickLength / 2
	}
	return tickLength
}

// places returns where values of the axes lie on the figure.
func (c *cell) places() (x, y func(float64) vg.Length) {
	return c.plot.Transforms(&vgdraw.Canvas{Rectangle: c.frame})
}

// label writes the tick labels and the names of the axes.
func (c *cell) label(canvas vgdraw.Canvas) {
	f := c.frame
	x, y := c.places()
	if c.outerX {
		below := f.Min.Y - tickLength - 2
		if len(c.xticks) > 0 {
			below -= tickText.size
		}
		for _, t := range c.xticks {
			tickText.draw(canvas, x(t.Value), below+2, 0.5, t.Label)
		}
		for i, line := range c.xlabel {
			labelText.draw(canvas, (f.Min.X+f.Max.X)/2, below-vg.Length(i+1)*labelText.height(), 0.5, line)
		}
	}
	if c.outerY {
		for _, t := range c.yticks {
			tickText.draw(canvas, f.Min.X-tickLength-3, y(t.Value)-tickText.size*0.35, 1, t.Label)
		}
		labelText.drawUp(canvas, f.Min.X-c.left()+labelText.size, (f.Min.Y+f.Max.Y)/2, c.panel.YLabel)
	}
}
