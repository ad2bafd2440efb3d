package viz

import "testing"

func TestLevelsDiffer(t *testing.T) {
	layers := Layers{Curve{Y: []float64{0, 3}}, Level{Y: 1, Name: "a"}, Level{Y: 2, Name: "b"}}
	l, img := picture(t, Grid{{{YLim: [2]float64{0, 3}, Layers: layers}}})
	_, y := l.cells[0][0].places()
	f := pixels(l.cells[0][0], img)
	dark := func(v float64) (n int) { // of the columns along the line
		row := img.Rect.Dy() - int(y(v)*density)
		for x := f.Min.X; x < f.Max.X; x++ {
			if min(img.RGBAAt(x, row-1).R, img.RGBAAt(x, row).R) < 128 {
				n++
			}
		}
		return n
	}
	// 2 of 4.5 are dark, and 6 of 8.5.
	if dotted, dashed := dark(1), dark(2); dotted == 0 || float64(dashed) < 1.3*float64(dotted) {
		t.Errorf("%d dark pixels in the dotted level, %d in the dashed one, want some, and 1.3 times as many at least",
			dotted, dashed)
	}
	other := Panel{Layers: Layers{Curve{Y: []float64{0, 3}}, Level{Y: 2, Name: "b"}}}
	l, _ = picture(t, Grid{{{Layers: layers}, other}})
	if len(l.keys) > 0 {
		t.Errorf("a common legend of %q, want one for each panel: b looks different in each", names(l.keys))
	}
}
