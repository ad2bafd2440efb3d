package viz

import (
	"image"
	"image/color"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

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
