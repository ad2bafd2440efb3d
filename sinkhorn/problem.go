package sinkhorn

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Problem asks for the entropic transport from X [n, d] to Y [m, d].
type Problem struct {
	// X and Y are the two clouds, one point a row. A nil Y stands for X itself, weights included: the symmetric
	// problem of a self term, whose two potentials are one.
	X, Y *mat.Dense

	// A [n] and B [m] are the weights of the points: non-negative, of sum 1. Nil is uniform. A sum within 1e-6 of 1 is
	// accepted, since weights that were float32 once have such sums; the weights are then divided by it.
	A, B []float64

	// Cost is the ground cost; the zero value is ‖x−y‖²/2.
	Cost Cost

	// MaskDiagonal leaves the pairs (x_i, y_i) out of the coupling: a cloud against itself, where no point is its own
	// partner.
	MaskDiagonal bool
}

// CheckCloud reports whether x can serve as a cloud: at least one row and one column, every coordinate finite. The
// error names the argument as the caller calls it, the row, the column and the value.
func CheckCloud(name string, x *mat.Dense) error {
	if x == nil || x.IsEmpty() {
		return fmt.Errorf("%s is empty, want a cloud [n, d] of at least one point", name)
	}
	n, d := x.Dims()
	for i := range n {
		for k, v := range x.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%s row %d column %d of [%d, %d] is %v, want finite coordinates", name, i, k, n, d, v)
			}
		}
	}
	return nil
}

// check returns the weights of a problem, each list of sum 1, or an error that names the argument, the row and the value.
// For a nil Y both are those of X.
func (p Problem) check() (a, b []float64, err error) {
	if p.Cost != HalfSquared && p.Cost != Euclidean {
		return nil, nil, fmt.Errorf("sinkhorn: Cost is %d, want HalfSquared or Euclidean", int(p.Cost))
	}
	if err := CheckCloud("sinkhorn: X", p.X); err != nil {
		return nil, nil, err
	}
	n, d := p.X.Dims()
	if a, err = checkWeights("A", p.A, n); err != nil {
		return nil, nil, err
	}
	if p.Y == nil {
		if p.B != nil {
			return nil, nil, errors.New("sinkhorn: B is set but Y is nil: the weights of a cloud against itself are A")
		}
		return a, a, nil
	}
	if err := CheckCloud("sinkhorn: Y", p.Y); err != nil {
		return nil, nil, err
	}
	m, dy := p.Y.Dims()
	if d != dy {
		return nil, nil, fmt.Errorf("sinkhorn: X is [%d, %d] but Y is [%d, %d]: the dimensions differ", n, d, m, dy)
	}
	b, err = checkWeights("B", p.B, m)
	return a, b, err
}

// sumTolerance is how far from 1 a sum of weights may be.
const sumTolerance = 1e-6

// checkWeights returns weights of sum exactly 1 up to rounding: uniform for nil, else w divided by its sum.
func checkWeights(name string, w []float64, n int) ([]float64, error) {
	out := make([]float64, n)
	if w == nil {
		for i := range out {
			out[i] = 1 / float64(n)
		}
		return out, nil
	}
	if len(w) != n {
		return nil, fmt.Errorf("sinkhorn: %s has %d weights for %d points", name, len(w), n)
	}
	sum := 0.0
	for i, v := range w {
		if !(v >= 0) || math.IsInf(v, 1) {
			return nil, fmt.Errorf("sinkhorn: %s[%d] is %v, want a weight ≥ 0", name, i, v)
		}
		sum += v
	}
	if !(math.Abs(sum-1) <= sumTolerance) {
		return nil, fmt.Errorf("sinkhorn: %s sums to %v, %+.3g from 1, want at most %g: divide the weights by their sum", name, sum, sum-1, sumTolerance)
	}
	for i, v := range w {
		out[i] = v / sum
	}
	return out, nil
}
