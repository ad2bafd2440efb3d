package sinkhorn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// ErrOverflow is returned when costs or potentials leave the range of float64.
var ErrOverflow = errors.New("sinkhorn: costs or potentials overflow float64: rescale the clouds or raise Epsilon")

// Solve runs Sinkhorn's iteration in the log domain,
//
//	f_i ← −ε log Σ_j b_j exp((g_j − C_ij)/ε),   g_j ← −ε log Σ_i a_i exp((f_i − C_ij)/ε),
//
// until the L1 error of the row marginal, recomputed from the potentials, is at most the tolerance. With a nil Y it
// iterates one potential instead, f ← ½(f − ε log Σ_j a_j exp((f_j − C_ij)/ε)), which contracts by at least ½ each time.
// Near the solution the updates of a small ε are over-relaxed, which takes the square root of the iterations.
//
// Running out of iterations is no error: the solution says so by Converged and MarginalError, and its bounds hold all
// the same. Solve returns an error for clouds, weights or settings that make no problem, naming the argument, the row
// and the value; for a cancelled context; and ErrOverflow.
//
// Source: Cuturi, Sinkhorn Distances (2013); the symmetric form: Feydy et al., Interpolating between Optimal
// Transport and MMD using Sinkhorn Divergences (2019), §3.2.
func Solve(ctx context.Context, p Problem, s *Settings) (*Solution, error) {
	set, err := s.resolved()
	if err != nil {
		return nil, err
	}
	q, err := newPair(p, set.Workers)
	if err != nil {
		return nil, err
	}
	if set.Epsilon == 0 {
		set.Epsilon = q.defaultEpsilon()
	}
	return q.solve(ctx, set)
}

// Iterate runs exactly L plain iterations, rows first, as networks are trained with: without annealing or stop, from
// scalings of 1, that is g_j = −ε log b_j. After them the column marginal is exact and the row marginal is what it is.
//
// L = 0 leaves g = 0 and normalises the rows only: then Project is the softmax of the KL field, and weights in B act.
//
// Errors are those of Solve; epsilon must be positive and L ≥ 0.
//
// Source: arXiv 2605.11755 and its code (log_u = log_v = 0 at the start).
func Iterate(ctx context.Context, p Problem, epsilon float64, L int) (*Solution, error) {
	if !(epsilon > 0) || math.IsInf(epsilon, 1) {
		return nil, fmt.Errorf("sinkhorn: epsilon is %v, want a finite number > 0", epsilon)
	}
	if L < 0 {
		return nil, fmt.Errorf("sinkhorn: L is %d, want ≥ 0", L)
	}
	if p.Y == nil {
		p.Y, p.B = p.X, p.A // the plain iteration, also for a cloud against itself
	}
	q, err := newPair(p, 0)
	if err != nil {
		return nil, err
	}
	it := q.newIteration(epsilon)
	for j := range it.g {
		it.g[j] = q.dot(q.y.row(j))
		if w := q.y.weights[j]; L > 0 && w > 0 {
			it.g[j] -= epsilon * math.Log(w)
		}
	}
	it.updateRows()
	for range L {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("sinkhorn: %w", err)
		}
		it.step(1)
		it.trace = append(it.trace, it.marginalError())
	}
	if L == 0 {
		copy(it.f, it.next)
	}
	s := it.solution(defaultTolerance)
	s.iterations = L
	return s, s.check()
}

// pair is a problem with its clouds centred. Subtracting each cloud's own mean changes the cost ‖x−y‖²/2 by terms of x
// alone and of y alone, which the potentials absorb: with c the difference of the means,
//
//	½‖x−y‖² = ½‖x′−y′‖² + c·x′ − c·y′ + ½‖c‖²,   x′ = x − mean(X),  y′ = y − mean(Y),
//
// so clouds far apart, or far from the origin, cost no digits. For ‖x−y‖ one centre serves both and c is 0.
type pair struct {
	*sweeper
	x, y      *cloud
	symmetric bool
	c         []float64 // mean(X) − mean(Y) [d]
}

