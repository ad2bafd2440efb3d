package viz

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A scale is the colours over a range, with the words beside its bar.
type scale struct {
	colors   Colors
	min, max float64
	step     float64 // of the values that share a colour; 0 for none
	power    int     // of ten, in whose units the bar counts
	label    string
}

// newScale covers the range given, or that of the finite values where it is zero.
func newScale(colors Colors, given [2]float64, values []float64, label string) (scale, error) {
	s := scale{colors: colors, min: math.Inf(1), max: math.Inf(-1), label: label}
	for _, v := range values {
		if finite(v) {
			s.min, s.max = min(s.min, v), max(s.max, v)
		}
	}
	switch {
	case given != [2]float64{}:
		s.min, s.max = given[0], given[1]
	case s.min > s.max:
		return s, fmt.Errorf("%q: no finite value", label)
	case colors == Diverging:
		s.max = max(math.Abs(s.min), math.Abs(s.max))
		s.min = -s.max
	}
	if !(finite(s.min) && finite(s.max) && s.min <= s.max) {
		return s, fmt.Errorf("%q: range [%g, %g]", label, s.min, s.max)
	}
	s.min, s.max = widen(s.min, s.max)
	if top := math.Floor(math.Log10(max(math.Abs(s.min), math.Abs(s.max)))); top < -1 || top > 3 {
		s.power = int(top)
		s.label += ", 10" + exponent(s.power)
	}
	return s, nil
}

// color returns the colour of v; what is not finite is grey.
func (s scale) color(v float64) color.NRGBA {
	if !finite(v) {
		return edge
	}
	if s.step > 0 {
		v = (math.Floor(v/s.step) + 0.5) * s.step
	}
	return s.colors.colorAt((v - s.min) / (s.max - s.min))
}

// bar draws the scale to the right of the frame.
func (s scale) bar(c draw.Canvas, frame vg.Rectangle) {
	x0, x1, h := frame.Max.X+8, frame.Max.X+8+barWidth, frame.Size().Y
	for y := vg.Length(0); y < h; y++ {
		c.SetColor(s.color(s.min + (s.max-s.min)*float64((y+0.5)/h)))
		c.Fill(vg.Rectangle{Min: vg.Point{X: x0, Y: frame.Min.Y + y}, Max: vg.Point{X: x1, Y: frame.Min.Y + y + 1}}.Path())
	}
	line := draw.LineStyle{Color: edge, Width: 1}
	widest := vg.Length(0)
	unit := math.Pow10(s.power)
	lo, hi := s.min/unit, s.max/unit
	for _, t := range linearTicks(lo, hi, tickStep(hi-lo, max(4, int(h/36)))) {
		y := frame.Min.Y + h*vg.Length((t.Value-lo)/(hi-lo))
		c.StrokeLine2(line, x1, y, x1+3, y)
		tickText.draw(c, x1+6, y-tickText.size*0.35, 0, t.Label)
		widest = max(widest, tickText.width(t.Label))
	}
	labelText.drawUp(c, x1+6+widest+labelText.size+2, (frame.Min.Y+frame.Max.Y)/2, s.label)
}
