package viz

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// A board is a canvas whose lengths are logical pixels, with density device pixels in each.
type board struct {
	*vgimg.Canvas
	density float64
}

func newBoard(size vg.Point, density float64, ground color.Color) *board {
	return &board{vgimg.NewWith(vgimg.UseWH(size.X, size.Y), vgimg.UseDPI(int(72*density)), vgimg.UseBackgroundColor(ground)), density}
}

// Stroke draws the path's lines as far as they come near the board: the time to draw one grows with its length.
func (b *board) Stroke(p vg.Path) {
	if !slices.ContainsFunc(p, func(c vg.PathComp) bool { return b.nearest(c.Pos) != c.Pos }) {
		b.Canvas.Stroke(p)
		return
	}
	var lines [][]vg.Point
	for _, c := range p {
		if len(lines) == 0 || c.Type == vg.MoveComp {
			lines = append(lines, nil)
		}
		switch line := &lines[len(lines)-1]; {
		case c.Type == vg.MoveComp || c.Type == vg.LineComp:
			*line = append(*line, c.Pos)
		case c.Type == vg.CloseComp && len(*line) > 0:
			*line = append(*line, (*line)[0])
		}
	}
	area := vgdraw.Canvas{Rectangle: b.near()}
	for _, line := range area.ClipLinesXY(lines...) {
		var part vg.Path
		part.Move(line[0])
		for _, at := range line[1:] {
			part.Line(at)
		}
		b.Canvas.Stroke(part)
	}
}

// Fill fills the path, after moving its points that are far from the board nearer. What is small, or has its sides along the
// axes, looks the same then.
func (b *board) Fill(p vg.Path) {
	p = slices.Clone(p)
	for k, c := range p {
		p[k].Pos = b.nearest(c.Pos)
	}
	b.Canvas.Fill(p)
}

// near returns the board with room around it for the width of lines and the reach of dots.
func (b *board) near() vg.Rectangle {
	const room = 500
	w, h := b.Size()
	return vg.Rectangle{Min: vg.Point{X: -room, Y: -room}, Max: vg.Point{X: w + room, Y: h + room}}
}

// nearest returns the point of near that is nearest to at.
func (b *board) nearest(at vg.Point) vg.Point {
	r := b.near()
	return vg.Point{X: min(r.Max.X, max(r.Min.X, at.X)), Y: min(r.Max.Y, max(r.Min.Y, at.Y))}
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
