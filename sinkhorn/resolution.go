package sinkhorn

import (
	"math"
)

// solution returns the solution with the present potentials, or ErrOverflow where float64 does not resolve it.
func (it *iteration) solution(tolerance float64) (*Solution, error) {
	e := it.marginalError()
	if most := max(largest(it.f, it.x), largest(it.g, it.y)) / it.epsilon; math.IsNaN(e) || !(most <= resolved) || it.epsilon < it.cost.smallest() {
		return nil, ErrOverflow
	}
	e = max(e, it.resolution())
	return &Solution{pair: it.pair, epsilon: it.epsilon, f: it.f, g: it.g, next: it.next,
		marginalError: e, converged: e <= tolerance, iterations: it.iterations, trace: it.trace}, nil
}

// largest returns the largest |p_i| of the points i of the cloud c that carry mass.
func largest(p []float64, c *cloud) (most float64) {
	for i, w := range c.weights {
		if v := math.Abs(p[i]); w > 0 && !(v <= most) {
			most = v
		}
	}
	return most
}

// resolved is the largest potential, in units of ε, that float64 resolves: rounding it changes no entry of the coupling by
// more than a share of 1e-3.
const resolved = 1e-3 / 0x1p-53

// resolution returns how large a marginal error the rounding of the potentials to float64 can cause by itself. A solution
// reports no smaller error.
func (it *iteration) resolution() (e float64) {
	for i, w := range it.x.weights {
		if w > 0 {
			e += w * math.Abs(it.f[i])
		}
	}
	for j, w := range it.y.weights {
		if w > 0 {
			e += w * math.Abs(it.g[j])
		}
	}
	return 0x1p-54 * e / it.epsilon
}
