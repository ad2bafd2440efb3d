package viz

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"pgregory.net/rapid"
)

func TestArrowsHaveHeads(t *testing.T) {
	tail, v := mat.NewDense(1, 2, []float64{0, 0}), mat.NewDense(1, 2, []float64{1, 0})
	l, img := picture(t, Grid{{{XLim: [2]float64{-0.2, 1.2}, YLim: [2]float64{-0.5, 0.5}, Layers: Layers{Arrows{At: tail, V: v, Scale: 1, Role: Particles}}}}})
	frame := pixels(l.cells[0][0], img)
	b := painted(img, frame)
	thick := func(x int) int {
		return painted(img, image.Rect(x, frame.Min.Y, x+1, frame.Max.Y)).Dy()
	}
	shaft, head := thick((b.Min.X+b.Max.X)/2), thick(b.Max.X-8)
	if shaft < 1 || head < 3*shaft {
		t.Errorf("shaft %d pixels thick, head %d, want three times that at least", shaft, head)
	}
	if tip := thick(b.Max.X - 1); tip >= head {
		t.Errorf("tip %d pixels thick, want less than the head, %d", tip, head)
	}
	x, _ := l.cells[0][0].places()
	if got, want := float64(b.Max.X), float64(x(1)*density); math.Abs(got-want) > 3 {
		t.Errorf("tip at %v, want %v", got, want)
	}
}

func TestAutomaticScaleOfArrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 50).Draw(t, "n")
		size := math.Pow(10, rapid.Float64Range(-6, 6).Draw(t, "log size"))
		speed := math.Pow(10, rapid.Float64Range(-6, 6).Draw(t, "log speed"))
		a := Arrows{At: circle(n, size, size), V: circle(n, speed, speed)}
		if drawn := a.scale() * speed / (2 * size); drawn > 1./8+1e-9 || drawn < 1./44 {
			t.Fatalf("arrows as long as %v of the picture, want 1/44 to 1/8", drawn)
		}
	})
	still := Arrows{At: circle(3, 1, 1), V: mat.NewDense(3, 2, nil)}
	if s := still.scale(); s != 1 {
		t.Errorf("scale %v without motion, want 1", s)
	}
}

func TestTrajectoriesDarken(t *testing.T) {
	a, b := mat.NewDense(1, 2, []float64{0, 0}), mat.NewDense(1, 2, []float64{1, 0})
	var steps []*mat.Dense
	for k := range 41 {
		s := mat.NewDense(1, 2, nil)
		s.Scale(float64(k)/40, b)
		steps = append(steps, s)
	}
	l, img := picture(t, Grid{{{Layers: Layers{Trajectories{Steps: steps}}}}})
	x, y := l.cells[0][0].places()
	lightness := func(along float64) int {
		c := img.RGBAAt(int(x(along)*density), img.Rect.Dy()-int(y(a.At(0, 1))*density))
		return int(c.R) + int(c.G) + int(c.B)
	}
	if start, middle, end := lightness(0.1), lightness(0.5), lightness(0.9); !(start > middle && middle > end) {
		t.Errorf("lightness %d, %d, %d from start to end, want it to fall", start, middle, end)
	}
}

// A circle's level set is itself, to second order in the grid.
func TestContoursAreLevelSets(t *testing.T) {
	p := plot.New()
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -2, 2, -2, 2
	s, err := Heat{F: func(x, y float64) float64 { return x*x + y*y }}.fill(p)
	if err != nil {
		t.Fatal(err)
	}
	c := draw.NewCanvas(vgimg.New(400, 400), 400, 400)
	path := s.contour(1, &c, p)
	if len(path) < 100 {
		t.Fatalf("contour of %d points, want at least 100", len(path))
	}
	h := 4. / (heatPoints - 1)
	for _, at := range path {
		x, y := float64(at.Pos.X)/100-2, float64(at.Pos.Y)/100-2
		if r := math.Hypot(x, y); math.Abs(r-1) > h*h/2 {
			t.Fatalf("contour at radius %v, want 1 to within %v", r, h*h/2)
		}
	}
}

