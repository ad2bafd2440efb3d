package viz

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
)

// An Animation is a figure that moves: still figures of the same panels, shown one after the other for four seconds or so,
// and again after a rest on the last. Axes, colours and legend are the same in all frames. For the colours of a [Heat] that
// changes, set its Range.
//
// In a notebook the last frame stands in wherever motion cannot be shown.
type Animation []Figure

func (a Animation) render() (*rendering, error) {
	grids := make([]Grid, len(a))
	for k, f := range a {
		switch f := f.(type) {
		case Panel:
			grids[k] = Grid{{f}}
		case Row:
			grids[k] = Grid{f}
		case Grid:
			grids[k] = f
		default:
			return nil, fmt.Errorf("frame %d: a %T is no still figure", k, f)
		}
	}
	layouts, err := arrange(grids...)
	if err != nil {
		return nil, err
	}
	last := layouts[len(a)-1]
	poster, err := last.still()
	if err != nil {
		return nil, err
	}
	data, err := film(layouts)
	if err != nil {
		return nil, err
	}
	return &rendering{"gif", data, poster.data, poster.width, poster.height}, nil
}

const (
	filmDensity = 1  // device pixels in a logical one: at 2, films take three times the bytes and the time
	filmColors  = 48 // more are not seen
)

// film encodes layouts as a GIF in which every frame holds only what it changes.
func film(layouts []*layout) ([]byte, error) {
	frames := make([]*image.RGBA, len(layouts))
	for k, l := range layouts {
		var err error
		if frames[k], err = l.draw(filmDensity); err != nil {
			return nil, fmt.Errorf("frame %d: %w", k, err)
		}
	}
	palette := newPalette(filmColors, frames...)
	palette.colors = append(palette.colors, color.Transparent)
	clear := uint8(len(palette.colors) - 1)
	g := &gif.GIF{Config: image.Config{ColorModel: palette.colors, Width: frames[0].Rect.Dx(), Height: frames[0].Rect.Dy()}}
	delay := min(20, max(4, 400/len(frames))) // hundredths of a second
	var shown *image.Paletted
	for _, f := range frames {
		next := palette.reduce(f)
		part := next
		if shown != nil {
			part = difference(shown, next, clear)
		}
		shown = next
		g.Image = append(g.Image, part)
		g.Delay = append(g.Delay, delay)
		g.Disposal = append(g.Disposal, gif.DisposalNone)
	}
	g.Delay[len(frames)-1] = 150
	var b bytes.Buffer
	err := gif.EncodeAll(&b, g)
	return b.Bytes(), err
}

// difference returns the smallest part of next that holds all pixels in which next differs from last. Those of its pixels
// that do not differ are clear.
func difference(last, next *image.Paletted, clear uint8) *image.Paletted {
	r := image.Rectangle{}
	for y := range next.Rect.Dy() {
		for x := range next.Rect.Dx() {
			if i := y*next.Stride + x; last.Pix[i] != next.Pix[i] {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if r.Empty() {
		r = image.Rect(0, 0, 1, 1)
	}
	part := image.NewPaletted(r, next.Palette)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			i, j := next.PixOffset(x, y), part.PixOffset(x, y)
			if part.Pix[j] = next.Pix[i]; last.Pix[i] == next.Pix[i] {
				part.Pix[j] = clear
			}
		}
	}
	return part
}
