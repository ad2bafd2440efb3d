package sinkhorn

import (
	"math"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// precision is the precision in which scores and powers are computed. Potentials, sums and errors are always float64.
type precision int

const (
	double precision = iota
	single
)

// halves holds the sums of the two half-steps: the update of the rows, and that of the columns, which a symmetric problem
// does not have.
type halves struct{ rows, columns sums }

// sums is a softmin.Sum of either precision.
type sums interface {
	Scale(factor float64)
	SetScores(h []float64)
	LogSum(dst []float64)
	LogSums(dst, back, mass []float64) bool
}

// sums returns the sums of one direction in the present precision.
func (it *iteration) sums(from, to *cloud) sums {
	if it.precision == single {
		return newSum[float32](it.pair, from, to, it.team)
	}
	return newSum[float64](it.pair, from, to, it.team)
}

func newSum[T softmin.Float](q *pair, from, to *cloud, team *softmin.Team) *softmin.Sum[T] {
	s := softmin.New[T](from.points, to.points, from.d, q.cost == Euclidean, q.mask, team)
	s.Keep()
	return s
}

// singleError estimates the smallest marginal error that iterations in float32 can reach, as the rounding of scores keeps
// it from falling further: 16 times the rounding of a score of the size of the centred costs, in units of ε ln 2. It is 1
// where float32 may not resolve the scores of the furthest point at all.
func (q *pair) singleError(epsilon float64) float64 {
	if q.furthest/(epsilon*math.Ln2) > 1e8/float64(q.x.d+4) {
		return 1
	}
	return 16 * 0x1p-24 * q.size() / (epsilon * math.Ln2)
}

// rounding returns a bound of the rounding error of the dual value in the present precision.
func (it *iteration) rounding() float64 {
	if it.precision == single {
		return it.epsilon * it.singleError(it.epsilon)
	}
	return 0x1p-48 * (it.size() + it.epsilon)
}
