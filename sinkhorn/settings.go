package sinkhorn

import (
	"fmt"
	"math"
)

// Settings tunes the solver; nil and the zero value work.
type Settings struct {
	// Epsilon is the regularisation, in the unit of the cost. 0 means 0.05 × the mean cost of X–Y.
	Epsilon float64

	// Tolerance is the L1 error of the row marginal at which to stop. 0 means 1e-6.
	Tolerance float64

	// Iterations is the largest number of updates of each potential. 0 means 10 000.
	Iterations int

	// AnnealFrom is the ε of the first iterations, lowered step by step to Epsilon. 0 means the mean cost, or no
	// annealing at all after a warm start; Epsilon or less means none. A symmetric problem needs no annealing and
	// has none. Neither has a solve of few Iterations.
	AnnealFrom float64

	// Start is the solution to start from: one of a nearby problem with as many points in Y. Nil starts from zero.
	Start *Solution

	// Workers is the largest number of goroutines that share the rows. 0 means one for each processor, and there are
	// never more. The answer does not depend on Workers.
	Workers int
}

const (
	defaultEpsilonShare = 0.05
	defaultTolerance    = 1e-6
	defaultIterations   = 10_000
)

// resolved returns the settings with every default but Epsilon's filled in, or an error that names the culprit.
func (s *Settings) resolved() (Settings, error) {
	var r Settings
	if s != nil {
		r = *s
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"Epsilon", r.Epsilon}, {"Tolerance", r.Tolerance}, {"AnnealFrom", r.AnnealFrom}} {
		if !(f.value >= 0) || math.IsInf(f.value, 1) {
			return r, fmt.Errorf("sinkhorn: %s is %v, want a finite number ≥ 0", f.name, f.value)
		}
	}
	if r.Iterations < 0 {
		return r, fmt.Errorf("sinkhorn: Iterations is %d, want ≥ 0", r.Iterations)
	}
	if r.Workers < 0 {
		return r, fmt.Errorf("sinkhorn: Workers is %d, want ≥ 0", r.Workers)
	}
	if r.Tolerance == 0 {
		r.Tolerance = defaultTolerance
	}
	if r.Iterations == 0 {
		r.Iterations = defaultIterations
	}
	return r, nil
}
