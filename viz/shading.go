package viz

import (
	"image"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A shading is values made visible: a colour for every pixel, and contours where they have a grid.
type shading struct {
	scale  scale
	value  func(x, y float64) float64
	window window                        // where it is drawn
	grid   *mat.Dense                    // values over the window; nil for no contours
	over   func(draw.Canvas, *plot.Plot) // draws on top; nil for nothing
}

func (s *shading) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	w := s.window
	area := vg.Rectangle{Min: vg.Point{X: x(w.x0), Y: y(w.y0)}, Max: vg.Point{X: x(w.x1), Y: y(w.y1)}}
	dots := sharpness(c)
	img := image.NewNRGBA(image.Rect(0, 0, int(area.Size().X*dots+0.5), int(area.Size().Y*dots+0.5)))
	columns, rows := img.Rect.Dx(), img.Rect.Dy()
	for i := range rows {
		y := w.y1 - (w.y1-w.y0)*(float64(i)+0.5)/float64(rows)
		for j := range columns {
			x := w.x0 + (w.x1-w.x0)*(float64(j)+0.5)/float64(columns)
			img.SetNRGBA(j, i, s.scale.color(s.value(x, y)))
		}
	}
	c.DrawImage(area, img)
	if s.over != nil {
		s.over(c, p)
	}
	if s.grid == nil {
		return
	}
	for _, t := range linearTicks(s.scale.min, s.scale.max, s.scale.step) {
		style := draw.LineStyle{Color: fade(ink, 0.25), Width: 0.7}
		if s.scale.colors == Diverging && t.Label == "0" {
			style = draw.LineStyle{Color: fade(ink, 0.7), Width: 1.2}
		}
		c.SetLineStyle(style)
		c.Stroke(s.contour(t.Value, &c, p))
	}
}

// contour returns the line at which the values cross the level: marching squares, with the mean deciding at saddles.
func (s *shading) contour(level float64, c *draw.Canvas, p *plot.Plot) vg.Path {
	var path vg.Path
	rows, columns := s.grid.Dims()
	x, y := p.Transforms(c)
	corners := [4][2]int{{0, 0}, {0, 1}, {1, 1}, {1, 0}}
	for i := range rows - 1 {
		for j := range columns - 1 {
			var v [4]float64
			sum := 0.0
			for k, at := range corners {
				v[k] = s.grid.At(i+at[0], j+at[1]) - level
				sum += v[k]
			}
			if math.IsNaN(sum) || math.IsInf(sum, 0) {
				continue
			}
			var crossings []vg.Point
			for k := range corners {
				a, b := corners[k], corners[(k+1)%4]
				va, vb := v[k], v[(k+1)%4]
				if (va < 0) == (vb < 0) {
					continue
				}
				t := va / (va - vb)
				row, column := float64(i)+float64(a[0])*(1-t)+float64(b[0])*t, float64(j)+float64(a[1])*(1-t)+float64(b[1])*t
				crossings = append(crossings, vg.Point{
					X: x(s.window.x0 + (s.window.x1-s.window.x0)*column/float64(columns-1)),
					Y: y(s.window.y0 + (s.window.y1-s.window.y0)*row/float64(rows-1)),
				})
			}
			if len(crossings) == 4 && (sum < 0) != (v[0] < 0) {
				crossings = append(crossings[1:], crossings[0])
			}
			for k := 0; k+1 < len(crossings); k += 2 {
				path.Move(crossings[k])
				path.Line(crossings[k+1])
			}
		}
	}
	return path
}
