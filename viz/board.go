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

// canvas returns all of the board.
func (b *board) canvas() vgdraw.Canvas { return vgdraw.NewCanvas(b, b.width(), b.height()) }

func (b *board) width() vg.Length  { w, _ := b.Size(); return w }
func (b *board) height() vg.Length { _, h := b.Size(); return h }

// paste puts an image with its upper left corner at the point, or the device pixel next to it.
func (b *board) paste(img image.Image, at vg.Point) {
	corner := image.Pt(b.dots(at.X), b.dots(b.height()-at.Y))
	draw.Draw(b.Image(), img.Bounds().Add(corner), img, image.Point{}, draw.Over)
}

func (b *board) dots(x vg.Length) int { return int(math.Round(float64(x) * b.density)) }

// stamp returns a picture of the dot and a way to put it at points: drawn once, pasted often.
func (b *board) stamp(radius vg.Length, dot func(*vgdraw.Canvas, vg.Point)) func(at vg.Point) {
	reach := vg.Length(math.Ceil(float64(radius) + 1))
	small := newBoard(vg.Point{X: 2 * reach, Y: 2 * reach}, b.density, color.Transparent)
	c := small.canvas()
	dot(&c, c.Center())
	return func(at vg.Point) { b.paste(small.Image(), vg.Point{X: at.X - reach, Y: at.Y + reach}) }
}
