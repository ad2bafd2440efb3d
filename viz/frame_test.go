package viz

import (
	"image"
	"testing"

	"gonum.org/v1/gonum/mat"
)

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
