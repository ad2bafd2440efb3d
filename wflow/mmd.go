package wflow

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

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
func (f *MMD) Velocity(ctx context.Context, c Clouds) (*Velocity, error) {
	if err := positiveEpsilon("MMD", f.Epsilon); err != nil {
		return nil, err
	}
	v, couplings, err := difference(c, f.Guidance, func(_ term, y *mat.Dense, weights []float64) (*sinkhorn.Solution, error) {
		return kernelCoupling(ctx, c.Particles, y, weights, false, f.Epsilon)
	}, func(s *sinkhorn.Solution) *mat.Dense {
		pull := s.Project()
		pull.Sub(pull, c.Particles)
		for i, potential := range kernelPotential(s) {
			floats.Scale(math.Exp(-potential/f.Epsilon), pull.RawRowView(i))
		}
		return pull
	})
	if err != nil {
		return nil, err
	}
	energy := math.NaN()
	if c.weight() == 0 {
		own, err := f.own.value(dataKey{data: c.Data, epsilon: f.Epsilon}, func() (float64, error) {
			s, err := kernelCoupling(ctx, c.Data, nil, nil, false, f.Epsilon)
			if err != nil {
				return 0, err
			}
			return f.meanKernel(s), nil
		})
		if err != nil {
			return nil, err
		}
		energy = f.Epsilon / 2 * (f.meanKernel(couplings[toSelf]) + own - 2*f.meanKernel(couplings[toData]))
	}
	return (&Velocity{V: v, Energy: energy}).finite()
}

// meanKernel returns the mean of the kernel over all pairs of two clouds.
func (f *MMD) meanKernel(s *sinkhorn.Solution) float64 {
	potential := kernelPotential(s)
	sum := 0.0
	for _, value := range potential {
		sum += math.Exp(-value / f.Epsilon)
	}
	return sum / float64(len(potential))
}

// Regularised is true: ε is R·d.
func (f *MMD) Regularised() bool { return true }

// WithR returns the field with ε = R·d.
func (f *MMD) WithR(r float64, d int) (Field, error) {
	return &MMD{Epsilon: r * float64(d), Guidance: f.Guidance}, nil
}

// Surroundings returns the usual surroundings.
func (f *MMD) Surroundings(c Clouds) Surroundings { return c.Surroundings(f.Guidance) }
