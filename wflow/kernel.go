package wflow

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// kernelCoupling couples x to y by the Gaussian kernel K(x, y) = exp(−‖x−y‖²/(2ε)), each row of it normalised: zero
// Sinkhorn iterations. Its row potential is the logarithm of the kernel's sums, which is safe against underflow.
func kernelCoupling(ctx context.Context, x, y *mat.Dense, weights []float64, mask bool, epsilon float64) (*sinkhorn.Solution, error) {
	return sinkhorn.Iterate(ctx, sinkhorn.Problem{X: x, Y: y, B: weights, MaskDiagonal: mask}, epsilon, 0)
}

// kernelPotential returns −ε log Σ_j b_j K(x_i, y_j) [n], the row potential in the gauge in which the column potential
// is 0.
func kernelPotential(s *sinkhorn.Solution) []float64 {
	f, g := s.F().Values(), s.G().Values()
	floats.AddConst(g[0], f)
	return f
}

// positiveEpsilon reports a bandwidth that is missing.
func positiveEpsilon(field string, epsilon float64) error {
	if !(epsilon > 0) {
		return fmt.Errorf("wflow: %s has Epsilon %v, want > 0", field, epsilon)
	}
	return nil
}
