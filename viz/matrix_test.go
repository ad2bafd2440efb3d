package viz

import (
	"image/color"
	"testing"

	"gonum.org/v1/gonum/mat"
)

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
