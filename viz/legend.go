package viz

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A key is an entry of the legend.
type key struct {
	name  string
	look  int // tells keys of one name apart: the role, or the pattern of a level
	thumb plot.Thumbnailer
	width vg.Length // of the thumbnail
}

func names(keys []key) []string {
	var all []string
	for _, k := range keys {
		all = append(all, k.name)
	}
	return all
}

// merge appends the keys that are not there yet.
func merge(keys, more []key) []key {
	for _, k := range more {
		if !slices.ContainsFunc(keys, func(other key) bool { return other.name == k.name && other.look == k.look }) {
			keys = append(keys, k)
		}
	}
	return keys
}

// A legend is rows of keys above a frame, where there is no data.
type legend [][]key

const (
	dotWidth    = 9
	lineWidth   = 20
	keyGap      = 16
	legendSpace = 17 // height of a row
)

func keyWidth(k key) vg.Length { return k.width + 5 + labelText.width(k.name) + keyGap }

// newLegend breaks the keys into rows of at most the given width.
func newLegend(keys []key, width vg.Length) legend {
	var l legend
	room := vg.Length(0)
	for _, k := range keys {
		if w := keyWidth(k); len(l) == 0 || w-keyGap > room {
			l, room = append(l, nil), width
		}
		room -= keyWidth(k)
		l[len(l)-1] = append(l[len(l)-1], k)
	}
	return l
}

func (l legend) height() vg.Length { return vg.Length(len(l)) * legendSpace }

func (l legend) width() vg.Length {
	width := vg.Length(0)
	for _, row := range l {
		w := -vg.Length(keyGap)
		for _, k := range row {
			w += keyWidth(k)
		}
		width = max(width, w)
	}
	return width
}

// draw sets the rows from the upper left corner down.
func (l legend) draw(c draw.Canvas, corner vg.Point) {
	for i, row := range l {
		x, y := corner.X, corner.Y-vg.Length(i+1)*legendSpace
		for _, k := range row {
			k.thumb.Thumbnail(&draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + k.width, Y: y + legendSpace}}})
			labelText.draw(c, x+k.width+5, y+legendSpace/2-labelText.size*0.34, 0, k.name)
			x += keyWidth(k)
		}
	}
}
