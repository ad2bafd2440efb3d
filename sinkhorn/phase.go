package sinkhorn

import (
	"context"
	"math"
)

// phase is a stretch of iterations at one ε and in one precision, until the error is within the tolerance or so many
// iterations have been made.
type phase struct {
	epsilon    float64
	precision  precision
	tolerance  float64
	most       int // iterations of this phase
	iterations int // and since the beginning
}

// phases returns what to go through: falling ε up to the one that was asked for, in float32 as far as it reaches, and at
// last float64.
func (q *pair) phases(set Settings) []phase {
	var phases []phase
	add := func(epsilon, tolerance float64, most, iterations int) {
		reached := q.singleError(epsilon)
		if reached > 0.05 { // hardly an iteration
			phases = append(phases, phase{epsilon, double, tolerance, most, iterations})
		} else {
			phases = append(phases, phase{epsilon, single, max(tolerance, reached), most, iterations})
		}
	}
	for _, epsilon := range q.annealing(set) {
		add(epsilon, annealingTolerance, annealingMost, set.Iterations/2)
	}
	if set.Iterations > 2 {
		add(set.Epsilon, set.Tolerance, set.Iterations, set.Iterations-2)
	}
	return append(phases, phase{set.Epsilon, double, set.Tolerance, set.Iterations, set.Iterations})
}

// annealing returns the falling sequence of ε to go through first; one that is too long for the iterations is left out.
func (q *pair) annealing(set Settings) []float64 {
	from := set.AnnealFrom
	if from == 0 && set.Start == nil {
		from = q.meanCost()
	}
	if q.symmetric || !(from > set.Epsilon) {
		return nil
	}
	var stages []float64
	for e := from; e > set.Epsilon; e *= annealingFactor {
		stages = append(stages, e)
	}
	if set.Iterations < 4*len(stages) {
		return nil
	}
	return stages
}

const (
	annealingFactor    = 0.3
	annealingMost      = 40   // iterations at one ε: what they leave is a start only
	annealingTolerance = 1e-3 // near convergence: mass that is left to travel far does so slowly at a smaller ε
)

// run makes the iterations of a phase, the last of which is a plain one or one that has been accepted.
func (it *iteration) run(ctx context.Context, p phase) error {
	if p.epsilon != it.epsilon {
		it.trace = nil
	}
	it.at(p.epsilon, p.precision)
	accelerate := newAcceleration(it.x.weights, !it.symmetric, 10*it.epsilon, it.size())
	for first := it.iterations; ; {
		it.follow()
		it.iterations++
		if err := ctx.Err(); err != nil { // follow may have stopped half-way
			return err
		}
		e := it.marginalError()
		it.trace = append(it.trace, min(e, math.MaxFloat64))
		value := it.value()
		switch {
		case e <= p.tolerance && p.precision == double:
			return nil
		case !accelerate.accepts(e, value, it.rounding()):
			accelerate.fallBack(it.f)
		case e <= p.tolerance || it.iterations >= p.iterations || it.iterations-first >= p.most || math.IsNaN(e):
			return nil
		case it.iterations+1 == p.iterations:
			copy(it.f, it.image())
		default:
			accelerate.next(it.f, it.image(), e, value)
		}
	}
}
