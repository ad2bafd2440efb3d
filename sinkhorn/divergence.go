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
// One ε, resolved once from X–Y, serves all three terms. Errors are those of Solve, and one for a problem without Y or
// with a masked diagonal, of which there is no divergence.
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

// Value returns S_ε, in the unit of the cost, from the dual values of the three problems. It may be below 0 by what their
// tolerance leaves open, which Primal − Dual bounds for each.
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

// Target is a data cloud that many clouds are held against: its own term OT_ε(Y, Y) is solved once and kept. It may
// not be used by several goroutines at a time.
type Target struct {
	y        *mat.Dense
	b        []float64
	cost     Cost
	settings Settings
	own      *Solution
}

// NewTarget returns a target of data y [m, d] with weights b, nil for uniform, and cost ‖x−y‖²/2. An Epsilon of 0 is
// resolved by the first divergence and then kept. Errors are those of Solve.
func NewTarget(ctx context.Context, y *mat.Dense, b []float64, s *Settings) (*Target, error) {
	t, err := newTarget(y, b, HalfSquared, s)
	if err != nil || t.settings.Epsilon == 0 {
		return t, err
	}
	return t, t.solveOwn(ctx)
}

func newTarget(y *mat.Dense, b []float64, cost Cost, s *Settings) (*Target, error) {
	set, err := s.resolved()
	if err != nil {
		return nil, err
	}
	if err := CheckCloud("sinkhorn: Y", y); err != nil {
		return nil, err
	}
	m, _ := y.Dims()
	if _, err := checkWeights("B", b, m); err != nil {
		return nil, err
	}
	return &Target{y: y, b: b, cost: cost, settings: set}, nil
}

func (t *Target) solveOwn(ctx context.Context) (err error) {
	t.own, err = t.solve(ctx, Problem{X: t.y, A: t.b, Cost: t.cost}, nil)
	return err
}

func (t *Target) solve(ctx context.Context, p Problem, start *Solution) (*Solution, error) {
	set := t.settings
	set.Start = start
	return Solve(ctx, p, &set)
}

// Divergence returns S_ε between x [n, d], with weights a or nil for uniform, and the target. Start is the result of a
// nearby cloud x to start from, or nil. Errors are those of Solve.
func (t *Target) Divergence(ctx context.Context, x *mat.Dense, a []float64, start *DivergenceResult) (*DivergenceResult, error) {
	r := new(DivergenceResult)
	var xy, xx *Solution
	if start != nil {
		xy, xx = start.XY, start.XX
	}
	var err error
	if r.XY, err = t.solve(ctx, Problem{X: x, Y: t.y, A: a, B: t.b, Cost: t.cost}, xy); err != nil {
		return nil, err
	}
	t.settings.Epsilon = r.XY.epsilon
	if r.XX, err = t.solve(ctx, Problem{X: x, A: a, Cost: t.cost}, xx); err != nil {
		return nil, err
	}
	if t.own == nil {
		if err := t.solveOwn(ctx); err != nil {
			return nil, err
		}
	}
	r.YY = t.own
	return r, nil
}
