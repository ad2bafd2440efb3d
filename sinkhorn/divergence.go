package sinkhorn

import (
	"context"
	"errors"

	"gonum.org/v1/gonum/mat"
)

// DivergenceResult is the debiased divergence with the three problems it is made of, all at one ε.
type DivergenceResult struct {
	XY, XX, YY *Solution
}

// Divergence returns the debiased Sinkhorn divergence of the problem's clouds,
//
//	S_ε = OT_ε(X, Y) − ½ OT_ε(X, X) − ½ OT_ε(Y, Y) ≥ 0,   0 exactly when the two measures are one.
//
// One ε, resolved once from X–Y, serves all three terms. Errors are those of Solve. A problem without Y or with a masked
// diagonal is an error too, for it has no divergence.
//
// Source: Genevay, Peyré and Cuturi, Learning Generative Models with Sinkhorn Divergences (2018); positivity: Feydy et
// al. (2019), theorem 1.
func Divergence(ctx context.Context, p Problem, s *Settings) (*DivergenceResult, error) {
	if p.Y == nil {
		return nil, errors.New("sinkhorn: Y is nil: a divergence needs two clouds")
	}
	if p.MaskDiagonal {
		return nil, errors.New("sinkhorn: MaskDiagonal is set: a masked problem has no divergence")
	}
	t, err := newTarget(p.Y, p.B, p.Cost, s)
	if err != nil {
		return nil, err
	}
	return t.Divergence(ctx, p.X, p.A, nil)
}

// Converged tells whether all three problems converged.
func (r *DivergenceResult) Converged() bool {
	return r.XY.Converged() && r.XX.Converged() && r.YY.Converged()
}

// Epsilon returns the regularisation of the three problems, in the unit of the cost.
func (r *DivergenceResult) Epsilon() float64 { return r.XY.epsilon }

// Value returns S_ε, in the unit of the cost, from the dual values of the three problems. Each dual value is below its
// optimum by at most Primal − Dual. So Value is off by no more than these three gaps, and may be a little below 0.
func (r *DivergenceResult) Value() float64 {
	return r.XY.Dual() - r.XX.Dual()/2 - r.YY.Dual()/2
}

// Velocity returns the velocity of the Sinkhorn flow at the points of X, [n, d]: minus the gradient of the first
// variation f_XY − f_XX of S_ε. For the cost ‖x−y‖²/2 it is
//
//	V(x_i) = T_XY(x_i) − T_XX(x_i),
//
// with T the barycentric projections; it is defined where a_i = 0 too.
//
// Source: arXiv 2605.11755; Feydy et al. (2019), §3.3.
func (r *DivergenceResult) Velocity() *mat.Dense {
	n, d := r.XY.x.n, r.XY.x.d
	v := mat.NewDense(n, d, nil)
	if r.XY.cost == HalfSquared {
		v.Sub(r.XY.Project(), r.XX.Project())
		return v
	}
	f, self := r.XY.F(), r.XX.F()
	point := make([]float64, d)
	for i := range n {
		for k, c := range r.XY.x.row(i) {
			point[k] = c + r.XY.x.centre[k]
		}
		away, from := f.Gradient(point), self.Gradient(point)
		for k := range d {
			v.Set(i, k, from[k]-away[k])
		}
	}
	return v
}

// Gradient returns ∂S_ε/∂x_i [n, d], which is −a_i times the velocity.
func (r *DivergenceResult) Gradient() *mat.Dense {
	g := r.Velocity()
	for i, a := range r.XY.x.weights {
		row := g.RawRowView(i)
		for k := range row {
			row[k] *= -a
		}
	}
	return g
}
