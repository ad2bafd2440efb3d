package judge

import (
	"math"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// How far a digit is moved at most to make another one of it.
const (
	mostShift   = 2.0  // pixels, along each axis
	mostTurn    = 0.2  // radians
	mostSlant   = 0.2  // pixels to the side for each pixel up
	mostStretch = 0.12 // of the size, along each axis on its own
)

// motion takes a place in the moved image, relative to the middle, to the place in the original whose ink it gets.
type motion struct{ xx, xy, yx, yy, dx, dy float64 }

// moving draws a motion with the words 0 to 5 of a stream, each a uniform part of its largest.
func moving(s stream.Stream) motion {
	part := func(i uint64, most float64) float64 { return most * (2*s.Uniform(i) - 1) }
	sin, cos := math.Sincos(part(2, mostTurn))
	slant := part(3, mostSlant)
	wide, high := 1+part(4, mostStretch), 1+part(5, mostStretch)
	return motion{
		xx: wide * cos, xy: wide * (slant*cos - sin),
		yx: high * sin, yy: high * (slant*sin + cos),
		dx: part(0, mostShift), dy: part(1, mostShift),
	}
}

// move writes the moved image. Between four pixels, it takes their bilinear mean. Outside there is paper.
func (m motion) move(image, into []float32) {
	at := func(x, y int) float64 {
		if x < 0 || x >= Side || y < 0 || y >= Side {
			return -1
		}
		return float64(image[y*Side+x])
	}
	const middle = (Side - 1) / 2.0
	for k := range into {
		x, y := float64(k%Side)-middle, float64(k/Side)-middle
		fromX, fromY := m.xx*x+m.xy*y+m.dx+middle, m.yx*x+m.yy*y+m.dy+middle
		left, top := math.Floor(fromX), math.Floor(fromY)
		u, v := fromX-left, fromY-top
		i, j := int(left), int(top)
		into[k] = float32((1-v)*((1-u)*at(i, j)+u*at(i+1, j)) + v*((1-u)*at(i, j+1)+u*at(i+1, j+1)))
	}
}
