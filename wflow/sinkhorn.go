package wflow

import (
	"context"
	"math"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// Sinkhorn is the velocity of the Sinkhorn flow, the gradient flow of S_ε(q, p):
//
//	V(x) = T_{q,p}(x) − T_{q,q}(x),
//
// with T the barycentric projections of entropic transport. It vanishes only at q = p. The field keeps state: it starts
// each solve from the last solution, and an Epsilon of 0 becomes the ε of its first clouds, for all that follow. So take
// a new one for new data, and one for each goroutine.
//
// With guidance by velocity, (α−1)·(T_{q,p} − T_{q,∅}) is added. With the cost ‖x−y‖ the method keeps this V, which is
// then no longer the gradient.
//
// The particles themselves as the self term (Clouds.Self nil) make V the exact gradient at the empirical measure. With
// Clouds.Self an independent sample, V is what the method trains on; with MaskDiagonal the particles serve as their own
// sample, without each particle's own company, at the price of a bias of order 1/n.
//
// Energy is S_ε(q, p) + (α−1)·(OT_ε(q,p) − OT_ε(q,∅)), an estimate where the self term is; NaN with fixed Iterations and
// under guidance by distribution.
//
// Source: arXiv 2605.11755, equation 10 and, for guidance, 15 and 16.
type Sinkhorn struct {
	// Epsilon is the regularisation, in the unit of the cost. 0 means 0.05 × the mean cost between the first particles
	// and the data, kept from then on.
	Epsilon float64

	// Tolerance is the L1 marginal error at which to stop. 0 means 1e-3: a thousandth of the mass is not where it
	// should be, which moves no picture. Certificates and finite differences want less.
	Tolerance float64

	// Iterations is the number L of plain iterations from scratch, whatever the error: what training uses. 0 means to
	// solve to Tolerance, each time from the last solution.
	Iterations int

	Cost         sinkhorn.Cost
	MaskDiagonal bool
	Guidance     Guidance

	last struct {
		data, self, unconditional *sinkhorn.Solution
	}
	own dataTerm // OT_ε(p,p), which only the energy needs
}

const defaultTolerance = 1e-3

// Velocity returns the velocity of every particle. Data must not be changed in place between calls.
func (s *Sinkhorn) Velocity(ctx context.Context, c Clouds) (*Velocity, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	toData, err := s.solve(ctx, &s.last.data, sinkhorn.Problem{X: c.Particles, Y: c.Data})
	if err != nil {
		return nil, err
	}
	if s.Epsilon == 0 {
		s.Epsilon = toData.Epsilon()
	}
	self := sinkhorn.Problem{X: c.Particles, MaskDiagonal: s.MaskDiagonal}
	if own, weights := c.negatives(s.Guidance); own != c.Particles {
		self.Y, self.B = own, weights
	}
	toSelf, err := s.solve(ctx, &s.last.self, self)
	if err != nil {
		return nil, err
	}
	v := &Velocity{V: toData.Project(), MarginalError: max(toData.MarginalError(), toSelf.MarginalError())}
	v.V.Sub(v.V, toSelf.Project())
	guided := s.Guidance == ByVelocity && c.weight() > 0
	var away *sinkhorn.Solution
	if guided {
		if away, err = s.solve(ctx, &s.last.unconditional, sinkhorn.Problem{X: c.Particles, Y: c.Unconditional}); err != nil {
			return nil, err
		}
		push := toData.Project()
		push.Sub(push, away.Project())
		push.Scale(c.weight(), push)
		v.V.Add(v.V, push)
		v.MarginalError = max(v.MarginalError, away.MarginalError())
	}
	if s.Iterations > 0 || s.Guidance == ByDistribution && c.weight() > 0 {
		v.Energy = math.NaN()
		return v.finite()
	}
	own, err := s.own.of(dataKey{c.Data, s.Epsilon, s.Tolerance, s.Cost}, func() (float64, error) {
		yy, err := s.solve(ctx, new(*sinkhorn.Solution), sinkhorn.Problem{X: c.Data})
		if err != nil {
			return 0, err
		}
		return yy.Dual(), nil
	})
	if err != nil {
		return nil, err
	}
	v.Energy = toData.Dual() - toSelf.Dual()/2 - own/2
	if guided {
		v.Energy += c.weight() * (toData.Dual() - away.Dual())
	}
	return v.finite()
}

// solve solves one of the field's problems, from the last solution of the same if it still fits.
func (s *Sinkhorn) solve(ctx context.Context, last **sinkhorn.Solution, p sinkhorn.Problem) (*sinkhorn.Solution, error) {
	p.Cost = s.Cost
	if s.Iterations > 0 {
		return sinkhorn.Iterate(ctx, p, s.Epsilon, s.Iterations)
	}
	set := &sinkhorn.Settings{Epsilon: s.Epsilon, Tolerance: s.Tolerance}
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
	return solution, nil
}