// In the square of a saddle, the corners that the centre sides with are joined and the others cut off.
func TestContoursAtSaddles(t *testing.T) {
	p := plot.New()
	p.X.Max, p.Y.Max, p.X.Min, p.Y.Min = 1, 1, 0, 0
	c := draw.NewCanvas(vgimg.New(1, 1), 1, 1)
	for _, offset := range []float64{-0.2, 0.2} {
		s := &shading{window: window{0, 1, 0, 1}, grid: mat.NewDense(2, 2, []float64{1 + offset, offset - 1, offset - 1, 1 + offset})}
		path := s.contour(0, &c, p)
		if len(path) != 4 {
			t.Fatalf("contours of %d points, want 4: two pieces", len(path))
		}
		for k := 0; k < 4; k += 2 {
			x, y := float64(path[k].Pos.X+path[k+1].Pos.X)/2, float64(path[k].Pos.Y+path[k+1].Pos.Y)/2
			if cut := math.Abs(x - y); offset > 0 != (cut > 0.5) {
				t.Errorf("offset %v: a piece about (%.2f, %.2f), want it to cut off a corner with x = y: %v",
					offset, x, y, offset < 0)
			}
		}
	}
}

func TestInterpolateIsExactForBilinear(t *testing.T) {
	f := func(x, y float64) float64 { return 1 + 2*x - 3*y + 0.5*x*y }
	grid := mat.NewDense(3, 4, nil)
	grid.Apply(func(i, j int, _ float64) float64 { return f(-1+float64(j), 5+float64(i)/2) }, grid)
	g := Interpolate(grid, [2]float64{-1, 2}, [2]float64{5, 6})
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.Float64Range(-1, 2).Draw(t, "x"), rapid.Float64Range(5, 6).Draw(t, "y")
		// Bilinear within each cell; the product term is bilinear over all.
		if got, want := g(x, y), f(x, y); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v at (%v, %v), want %v", got, x, y, want)
		}
	})
	if got, want := g(-7, 9), f(-1, 6); got != want {
		t.Errorf("beyond the corner %v, want %v", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic on one row")
		}
	}()
	Interpolate(mat.NewDense(1, 4, nil), [2]float64{}, [2]float64{})
}

