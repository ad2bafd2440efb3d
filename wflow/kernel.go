package wflow

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// KL is the velocity of the flow of KL(q‖p) between Gaussian kernel density estimates of bandwidth √ε,
//
//	V(x) = T^KL_p(x) − T^KL_q(x),   T^KL_μ(x) = Σ_j K(x, y_j) y_j / Σ_j K(x, y_j),   K(x, y) = exp(−‖x−y‖²/(2ε)),
//
// which is ε(∇ log p̂ − ∇ log q̂): the Sinkhorn field with rows normalised and columns left alone. A particle sees only
// its neighbours, so an isolated part of the data without particles near it stays empty.
//
// Energy is ε Σ_i (log q̂(x_i) − log p̂(x_i))/n, the estimate of ε KL(q‖p) at the particles; NaN under guidance.
//
// Source: arXiv 2605.11755, table 1.
type KL struct {
	Epsilon      float64 // squared bandwidth, in the unit of the cost; > 0
	MaskDiagonal bool    // leave each particle out of its own density
	Guidance     Guidance
}

// Velocity returns the velocity of every particle.
func (k *KL) Velocity(ctx context.Context, c Clouds) (*Velocity, error) {
	if err := positiveEpsilon("KL", k.Epsilon); err != nil {
		return nil, err
	}
	return differences(ctx, c, k.Guidance, k.MaskDiagonal, k.Epsilon,
		func(s *sinkhorn.Solution) *mat.Dense { return s.Project() },
		func(toData, toSelf []float64) (float64, error) {
			energy := 0.0
			for i, f := range toData {
				energy += (f - toSelf[i]) / float64(len(toData))
			}
			return energy, nil
		})
}

// MMD is the velocity of the flow of ½ MMD²(q, p) with the Gaussian kernel K(x, y) = exp(−‖x−y‖²/(2ε)), times ε,
//
//	V(x) = Σ_j K(x, y_j)(y_j − x)/m − Σ_l K(x, x'_l)(x'_l − x)/n.
//
// The kernel's pull vanishes with distance: particles far from the data hardly move.
//
// Energy is ε/2 MMD²(q, p) = ε/2 (E K(x,x') + E K(y,y') − 2 E K(x,y)); NaN under guidance.
//
// Source: arXiv 2605.11755, table 1.
type MMD struct {
	Epsilon  float64 // squared bandwidth, in the unit of the cost; > 0
	Guidance Guidance

	own dataTerm // E K(y,y')
}

// Velocity returns the velocity of every particle. Data must not be changed in place between calls.
func (k *MMD) Velocity(ctx context.Context, c Clouds) (*Velocity, error) {
	if err := positiveEpsilon("MMD", k.Epsilon); err != nil {
		return nil, err
	}
	pull := func(s *sinkhorn.Solution) *mat.Dense {
		p := s.Project()
		p.Sub(p, c.Particles)
		for i, f := range kernelPotential(s) {
			floats.Scale(math.Exp(-f/k.Epsilon), p.RawRowView(i))
		}
		return p
	}
	return differences(ctx, c, k.Guidance, false, k.Epsilon, pull, func(toData, toSelf []float64) (float64, error) {
		own, err := k.own.of(dataKey{data: c.Data, epsilon: k.Epsilon}, func() (float64, error) {
			s, err := sinkhorn.Iterate(ctx, sinkhorn.Problem{X: c.Data}, k.Epsilon, 0)
			if err != nil {
				return 0, err
			}
			return meanKernel(kernelPotential(s), k.Epsilon), nil
		})
		return k.Epsilon / 2 * (meanKernel(toSelf, k.Epsilon) + own - 2*meanKernel(toData, k.Epsilon)), err
	})
}

// meanKernel returns the mean of the kernel sums that the potentials stand for.
func meanKernel(potential []float64, epsilon float64) float64 {
	sum := 0.0
	for _, f := range potential {
		sum += math.Exp(-f / epsilon)
	}
	return sum / float64(len(potential))
}

// kernelPotential returns −ε log Σ_j b_j K(x_i, y_j) [n]: the row potential of zero Sinkhorn iterations, in the gauge
// where the column potential is 0.
func kernelPotential(s *sinkhorn.Solution) []float64 {
	f, g := s.F().Values(), s.G().Values()
	floats.AddConst(g[0], f)
	return f
}

// differences assembles a kernel field: the term of the data less that of the particles' own cloud, with guidance.
// Kernel sums come from zero Sinkhorn iterations, whose row potential is their logarithm, safe against underflow.
func differences(ctx context.Context, c Clouds, g Guidance, mask bool, epsilon float64,
	term func(*sinkhorn.Solution) *mat.Dense, energy func(toData, toSelf []float64) (float64, error)) (*Velocity, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	solve := func(x, y *mat.Dense, b []float64, mask bool) (*sinkhorn.Solution, error) {
		return sinkhorn.Iterate(ctx, sinkhorn.Problem{X: x, Y: y, B: b, MaskDiagonal: mask}, epsilon, 0)
	}
	own, weights := c.negatives(g)
	toData, err := solve(c.Particles, c.Data, nil, false)
	if err != nil {
		return nil, err
	}
	toSelf, err := solve(c.Particles, own, weights, mask)
	if err != nil {
		return nil, err
	}
	v := &Velocity{V: term(toData), Energy: math.NaN()}
	v.V.Sub(v.V, term(toSelf))
	if c.weight() == 0 {
		if v.Energy, err = energy(kernelPotential(toData), kernelPotential(toSelf)); err != nil {
			return nil, err
		}
	}
	if g == ByVelocity && c.weight() > 0 {
		away, err := solve(c.Particles, c.Unconditional, nil, false)
		if err != nil {
			return nil, err
		}
		push := term(toData)
		push.Sub(push, term(away))
		push.Scale(c.weight(), push)
		v.V.Add(v.V, push)
	}
	return v.finite()
}
