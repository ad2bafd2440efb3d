package viz

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// A board is a canvas whose lengths are logical pixels, with so many device pixels in each.
type board struct {
	*vgimg.Canvas
	density float64
}

func newBoard(size vg.Point, density float64, ground color.Color) *board {
	return &board{vgimg.NewWith(vgimg.UseWH(size.X, size.Y), vgimg.UseDPI(int(72*density)), vgimg.UseBackgroundColor(ground)), density}
}

// paste puts an image with its upper left corner at the point, or the device pixel next to it.
func (b *board) paste(img image.Image, at vg.Point) {
	_, height := b.Size()
	dots := func(x vg.Length) int { return int(math.Round(float64(x) * b.density)) }
	corner := image.Pt(dots(at.X), dots(height-at.Y))
	draw.Draw(b.Image(), img.Bounds().Add(corner), img, image.Point{}, draw.Over)
}

// stamp draws a dot once and returns how to put it at points, on whole device pixels: dots all alike are drawn fast and
// make small files.
func (b *board) stamp(radius vg.Length, dot func(*vgdraw.Canvas, vg.Point)) func(at vg.Point) {
	reach := vg.Length(math.Ceil(float64(radius) + 1))
	small := newBoard(vg.Point{X: 2 * reach, Y: 2 * reach}, b.density, color.Transparent)
	c := vgdraw.New(small)
	dot(&c, c.Center())
	return func(at vg.Point) { b.paste(small.Image(), vg.Point{X: at.X - reach, Y: at.Y + reach}) }
}

// sharpness returns the device pixels in a logical one of a canvas.
func sharpness(c vgdraw.Canvas) vg.Length {
	if b, ok := c.Canvas.(*board); ok {
		return vg.Length(b.density)
	}
	return density
}