// What breaks plotting packages: constants, single points, holes, and numbers large and small.
func TestDegenerateDataIsDrawn(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	one := mat.NewDense(1, 2, []float64{3, 3})
	for name, p := range map[string]Panel{
		"one point":      {Layers: Layers{Cloud{Points: one}}},
		"a point twice":  {Layers: Layers{Cloud{Points: mat.NewDense(2, 2, []float64{3, 3, 3, 3})}}},
		"still":          {Layers: Layers{Trajectories{Steps: []*mat.Dense{one, one}}, Arrows{At: one, V: mat.NewDense(1, 2, nil)}}},
		"far":            {Layers: Layers{Cloud{Points: mat.NewDense(2, 2, []float64{1e9, 1e9, 1e9 + 1, 1e9 + 1})}}},
		"huge":           {Layers: Layers{Cloud{Points: circle(5, 1e200, 1e200)}}},
		"tiny":           {Layers: Layers{Cloud{Points: circle(5, 1e-200, 1e-200)}}},
		"stripe":         {Layers: Layers{Cloud{Points: circle(5, 1e6, 1)}}},
		"tower":          {Layers: Layers{Cloud{Points: circle(5, 1, 1e6)}}},
		"constant heat":  {Layers: Layers{Heat{F: func(x, y float64) float64 { return 7 }}, Cloud{Points: one}}},
		"zero heat":      {Layers: Layers{Heat{F: func(x, y float64) float64 { return 0 }, Colors: Diverging}, Cloud{Points: one}}},
		"heat with hole": {Layers: Layers{Heat{F: func(x, y float64) float64 { return math.Log(x - 3) }}, Cloud{Points: one}}},
		"steep heat":     {Layers: Layers{Heat{F: func(x, y float64) float64 { return math.Exp(100 * x) }}, Cloud{Points: circle(5, 1, 1)}}},
		"matrix":         {Layers: Layers{Matrix{Values: mat.NewDense(1, 1, []float64{0})}}},
		"holed matrix":   {Layers: Layers{Matrix{Values: mat.NewDense(2, 3, []float64{1, nan, 2, inf, 3, -inf})}}},
		"one value":      {Layers: Layers{Curve{Y: []float64{2}}}},
		"constant curve": {Layers: Layers{Curve{Y: []float64{2, 2, 2}}}, LogY: true},
		"zero curve":     {Layers: Layers{Curve{Y: []float64{0, 0, 0}}}},
		"holed curve":    {Layers: Layers{Curve{Y: []float64{nan, 1, inf, 0, 2, nan}}}, LogY: true, LogX: true},
		"zero bars":      {Layers: Layers{Bars{Labels: []string{"a"}, Series: []Series{{Values: []float64{0}}}}}},
		"underflow":      {Layers: Layers{Curve{Y: []float64{5e-324, 1e308, 1, 1e-200}}}, LogY: true},
		"widest":         {Layers: Layers{Curve{X: []float64{-largest, largest}, Y: []float64{1 / largest, largest}}}, LogY: true},
		"denormal":       {Layers: Layers{Curve{Y: []float64{5e-324, 1e-323}}}},
		"denormal cloud": {Layers: Layers{Cloud{Points: circle(5, 1e-310, 1e-310)}, Arrows{At: circle(5, 1, 1), V: circle(5, 1e-310, 1e-310)}}},
		"denormal cells": {Layers: Layers{Matrix{Values: mat.NewDense(1, 2, []float64{5e-324, 0}), Marginals: true}}},
		"huge cells":     {Layers: Layers{Matrix{Values: mat.NewDense(1, 2, []float64{largest, 1e308}), Colors: Diverging}}},
		"no image":       {Layers: Layers{ImageGrid{Images: []image.Image{(*image.Gray)(nil), image.NewGray(image.Rect(0, 0, 2, 3))}}}},
		"gaps in grid":   {Layers: Layers{ImageGrid{Images: []image.Image{nil, image.NewGray(image.Rect(0, 0, 2, 3))}}}},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := picture(t, Grid{{p}})
			c := l.cells[0][0]
			for _, a := range []plot.Axis{c.plot.X, c.plot.Y} {
				if !(a.Min < a.Max) || math.IsInf(a.Max-a.Min, 0) {
					t.Errorf("axis from %v to %v, want a finite length above 0", a.Min, a.Max)
				}
			}
		})
	}
}

// A line takes as long to draw as it has pixels, those outside the frame included, unless it is cut off. Without that this
// test would not end in years.
func TestWhatIsFarFromTheFrameTakesNoTime(t *testing.T) {
	lim := [2]float64{-1, 1}
	for far := 1e3; far < largest; far *= far {
		there := mat.NewDense(1, 2, []float64{far, far / 3})
		p := Panel{XLim: lim, YLim: lim, Layers: Layers{
			Trajectories{Steps: []*mat.Dense{mat.NewDense(1, 2, nil), there}},
			Arrows{At: mat.NewDense(1, 2, nil), V: there, Scale: 1},
			Cloud{Points: there},
		}}
		curves := Panel{XLim: lim, YLim: lim, Layers: Layers{
			Curve{Y: []float64{0, 1, far, -far, 0}}, Curve{Y: []float64{far, 0}}, Bars{Labels: []string{""}, Series: []Series{{Values: []float64{far}}}},
		}}
		picture(t, Grid{{p}, {curves}})
	}
}