func newPair(p Problem, workers int) (*pair, error) {
	if p.Cost != HalfSquared && p.Cost != Euclidean {
		return nil, fmt.Errorf("sinkhorn: Cost is %d, want HalfSquared or Euclidean", int(p.Cost))
	}
	if err := CheckCloud("sinkhorn: X", p.X); err != nil {
		return nil, err
	}
	n, d := p.X.Dims()
	a, err := checkWeights("A", p.A, n)
	if err != nil {
		return nil, err
	}
	x := newCloud(p.X, a, mean(p.X, a))
	if p.Y == nil {
		if p.B != nil {
			return nil, errors.New("sinkhorn: B is set but Y is nil: the weights of a cloud against itself are A")
		}
		return newPairOf(x, x, p.Cost, p.MaskDiagonal, workers)
	}
	if err := CheckCloud("sinkhorn: Y", p.Y); err != nil {
		return nil, err
	}
	m, dy := p.Y.Dims()
	if d != dy {
		return nil, fmt.Errorf("sinkhorn: X is [%d, %d] but Y is [%d, %d]: the dimensions differ", n, d, m, dy)
	}
	b, err := checkWeights("B", p.B, m)
	if err != nil {
		return nil, err
	}
	centre := x.centre
	if p.Cost == HalfSquared {
		centre = mean(p.Y, b)
	}
	return newPairOf(x, newCloud(p.Y, b, centre), p.Cost, p.MaskDiagonal, workers)
}

// newPairOf pairs two clouds; one cloud given twice is the symmetric problem.
func newPairOf(x, y *cloud, cost Cost, mask bool, workers int) (*pair, error) {
	q := &pair{sweeper: newSweeper(cost, mask, workers, max(x.n, y.n)), x: x, y: y, symmetric: x == y, c: make([]float64, x.d)}
	floats.SubTo(q.c, x.centre, y.centre)
	if mask {
		for i := range min(x.n, y.n) {
			if y.weights[i] == 1 || x.weights[i] == 1 {
				return nil, fmt.Errorf("sinkhorn: MaskDiagonal leaves row %d without a partner: all the weight is on the masked pair", i)
			}
		}
	}
	return q, nil
}

func (q *pair) dot(point []float64) float64 { return floats.Dot(q.c, point) }

// costOf returns C_ij of the problem as it was put.
func (q *pair) costOf(i, j int) float64 {
	x, y := q.x.row(i), q.y.row(j)
	sum := 0.0
	for k, v := range x {
		d := v - y[k] + q.c[k]
		sum += d * d
	}
	if q.cost == Euclidean {
		return math.Sqrt(sum)
	}
	return sum / 2
}

// meanCost returns Σ_ij a_i b_j C_ij, of all pairs.
func (q *pair) meanCost() float64 {
	if q.cost == HalfSquared {
		spread := func(c *cloud) (s float64) {
			for i, w := range c.weights {
				s += w * floats.Dot(c.row(i), c.row(i))
			}
			return s
		}
		return (spread(q.x) + spread(q.y) + floats.Dot(q.c, q.c)) / 2
	}
	rows := make([]float64, q.x.n)
	q.each(q.x.n, q.y.n, func(i int, buffer []float64) {
		squaredDistances(buffer, q.x.row(i), q.y)
		for j, v := range buffer {
			rows[i] += q.y.weights[j] * math.Sqrt(v)
		}
	})
	return floats.Dot(rows, q.x.weights)
}

// defaultEpsilon is a share of the mean cost. When every cost is 0 any ε gives the same answer.
func (q *pair) defaultEpsilon() float64 {
	if e := defaultEpsilonShare * q.meanCost(); e > 0 {
		return e
	}
	return 1
}

// iteration is the state of Sinkhorn's iteration at one ε: potentials of the centred problem, and next, the row
// potential that g asks for, whose difference to f is the row marginal's error. For a symmetric problem f and g are
// one slice.
type iteration struct {
	*pair
	epsilon      float64
	f, g         []float64
	next, column []float64
	h            []float64
	trace        []float64
}

func (q *pair) newIteration(epsilon float64) *iteration {
	it := &iteration{pair: q, epsilon: epsilon, f: make([]float64, q.x.n), next: make([]float64, q.x.n), h: make([]float64, max(q.x.n, q.y.n))}
	it.g = it.f
	if !q.symmetric {
		it.g, it.column = make([]float64, q.y.n), make([]float64, q.y.n)
	}
	return it
}

