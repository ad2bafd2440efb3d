package softmin

import (
	"math"
)

// resolves tells whether scores near a reference of this size are known to a few powers of two. Then no term is out of
// range.
func (s *Sum[T]) resolves(reference float64) bool {
	unit := 0x1p-53
	if size[T]() == 4 {
		unit = 0x1p-24
	}
	return (math.Abs(reference)+s.highest)*unit*float64(s.d+4) <= 16
}

// redo returns L_i of a row whose reference does not resolve its scores, by two passes of plain Go. If mean [d] is not nil,
// it has to be 0, and redo adds T_i to it, in the scale of the scaled points.
func (s *Sum[T]) redo(i int, w *scratch[T], mean []float64) float64 {
	s.redone.Store(true)
	k, row, r := kernelsOf[T](), i/groupRows*groupRows, i%groupRows
	eachScore := func(do func(score float64, y []T, lane int)) {
		s.tiles(func(y, h []T, column int) {
			scores := s.scores(k, row, y, column, w)[r*len(h) : (r+1)*len(h)]
			for j, c := range scores {
				do(float64(c)+float64(h[j]), y[j/lanes[T]()*lanes[T]()*s.d:], j%lanes[T]())
			}
		})
	}
	largest, sum := math.Inf(-1), 0.0
	eachScore(func(score float64, _ []T, _ int) { largest = max(largest, score) })
	if math.IsInf(largest, -1) {
		return largest
	}
	eachScore(func(score float64, y []T, lane int) {
		if score -= largest; score > negligible {
			e := Exp2(score)
			sum += e
			for c := range mean {
				mean[c] += float64(e * float64(y[c*lanes[T]()+lane]))
			}
		}
	})
	for c := range mean {
		mean[c] /= sum
	}
	return largest + Log2(sum)
}
