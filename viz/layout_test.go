package viz

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// picture lays out and draws a grid.
func picture(t testing.TB, g Grid) (*layout, *image.RGBA) {
	t.Helper()
	layouts, err := arrange(g)
	if err != nil {
		t.Fatal(err)
	}
	img, err := layouts[0].draw(density)
	if err != nil {
		t.Fatal(err)
	}
	return layouts[0], img
}

// pixels returns the frame of a cell in device pixels.
func pixels(c *cell, img image.Image) image.Rectangle {
	h := img.Bounds().Dy()
	return image.Rect(int(c.frame.Min.X*density), h-int(c.frame.Max.Y*density), int(c.frame.Max.X*density), h-int(c.frame.Min.Y*density))
}

// painted returns the bounds of the bluish pixels in r: those of the particles.
func painted(img *image.RGBA, r image.Rectangle) image.Rectangle {
	var bounds image.Rectangle
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if c := img.RGBAAt(x, y); int(c.B)-int(c.R) > 80 {
				bounds = bounds.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return bounds
}

func circle(n int, rx, ry float64) *mat.Dense {
	x := mat.NewDense(n, 2, nil)
	for i := range n {
		a := 2 * math.Pi * float64(i) / float64(n)
		x.SetRow(i, []float64{rx * math.Cos(a), ry * math.Sin(a)})
	}
	return x
}

func TestUnitsAreEquallyLong(t *testing.T) {
	round, flat, tall := Cloud{Points: circle(40, 1, 1)}, Cloud{Points: circle(40, 5, 1), Role: Data}, Cloud{Points: circle(40, 1, 5), Role: Data}
	curve := Curve{Y: []float64{1, 2}}
	for name, g := range map[string]Grid{
		"alone":        {{{Layers: Layers{round}}}},
		"wide range":   {{{Layers: Layers{round, flat}}}},
		"tall range":   {{{Layers: Layers{round, tall}}, {Layers: Layers{round}}}},
		"in a row":     {{{Layers: Layers{round}}, {Layers: Layers{flat}}, {Layers: Layers{round, flat}}}},
		"beside curve": {{{Layers: Layers{round}}, {Layers: Layers{curve}}}},
		"limits":       {{{XLim: [2]float64{-9, 2}, YLim: [2]float64{-2, 2}, Layers: Layers{round}}}},
		"colour bar":   {{{Layers: Layers{Heat{F: math.Hypot}, round}}}},
		"free":         {{{Layers: Layers{round}, Free: true}, {Layers: Layers{flat}}}},
	} {
		l, img := picture(t, g)
		b := painted(img, pixels(l.cells[0][0], img))
		if w, h := b.Dx(), b.Dy(); w < 20 || w-h > 2 || h-w > 2 {
			t.Errorf("%s: a circle is %d pixels wide and %d high, want 20 at least and both the same, to within 2", name, w, h)
		}
	}
}

func TestNothingLeavesTheFrame(t *testing.T) {
	x, y := circle(60, 3, 3), circle(60, 2, 2)
	v, coupling := circle(60, 3, 3), mat.NewDense(60, 60, nil)
	for i := range 60 {
		coupling.Set(i, (i+7)%60, 1)
	}
	line, err := plotter.NewLine(plotter.XYs{{X: -9, Y: -9}, {X: 9, Y: 9}})
	if err != nil {
		t.Fatal(err)
	}
	line.Color = Particles.Color()
	for name, layers := range map[string]Layers{
		"cloud":        {Cloud{Points: x}},
		"trajectories": {Trajectories{Steps: []*mat.Dense{y, x}}},
		"arrows":       {Arrows{At: y, V: v, Role: Particles}},
		"links":        {Links{X: x, Y: y, Coupling: coupling}, Cloud{Points: y}},
		"foreign":      {Cloud{Points: y, Role: Data}, line},
	} {
		l, _ := picture(t, Grid{{{XLim: [2]float64{-1, 1}, YLim: [2]float64{0.5, 2}, Layers: layers}}})
		l.cells[0][0].head.legend = nil // which is outside and coloured
		img, err := l.draw(density)
		if err != nil {
			t.Fatal(err)
		}
		frame := pixels(l.cells[0][0], img).Inset(-density)
		for i := 0; i < len(img.Pix); i += 4 {
			at := image.Pt(i/4%img.Rect.Dx(), i/4/img.Rect.Dx())
			if c := img.RGBAAt(at.X, at.Y); !at.In(frame) && (c.R != c.G || c.G != c.B) {
				t.Fatalf("%s: colour %v at %v, want grey outside %v", name, c, at, frame)
			}
		}
	}
}

func TestLegendsLeaveDataAlone(t *testing.T) {
	a, b := Cloud{Points: circle(30, 1, 1)}, Cloud{Points: circle(30, 2, 2), Role: Data, Name: "a rather long name for the data of this figure"}
	c := Curve{Y: []float64{1, 2, 3}, Name: "a series with a name that needs room, more than there is beside others"}
	for name, g := range map[string]Grid{
		"one":    {{{Title: "title", Layers: Layers{a, b}}}},
		"common": {{{Layers: Layers{a, b}}, {Layers: Layers{b}}}},
		"own":    {{{Title: "a", Layers: Layers{a, b}}, {Title: "b", Layers: Layers{c, Level{Y: 2, Name: "level"}}}}, {{Layers: Layers{c}}}},
	} {
		l, _ := picture(t, g)
		for _, c := range l.allCells() {
			used := vg.Length(len(c.head.title))*titleText.height() + c.head.legend.height()
			if used > c.head.height {
				t.Errorf("%s: title and legend need %v above the frame, want the room of %v or less", name, used, c.head.height)
			}
			if len(l.keys) > 0 && c.frame.Max.Y > l.corner.Y-l.legend.height() {
				t.Errorf("%s: the common legend reaches down to %v, want it above the frame, which begins at %v",
					name, l.corner.Y-l.legend.height(), c.frame.Max.Y)
			}
			heading := vg.Rectangle{Min: vg.Point{X: c.frame.Min.X, Y: c.frame.Max.Y}, Max: vg.Point{X: c.frame.Max.X, Y: c.frame.Max.Y + c.head.height}}
			for _, other := range l.allCells() {
				if other != c && (overlap(c.frame, other.frame) || overlap(heading, other.frame)) {
					t.Errorf("%s: frame %v or its heading %v is in frame %v, want them apart",
						name, c.frame, heading, other.frame)
				}
			}
			for _, row := range c.head.legend {
				if w := (legend{row}).width(); len(row) > 1 && w > c.head.width {
					t.Errorf("%s: %d keys in a row are %v wide, want at most %v", name, len(row), w, c.head.width)
				}
			}
		}
	}
	l, _ := picture(t, Grid{{{Layers: Layers{a, b}}, {Layers: Layers{b}}}})
	if got, want := names(l.keys), []string{"particles", b.Name}; !slices.Equal(got, want) {
		t.Errorf("a common legend of %q, want %q", got, want)
	}
}

func overlap(a, b vg.Rectangle) bool {
	return a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y
}

func TestPanelsAlign(t *testing.T) {
	small, large := Layers{Cloud{Points: circle(9, 1, 1)}}, Layers{Cloud{Points: circle(9, 7, 5)}}
	l, _ := picture(t, Grid{{{Layers: small}, {Layers: large, Title: "a title"}}, {{Layers: small}, {Layers: small}}})
	a, b, c, d := l.cells[0][0], l.cells[0][1], l.cells[1][0], l.cells[1][1]
	if a.frame.Min.Y != b.frame.Min.Y || a.frame.Max.Y != b.frame.Max.Y || a.frame.Min.X != c.frame.Min.X || b.frame.Max.X != d.frame.Max.X {
		t.Errorf("frames %v %v in the first row, %v %v in the second, want rows and columns aligned",
			a.frame, b.frame, c.frame, d.frame)
	}
	for _, other := range []*cell{b, c, d} {
		if math.Abs(a.plot.X.Min-other.plot.X.Min) > 1e-9 || math.Abs(a.plot.Y.Max-other.plot.Y.Max) > 1e-9 {
			t.Errorf("x begins at %v and %v, y ends at %v and %v, want the same ranges",
				a.plot.X.Min, other.plot.X.Min, a.plot.Y.Max, other.plot.Y.Max)
		}
	}
	if !a.outerY || b.outerY || a.outerX || !c.outerX {
		t.Errorf("tick labels of the y axes %v and %v in the first row, of the x axes %v and %v in the first column, want true, false, false, true",
			a.outerY, b.outerY, a.outerX, c.outerX)
	}
	if l.width > fullWidth {
		t.Errorf("the figure is %v wide, want at most %v", l.width, fullWidth)
	}
}

func TestManyPanelsAreRefused(t *testing.T) {
	_, err := Row(make([]Panel, 30)).render()
	if err == nil {
		t.Error("30 empty panels are drawn, want an error")
	}
	row := make(Row, 30)
	for k := range row {
		row[k].Layers = Layers{Curve{Y: []float64{1, 2}}}
	}
	if _, err := row.render(); err == nil || !strings.Contains(err.Error(), "no room for 30 panels") {
		t.Errorf("error %v, want that there is no room for 30 panels", err)
	}
}

func BenchmarkRow(b *testing.B) {
	row := Row{
		{Title: "start", Layers: Layers{Cloud{Points: circle(1000, 2, 1)}, Cloud{Points: circle(1000, 1, 2), Role: Data}}},
		{Title: "end", Layers: Layers{Cloud{Points: circle(1000, 2, 2)}, Cloud{Points: circle(1000, 1, 1), Role: Data}}},
	}
	for b.Loop() {
		r, err := row.render()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(r.data)), "bytes/figure")
	}
}
