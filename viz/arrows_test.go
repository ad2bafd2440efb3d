package viz

import (
	"image"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
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
