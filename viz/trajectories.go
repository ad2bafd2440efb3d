package viz

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Trajectories draws the ways of n particles over steps: a ring at the start, a line that darkens with the way gone, and an
// arrow head at the end.
type Trajectories struct {
	Steps []*mat.Dense // positions over steps, each [n, 2]
	Role  Role         // zero means Particles
	Name  string       // in the legend; "" means "trajectory"
}

// Plot draws the lines, implementing plot.Plotter.
func (l Trajectories) Plot(c draw.Canvas, p *plot.Plot) {
	n, _ := l.Steps[0].Dims()
	x, y := p.Transforms(&c)
	for i := range n {
		var way []vg.Point
		for _, s := range l.Steps {
			at := vg.Point{X: x(s.At(i, 0)), Y: y(s.At(i, 1))}
			if len(way) == 0 || distance(at, way[len(way)-1]) > 0.7 {
				way = append(way, at)
			}
		}
		l.draw(&c, way, zoom(c), min(1, 10/math.Sqrt(float64(n))))
	}
}

// draw strokes a way of at least one point in shades from start to end.
func (l Trajectories) draw(c *draw.Canvas, way []vg.Point, zoom vg.Length, opacity float64) {
	const shades = 8
	total := vg.Length(0)
	for k := 1; k < len(way); k++ {
		total += distance(way[k-1], way[k])
	}
	color := l.Role.or(Particles).Color()
	Cloud{Role: Noise}.dot(c, way[0], 1.6*zoom, opacity)
	c.SetLineWidth(zoom)
	c.SetLineDash(nil, 0)
	gone, from := vg.Length(0), 0
	for k := 1; k < len(way); k++ {
		gone += distance(way[k-1], way[k])
		if shade := int(gone / total * shades); k+1 == len(way) || int((gone+distance(way[k], way[k+1]))/total*shades) > shade {
			var line vg.Path
			line.Move(way[from])
			for _, at := range way[from+1 : k+1] {
				line.Line(at)
			}
			c.SetColor(fade(color, opacity*(0.15+0.75*float64(gone/total))))
			c.Stroke(line)
			from = k
		}
	}
	// The last steps before rest point anywhere: the head takes its direction from the last few pixels.
	head := 5 * zoom
	for k := len(way) - 2; k >= 0; k-- {
		if end := way[len(way)-1]; distance(way[k], end) > head || k == 0 {
			c.SetColor(fade(color, math.Sqrt(opacity)))
			arrowHead(c, way[k], end, min(head, distance(way[k], end)))
			return
		}
	}
}

// DataRange returns the extent of all positions, implementing plot.DataRanger.
func (l Trajectories) DataRange() (xmin, xmax, ymin, ymax float64) { return extent(l.Steps...) }

// Thumbnail draws a short way, implementing plot.Thumbnailer.
func (l Trajectories) Thumbnail(c *draw.Canvas) {
	var way []vg.Point
	for k := vg.Length(0); k <= 8; k++ {
		way = append(way, vg.Point{X: c.Min.X + 2 + k*(c.Size().X-3)/8, Y: c.Center().Y})
	}
	l.draw(c, way, 1, 1)
}

func (l Trajectories) keys() []key {
	return []key{{cmp.Or(l.Name, "trajectory"), int(l.Role.or(Particles)), l, lineWidth}}
}

func (l Trajectories) shape(a *axes) { a.plane = true }

func (l Trajectories) check() error {
	if len(l.Steps) == 0 {
		return fmt.Errorf("steps: empty")
	}
	for k, s := range l.Steps {
		if err := checkCloud(fmt.Sprintf("steps[%d]", k), s); err != nil {
			return err
		}
		n, _ := s.Dims()
		if first, _ := l.Steps[0].Dims(); n != first {
			return fmt.Errorf("steps[%d]: %d particles, but %d at the start", k, n, first)
		}
	}
	return nil
}
