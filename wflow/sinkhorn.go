package wflow

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// Sinkhorn is the velocity of the Sinkhorn flow, the gradient flow of S_ε(q, p):
//
//	V(x) = T_{q,p}(x) − T_{q,q}(x),
//
// with T the barycentric projections of entropic transport. V vanishes only at q = p. The field keeps state: it starts
// each solve from the last solution, and an Epsilon of 0 becomes the ε of its first clouds, for all that follow. So take
// a new Sinkhorn for new data, and one for each goroutine.
//
// With guidance by velocity, (α−1)·(T_{q,p} − T_{q,∅}) is added, ∅ standing for the unconditional data. With the cost
// ‖x−y‖ the method keeps this V, which is then no longer the gradient.
//
// The particles themselves as the self term (Clouds.Self nil) make V the exact gradient at the empirical measure. With
// Clouds.Self an independent sample, V is what the method trains on. MaskDiagonal is for one batch without an independent
// sample: no particle is coupled to itself, and V then has a bias of order 1/n.
//
// Energy is S_ε(q, p) + (α−1)·(OT_ε(q,p) − OT_ε(q,∅)); with Clouds.Self it is an estimate. It is NaN with fixed Iterations
// and under guidance by distribution.
//
// Source: arXiv 2605.11755, equation 10 and, for guidance, 15 and 16.
type Sinkhorn struct {
	// Epsilon is the regularisation, in the unit of the cost. 0 means 0.05 × the mean cost between the first particles
	// and the data, kept from then on.
	Epsilon float64

	// Tolerance is the L1 marginal error at which to stop. 0 means 1e-3: a thousandth of the mass is not where it
	// should be, which no picture shows. Certificates and finite differences want less.
	Tolerance float64

	// Iterations is the number L of plain iterations from scratch, whatever the error: what training uses. 0 means to
	// solve to Tolerance, each time from the last solution.
	Iterations int

	Cost         sinkhorn.Cost
	MaskDiagonal bool // leave each particle out of its own self term
	Guidance     Guidance

	last [terms]*sinkhorn.Solution // by their term
	own  dataTerm                  // OT_ε(p,p), which only the energy needs
}

const defaultTolerance = 1e-3

// Velocity returns the velocity of every particle. Data must not be changed in place between calls.
func (f *Sinkhorn) Velocity(ctx context.Context, c Clouds) (*Velocity, error) {
	v, solutions, err := difference(c, f.Guidance, func(t term, y *mat.Dense, weights []float64) (*sinkhorn.Solution, error) {
		p := sinkhorn.Problem{X: c.Particles, Y: y, B: weights}
		if t == toSelf {
			p.MaskDiagonal = f.MaskDiagonal
			if y == c.Particles {
				p.Y = nil // the symmetric problem
			}
		}
		return f.solve(ctx, &f.last[t], p)
	}, (*sinkhorn.Solution).Project)
	if err != nil {
		return nil, err
	}
	answer := &Velocity{V: v, Energy: math.NaN()}
	for _, s := range solutions {
		if s != nil {
			answer.MarginalError = max(answer.MarginalError, s.MarginalError())
		}
	}
	if f.Iterations > 0 || f.Guidance == ByDistribution && c.weight() > 0 {
		return answer.finite()
	}
	own, err := f.own.value(dataKey{c.Data, f.Epsilon, f.Tolerance, f.Cost}, func() (float64, error) {
		yy, err := f.solve(ctx, new(*sinkhorn.Solution), sinkhorn.Problem{X: c.Data})
		if err != nil {
			return 0, err
		}
		return yy.Dual(), nil
	})
	if err != nil {
		return nil, err
	}
	answer.Energy = solutions[toData].Dual() - solutions[toSelf].Dual()/2 - own/2
	if away := solutions[toUnconditional]; away != nil {
		answer.Energy += c.weight() * (solutions[toData].Dual() - away.Dual())
	}
	return answer.finite()
}

// solve solves one of the field's problems, from its last solution if that still fits.
func (f *Sinkhorn) solve(ctx context.Context, last **sinkhorn.Solution, p sinkhorn.Problem) (*sinkhorn.Solution, error) {
	p.Cost = f.Cost
	if f.Iterations > 0 {
		return sinkhorn.Iterate(ctx, p, f.Epsilon, f.Iterations)
	}
	set := &sinkhorn.Settings{Epsilon: f.Epsilon, Tolerance: f.Tolerance}
	if set.Tolerance == 0 {
		set.Tolerance = defaultTolerance
	}
	other := p.Y
	if other == nil {
		other = p.X
	}
	if *last != nil {
		if _, m, _ := (*last).Dims(); m == other.RawMatrix().Rows {
			set.Start = *last
		}
	}
	solution, err := sinkhorn.Solve(ctx, p, set)
	if err != nil {
		return nil, err // the last good solution stays
	}
	*last = solution
	if f.Epsilon == 0 {
		f.Epsilon = solution.Epsilon()
	}
	return solution, nil
}

// Regularised is true: ε is R·d, or R·√d for the cost ‖x−y‖.
func (f *Sinkhorn) Regularised() bool { return true }

// WithR returns the field with ε = R·d, or R·√d for the cost ‖x−y‖. It wants fixed Iterations.
func (f *Sinkhorn) WithR(r float64, d int) (Field, error) {
	if f.Iterations < 1 {
		return nil, fmt.Errorf("wflow: Sinkhorn has Iterations %d, training wants 1 or more", f.Iterations)
	}
	epsilon := r * float64(d)
	if f.Cost == sinkhorn.Euclidean {
		epsilon = r * math.Sqrt(float64(d))
	}
	return &Sinkhorn{Epsilon: epsilon, Iterations: f.Iterations, Cost: f.Cost, MaskDiagonal: f.MaskDiagonal, Guidance: f.Guidance}, nil
}

// Surroundings returns the usual surroundings, with the distance itself for the cost ‖x−y‖.
func (f *Sinkhorn) Surroundings(c Clouds) Surroundings {
	s := c.Surroundings(f.Guidance)
	if f.Cost == sinkhorn.Euclidean {
		s.Distance = sinkhorn.Euclidean.At
	}
	return s
}
