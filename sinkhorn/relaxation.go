package sinkhorn

import "math"

// relaxation chooses the factor ω of over-relaxed steps from the errors it is shown.
//
// Near the solution the plain iteration contracts by λ, and the over-relaxed one by the root μ of
//
//	(μ + ω − 1)² = μ ω² λ,
//
// smallest, with μ = ω − 1, at ω = 2/(1 + √(1−λ)): a contraction of 1 − gap becomes one of about 1 − 2√gap. The observed
// contraction gives λ, at any ω below the best; above it the errors oscillate under ω − 1, which asks for no change.
//
// Source: Young, Iterative Solution of Large Linear Systems (1971); for Sinkhorn: Thibault, Chizat, Dossal and
// Papadakis, Overrelaxed Sinkhorn-Knopp Algorithm for Regularized Optimal Transport (2017).
type relaxation struct {
	omega float64
	steps int     // errors seen
	since int     // errors seen since omega was chosen
	first float64 // the error at the start of the window
	worst float64 // the error above which the present omega has failed
}

// next returns the factor of the next step, given the marginal error before it.
func (r *relaxation) next(e float64) float64 {
	r.steps++
	r.since++
	// The slowest oscillation of an over-relaxed iteration dies like (ω−1)^k: the window is long enough to see it go.
	settle := 2 + int(1/(2-r.omega))
	window := 4 * settle
	switch {
	case r.omega > 1 && e > r.worst:
		r.steps = 0
		r.choose(1, e)
	case r.since == settle:
		r.first = e
	case r.since == settle+window:
		mu := math.Pow(e/r.first, 1/float64(window))
		switch {
		case mu >= 1:
			r.choose((1+r.omega)/2, e)
		case mu > r.omega-1:
			lambda := math.Pow(mu+r.omega-1, 2) / (mu * r.omega * r.omega)
			r.choose(2/(1+math.Sqrt(max(1-lambda, 0))), e)
		default:
			r.choose(r.omega, e)
		}
	}
	return r.omega
}

// choose starts a new window. Early in a run, far from the asymptotic regime, the contraction seen is nearly 1 and says
// little: ω stays below 2 by as much as keeps its window in proportion to the steps already made.
func (r *relaxation) choose(omega, e float64) {
	r.omega = min(omega, 2-8/float64(8+r.steps))
	r.since = 0
	r.worst = 10 * e
}
