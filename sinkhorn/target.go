package sinkhorn

import (
	"context"

	"gonum.org/v1/gonum/mat"
)

// Target is a data cloud that many clouds are compared with: its own term OT_ε(Y, Y) is solved once and kept. Only one
// goroutine at a time may use it.
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
