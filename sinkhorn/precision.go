package sinkhorn

import (
	"math"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// precision is that of scores and powers. Potentials, sums and errors are float64 always.
type precision int

const (
	double precision = iota
	single
)

// halves are the sums of the two half-steps; a symmetric problem has only the rows'.
type halves struct{ rows, columns sums }

// sums are a softmin.Sum in either precision.
type sums interface {
	Scale(factor float64)
	SetScores(h []float64)
	LogSum(dst []float64)
	LogSums(dst, back, mass []float64) bool
}

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

// singleError estimates the marginal error below which rounding to float32 does not let the iteration come: a score of
// the size of the mean cost, in units of ε ln 2, rounded, with some room. It is 1 where the furthest point may have scores
// that float32 does not resolve.
func (q *pair) singleError(epsilon float64) float64 {
	if q.furthest/(epsilon*math.Ln2) > 1e8/float64(q.x.d+4) {
		return 1
	}
	return 16 * 0x1p-24 * q.size() / (epsilon * math.Ln2)
}

// rounding bounds what rounding does to the dual value.
func (it *iteration) rounding() float64 {
	if it.precision == single {
		return it.epsilon * it.singleError(it.epsilon)
	}
	return 0x1p-48 * (it.size() + it.epsilon)
}
