package viz

import (
	"image"
	"testing"
)

// On a logarithmic axis, 0 is beyond the lower edge: that is where an arrow head is, below where the 0 would be.
func TestZerosOnLogarithmicAxesAreMarked(t *testing.T) {
	const inside = 8 // device pixels from the edge of the frame
	mark := func(p Panel, k int) bool {
		l, img := picture(t, Grid{{p}})
		x, y := l.cells[0][0].places()
		f := pixels(l.cells[0][0], img)
		var place image.Point
		if p.LogY {
			place = image.Pt(int(x(float64(k))*density), f.Max.Y-inside)
		} else {
			place = image.Pt(f.Min.X+inside, img.Rect.Dy()-int(y(float64(k))*density))
		}
		return !painted(img, image.Rectangle{Min: place, Max: place.Add(image.Pt(1, 1))}).Empty()
	}
	y := []float64{5, 9, 0, -1, 4, 0}
	for column, want := range []bool{false, false, true, false, false, true} {
		if got := mark(Panel{LogY: true, Layers: Layers{Curve{Y: y, Role: Particles}}}, column); got != want {
			t.Errorf("mark below value %d: %v, want %v", column, got, want)
		}
	}
	x := []float64{0, 1, 2}
	for row, want := range []bool{true, false, false} {
		if got := mark(Panel{LogX: true, Layers: Layers{Curve{X: x, Y: []float64{0, 1, 2}, Role: Particles}}}, row); got != want {
			t.Errorf("mark left of value %d: %v, want %v", row, got, want)
		}
	}
}