// What leaves the frame leaves it where a line of the same slope does that ends just outside.
func TestCutLinesKeepTheirSlope(t *testing.T) {
	lim := [2]float64{-1, 1}
	draw := func(far float64) *image.RGBA {
		_, img := picture(t, Grid{{{XLim: lim, YLim: lim, Layers: Layers{Curve{X: []float64{-0.5, far}, Y: []float64{-0.5, far/2 - 0.25}}}}}})
		return img
	}
	near, far := draw(1.5), draw(1.5e6)
	for i := range near.Pix {
		if d := int(near.Pix[i]) - int(far.Pix[i]); d > 64 || d < -64 { // a quarter of a pixel
			t.Fatalf("pixel %d is %d for a line that ends near and %d for one that ends far, want them within 64",
				i/4, near.Pix[i], far.Pix[i])
		}
	}
}

func TestHolesAreGrey(t *testing.T) {
	l, img := picture(t, Grid{{{XLim: [2]float64{-1, 1}, YLim: [2]float64{-1, 1}, Layers: Layers{Heat{F: func(x, y float64) float64 { return math.Sqrt(x) }}}}}})
	frame := pixels(l.cells[0][0], img)
	left := img.RGBAAt(frame.Min.X+frame.Dx()/4, frame.Min.Y+frame.Dy()/2)
	right := img.RGBAAt(frame.Min.X+frame.Dx()*3/4, frame.Min.Y+frame.Dy()/2)
	if left.R != left.B || left.R != edge.R || right.R == right.G {
		t.Errorf("%v where F is NaN, %v where it is not, want grey and a colour", left, right)
	}
}

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

func TestMatrixCellsAreWhereTheyBelong(t *testing.T) {
	m := mat.NewDense(2, 3, nil)
	m.Set(0, 2, 1) // first row on top, last column on the right
	l, img := picture(t, Grid{{{Layers: Layers{Matrix{Values: m}}}}})
	frame := pixels(l.cells[0][0], img)
	for i := range 2 {
		for j := range 3 {
			want := Sequential.colorAt(m.At(i, j))
			got := img.RGBAAt(frame.Min.X+frame.Dx()*(2*j+1)/6, frame.Min.Y+frame.Dy()*(2*i+1)/4)
			if got != (color.RGBA{want.R, want.G, want.B, 0xFF}) {
				t.Errorf("entry %d, %d is %v, want %v", i, j, got, want)
			}
		}
	}
	if r := frame.Dx() * 2; r < frame.Dy()*3-6 || r > frame.Dy()*3+6 {
		t.Errorf("a frame of 2×3 cells is %v, want square cells", frame)
	}
}

func TestImagesKeepTheirPixels(t *testing.T) {
	pixels8 := mat.NewDense(3, 4, []float64{0, 1, 1, 0, 0, 0, 0, 0, 1, 0, math.NaN(), 0.5})
	l, img := picture(t, Grid{{{Layers: Layers{ImageGrid{Images: Gray(pixels8, 0, 1), Columns: 2}}}}})
	frame := pixels(l.cells[0][0], img)
	at := func(image, k int) color.RGBA {
		x, y := 2*(image%2)+k%2, 2*(image/2)+k/2
		return img.RGBAAt(frame.Min.X+frame.Dx()*(2*x+1)/8, frame.Min.Y+frame.Dy()*(2*y+1)/8)
	}
	if white, black := at(0, 0), at(0, 1); white.R != 255 || black.R > 40 || at(2, 0) != black || at(1, 3) != white {
		t.Errorf("pixels: white %v and %v, black %v and %v, want each pair the same, at 255 and at most 40",
			white, at(1, 3), black, at(2, 0))
	}
	if c := at(2, 2); c.R <= c.G {
		t.Errorf("NaN is %v, want red", c)
	}
	if at(3, 0) != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("a place without image is %v, want white", at(3, 0))
	}
}

func TestRGB(t *testing.T) {
	img := RGB([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}, 3)
	if b := img.Bounds(); b != image.Rect(0, 0, 3, 2) {
		t.Fatalf("bounds %v, want 3 by 2", b)
	}
	if got, want := img.At(2, 1), (color.NRGBA{16, 17, 18, 255}); got != want {
		t.Errorf("last pixel %v, want %v", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("rows that end before the width: no panic")
		}
	}()
	RGB(make([]byte, 18), 4)
}

