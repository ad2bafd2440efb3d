package sinkhorn

import (
	"context"
	"math"
)

// phase is a stretch of iterations at one ε and in one precision. It ends once the error is within the tolerance, or when
// its iterations are used up.
type phase struct {
	epsilon    float64
	precision  precision
	tolerance  float64
	most       int // the largest number of iterations in this phase
	iterations int // the largest number of iterations since the first phase began
}

// phases returns the phases of a solve in their order: at falling ε down to the one that was asked for, in float32 as far as
// its digits reach, and at last in float64.
func (q *pair) phases(set Settings) []phase {
	var phases []phase
	appendPhase := func(epsilon, tolerance float64, most, iterations int) {
		reached := q.singleError(epsilon)
		if reached > 0.05 { // hardly an iteration
			phases = append(phases, phase{epsilon, double, tolerance, most, iterations})
		} else {
			phases = append(phases, phase{epsilon, single, max(tolerance, reached), most, iterations})
		}
	}
	for _, epsilon := range q.annealing(set) {
		appendPhase(epsilon, annealingTolerance, annealingMost, set.Iterations/2)
	}
	if set.Iterations > 2 {
		appendPhase(set.Epsilon, set.Tolerance, set.Iterations, set.Iterations-2)
	}
	return append(phases, phase{set.Epsilon, double, set.Tolerance, set.Iterations, set.Iterations})
}

// annealing returns the falling ε of the first phases, without the last one that was asked for. There are none for a
// symmetric problem, and none where each would have fewer than four of the iterations.
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
	annealingMost      = 40   // iterations at one ε, at most: their result is only a start for the next
	annealingTolerance = 1e-3 // of the marginal error: mass that still has far to travel would move slowly at a smaller ε
)

// run makes the iterations of a phase. It ends on a plain iterate or on an extrapolated one that has been accepted.
func (it *iteration) run(ctx context.Context, p phase) error {
	if p.epsilon != it.epsilon {
		it.trace = nil
	}
	it.switchTo(p.epsilon, p.precision)
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