// logWeighted returns p/ε + log w, the part of a score that belongs to the other point.
func (it *iteration) logWeighted(p []float64, c *cloud) []float64 {
	h := it.h[:c.n]
	for j := range h {
		h[j] = p[j]/it.epsilon + c.logW[j]
	}
	return h
}

func (it *iteration) updateRows() {
	it.softmin(it.next, it.x, it.y, it.logWeighted(it.g, it.y), it.epsilon)
}

// step moves the potentials on by one iteration: with omega = 1 to what each asks of the other, otherwise by omega
// times as much. A plain step leaves the column marginal exact.
func (it *iteration) step(omega float64) {
	if it.symmetric {
		move(it.f, it.next, 0.5)
	} else {
		move(it.f, it.next, omega)
		it.softmin(it.column, it.y, it.x, it.logWeighted(it.f, it.x), it.epsilon)
		move(it.g, it.column, omega)
	}
	it.updateRows()
}

// move sets p to p + omega (to − p).
func move(p, to []float64, omega float64) {
	if omega == 1 {
		copy(p, to)
		return
	}
	for i, v := range to {
		p[i] += omega * (v - p[i])
	}
}

// rowSum returns the sum of row i of the coupling at the present potentials: a_i exp((f_i − next_i)/ε).
func (it *iteration) rowSum(i int) float64 {
	if it.x.weights[i] == 0 {
		return 0
	}
	return it.x.weights[i] * math.Exp((it.f[i]-it.next[i])/it.epsilon)
}

// marginalError returns the L1 error of the row marginal at the present potentials.
func (it *iteration) marginalError() float64 {
	e := 0.0
	for i, w := range it.x.weights {
		e += math.Abs(it.rowSum(i) - w)
	}
	return e
}

func (q *pair) solve(ctx context.Context, set Settings) (*Solution, error) {
	it := q.newIteration(set.Epsilon)
	relax := relaxation{omega: 1}
	if set.Start != nil {
		if len(set.Start.g) != q.y.n {
			return nil, fmt.Errorf("sinkhorn: Start has %d points in Y, the problem has %d", len(set.Start.g), q.y.n)
		}
		copy(it.g, set.Start.g)
	}
	stages := q.stages(set)
	it.epsilon = stages[0]
	it.updateRows()
	iterations := 0
	if !q.symmetric {
		it.step(1) // f and g now belong together
		iterations++
	}
	plain := true // the last step was plain
	for k, epsilon := range stages {
		last := k == len(stages)-1
		if k > 0 {
			it.epsilon = epsilon
			it.updateRows()
			plain = false
		}
		limit := set.Iterations
		if !last {
			limit /= 2 // the rest is for the ε that was asked for
		}
		for ; ; iterations++ {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("sinkhorn: after %d iterations: %w", iterations, err)
			}
			e := it.marginalError()
			if last {
				it.trace = append(it.trace, e)
			}
			done := e <= set.Tolerance || !last && e <= annealingTolerance
			if done && plain || iterations >= limit || math.IsNaN(e) {
				break
			}
			plain = done || !last || q.symmetric || iterations == limit-1
			if plain {
				it.step(1)
			} else {
				it.step(relax.next(e))
			}
		}
	}
	s := it.solution(set.Tolerance)
	s.iterations = iterations
	return s, s.check()
}

// stages returns the falling sequence of ε to go through; one that is too long for the iterations is left out.
func (q *pair) stages(set Settings) []float64 {
	target := []float64{set.Epsilon}
	from := set.AnnealFrom
	if from == 0 && set.Start == nil {
		from = q.meanCost()
	}
	if q.symmetric || !(from > set.Epsilon) {
		return target
	}
	var stages []float64
	for e := from; e > set.Epsilon; e *= annealingFactor {
		stages = append(stages, e)
	}
	if set.Iterations < 4*len(stages) {
		return target
	}
	return append(stages, target...)
}

const (
	annealingFactor    = 0.5
	annealingTolerance = 0.05
)

func (it *iteration) solution(tolerance float64) *Solution {
	e := it.marginalError()
	return &Solution{pair: it.pair, epsilon: it.epsilon, f: it.f, g: it.g, next: it.next,
		marginalError: e, converged: e <= tolerance, trace: it.trace}
}
