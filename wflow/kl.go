package wflow

import (
	"context"
	"math"

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
func (f *KL) Velocity(ctx context.Context, c Clouds) (*Velocity, error) {
	if err := positiveEpsilon("KL", f.Epsilon); err != nil {
		return nil, err
	}
	v, couplings, err := difference(c, f.Guidance, func(t term, y *mat.Dense, weights []float64) (*sinkhorn.Solution, error) {
		return kernelCoupling(ctx, c.Particles, y, weights, f.MaskDiagonal && t == toSelf, f.Epsilon)
	}, (*sinkhorn.Solution).Project)
	if err != nil {
		return nil, err
	}
	energy := math.NaN()
	if c.weight() == 0 {
		energy = 0
		own := kernelPotential(couplings[toSelf])
		for i, potential := range kernelPotential(couplings[toData]) {
			energy += (potential - own[i]) / float64(len(own))
		}
	}
	return (&Velocity{V: v, Energy: energy}).finite()
}

// Regularised is true: ε is R·d.
func (f *KL) Regularised() bool { return true }

// WithR returns the field with ε = R·d.
func (f *KL) WithR(r float64, d int) (Field, error) {
	return &KL{Epsilon: r * float64(d), MaskDiagonal: f.MaskDiagonal, Guidance: f.Guidance}, nil
}

// Surroundings returns the usual surroundings.
func (f *KL) Surroundings(c Clouds) Surroundings { return c.Surroundings(f.Guidance) }