func TestSideOfImages(t *testing.T) {
	images := []image.Image{image.NewGray(image.Rect(0, 0, 2, 2)), image.NewGray(image.Rect(0, 0, 2, 2))}
	for side, want := range map[int]int{0: 92, 100: 200} {
		l, _ := picture(t, Grid{{{Layers: Layers{ImageGrid{Images: images, Side: side}}}}})
		if w := int(l.cells[0][0].frame.Size().X + 0.5); w != want {
			t.Errorf("side %d: two images are %d pixels wide, want %d", side, w, want)
		}
	}
}

func TestErrorsNameWhatIsWrong(t *testing.T) {
	good := circle(3, 1, 1)
	with := func(i, j int, v float64) *mat.Dense {
		x := mat.DenseCopyOf(good)
		x.Set(i, j, v)
		return x
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		layer plot.Plotter
		want  string
	}{
		{Cloud{}, "points: empty"},
		{Cloud{Points: mat.NewDense(2, 3, nil)}, "points: [2, 3], want [n, 2]"},
		{Cloud{Points: with(1, 0, nan)}, "points: row 1, column 0: NaN"},
		{Cloud{Points: with(2, 1, inf)}, "points: row 2, column 1: +Inf"},
		{Cloud{Points: good, Weights: []float64{1}}, "weights: 1 for 3 points"},
		{Cloud{Points: good, Weights: []float64{1, -1, 1}}, "weights: row 1: -1"},
		{Cloud{Points: good, Weights: []float64{0, 0, 0}}, "weights: sum 0"},
		{Trajectories{}, "steps: empty"},
		{Trajectories{Steps: []*mat.Dense{good, circle(4, 1, 1)}}, "steps[1]: 4 particles, but 3 at the start"},
		{Trajectories{Steps: []*mat.Dense{good, with(0, 0, inf)}}, "steps[1]: row 0, column 0: +Inf"},
		{Arrows{At: good}, "v: empty"},
		{Arrows{At: good, V: circle(2, 1, 1)}, "v: 2 vectors for 3 points"},
		{Arrows{At: good, V: good, Scale: nan}, "scale: NaN"},
		{Links{X: good, Y: good, Coupling: mat.NewDense(3, 2, []float64{1, 1, 1, 1, 1, 1})}, "coupling: [3, 2] for clouds of 3 and 3 points"},
		{Links{X: good, Y: good, Coupling: mat.NewDense(3, 3, nil)}, "coupling: no mass"},
		{Links{X: good, Y: good, Coupling: mat.NewDense(3, 3, []float64{0, 0, 0, 0, 0, -1, 0, 0, 0})}, "coupling: row 1, column 2: negative mass -1"},
		{Matrix{}, "values: empty"},
		{Matrix{Values: mat.NewDense(1, 2, []float64{nan, nan}), Name: "m"}, `"m": no finite value`},
		{Matrix{Values: mat.NewDense(1, 2, []float64{1, nan}), Marginals: true}, "values: row 0, column 1: NaN"},
		{Heat{}, "f: nil"},
		{Heat{F: func(x, y float64) float64 { return nan }}, "no finite value"},
		{Heat{F: math.Hypot, Range: [2]float64{2, 1}}, "range [2, 1]"},
		{Heat{F: math.Hypot, Name: "∇F"}, `"∇F": the font has no '∇'`},
		{Cloud{Points: good, Name: "∇"}, "the font has no"},
		{Curve{}, "y: none of 0 values can be drawn"},
		{Curve{Y: []float64{nan, inf}}, "y: none of 2 values can be drawn"},
		{Curve{X: []float64{1}, Y: []float64{1, 2}}, "x: 1 values for 2 of y"},
		{Level{Y: nan}, "y: NaN"},
		{Bars{}, "0 series of 0 labels"},
		{Bars{Labels: []string{"a"}, Series: []Series{{Values: []float64{1, 2}}}}, "series[0]: 2 values for 1 labels"},
		{Bars{Labels: []string{"a"}, Series: []Series{{Values: []float64{nan}}}}, "series[0]: value 0: NaN"},
		{ImageGrid{}, "images: empty"},
		{ImageGrid{Images: Gray(mat.NewDense(1, 4, nil), 0, 1), Side: -1}, "side: -1 pixels"},
		{ImageGrid{Images: []image.Image{image.NewGray(image.Rect(0, 0, 0, 0))}}, "images[0]: no pixels"},
		{ImageGrid{Images: Gray(mat.NewDense(1, 4, nil), 0, 1), RowLabels: []string{"a", "b"}}, "2 row and 0 column labels for 1 rows of 1 images"},
		{Cloud{Points: mat.NewDense(2, 2, []float64{0, 0, 1.7e308, 1.7e308})}, "points: row 1, column 0: 1.7e+308"},
		{Cloud{Points: good, Weights: []float64{1, 1, 1e308}}, "weights: row 2: 1e+308"},
		{Matrix{Values: mat.NewDense(1, 2, []float64{1, 1e308}), Marginals: true}, "values: row 0, column 1: 1e+308"},
		{Curve{Y: []float64{1e308, 1.7e308}}, "y: none of 2 values can be drawn"},
		{Level{Y: 1e308}, "y: 1e+308"},
		{(*plotter.Line)(nil), "layer 0: nil"},
		{nil, "layer 0: nil"},
	} {
		_, err := Panel{Title: "the panel", XLim: [2]float64{-1, 1}, YLim: [2]float64{-1, 1}, Layers: Layers{c.layer}}.render()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "the panel") {
			t.Errorf("%T: error %v, want %s", c.layer, err, c.want)
		}
	}
	for _, c := range []struct {
		figure Figure
		want   string
	}{
		{Panel{}, "x axis: range [+Inf, -Inf]"},
		{Panel{Layers: Layers{Heat{F: math.Hypot}}}, "neither layers nor limits give a range"},
		{Panel{Layers: Layers{Level{Y: 1}}}, "x axis: range"},
		{Panel{Layers: Layers{Curve{Y: []float64{1, 2}}}, YLim: [2]float64{2, 1}}, "y axis: range [2, 1]"},
		{Panel{Layers: Layers{Curve{Y: []float64{1, 2}}}, YLim: [2]float64{-2, 1}, LogY: true}, "y axis: logarithmic, but begins at -2"},
		{Panel{Layers: Layers{Curve{Y: []float64{0, -1}}}, LogY: true}, "none of 2 values"},
		{Panel{Layers: Layers{Cloud{Points: good}}, LogX: true}, "logarithmic axis"},
		{Panel{Layers: Layers{Curve{Y: []float64{1e308, 1.7e308}}}, LogY: true}, "none of 2 values"},
		{Panel{Layers: Layers{Level{Y: 5e-324}}, XLim: [2]float64{0, 1}, LogY: true}, "y axis: logarithmic, but begins at 5e-324"},
		{Panel{Layers: Layers{Curve{Y: []float64{1, 2}}}, YLim: [2]float64{0, 1e308}}, "y axis: range [0, 1e+308]"},
		{Panel{Layers: Layers{Matrix{Values: mat.NewDense(1, 5000, nil)}}}, "[0, 5000] by [0, 1] with equal units leaves a frame without pixels"},
		{Panel{Layers: Layers{Matrix{Values: mat.NewDense(5000, 1, nil)}}}, "[0, 1] by [0, 5000] with equal units leaves a frame without pixels"},
		{Panel{Layers: Layers{ImageGrid{Images: make([]image.Image, 5000), Columns: 5000}}}, "leaves a frame without pixels"},
		{Row{}, "without panels"},
		{Grid{}, "without panels"},
		{Animation{}, "without frames"},
		{Animation{Animation{}}, "frame 0: a viz.Animation is no still figure"},
		{Animation{Row{{Layers: Layers{Cloud{Points: good}}}}, Row{}}, "frame 1"},
	} {
		if _, err := c.figure.render(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: error %v, want %s", c.figure, err, c.want)
		}
	}
}
