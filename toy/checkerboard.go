package toy

import (
	"math"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Checkerboard returns the uniform law on eight unit squares of a 4×4 board over [−2, 2)², those whose column and row
// have an even sum: density 1/8 there, 0 elsewhere.
func Checkerboard() Distribution {
	return Distribution{Name: "checkerboard", Dim: 2,
		At: func(s stream.Stream, x []float64) {
			square := s.Intn(0, 8)
			row := square / 2
			column := 2*(square%2) + row%2
			x[0] = float64(column-2) + s.Uniform(1)
			x[1] = float64(row-2) + s.Uniform(2)
		},
		Density: func(x []float64) float64 {
			column, row := math.Floor(x[0]), math.Floor(x[1])
			if max(math.Abs(column+0.5), math.Abs(row+0.5)) < 2 && math.Mod(column+row, 2) == 0 {
				return 1. / 8
			}
			return 0
		}}
}
