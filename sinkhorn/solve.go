package sinkhorn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// ErrOverflow reports numbers that float64 does not hold or does not resolve:
//
//   - costs or potentials beyond its range, or potentials so large in units of ε that rounding them changes the coupling;
//   - points that are all so near each other, below 1e-150, that the squares of their distances underflow;
//   - in Exact, costs that lie so far apart that float64 does not tell the smaller ones from rounding.
var ErrOverflow = errors.New("sinkhorn: costs or potentials overflow what float64 resolves: rescale the clouds, look for points far from all others, or give Solve a larger Epsilon")

// Solve runs Sinkhorn's iteration in the log domain,
//
//	f_i ← −ε log Σ_j b_j exp((g_j − C_ij)/ε),   g_j ← −ε log Σ_i a_i exp((f_i − C_ij)/ε),
//
// until the L1 error of the row marginal, recomputed from the potentials, is at most the tolerance. With a nil Y it
// iterates one potential instead, f ← ½(f − ε log Σ_j a_j exp((f_j − C_ij)/ε)), and each iteration at least halves the
// distance of f to the solution. At a small ε plain iterations would be thousands. Anderson acceleration, and an ε that
// falls step by step to the one that was asked for, keep them few. The first iterations run in float32, as far as its
// digits reach. The last ones run in float64, and so do MarginalError and all values.
//
// Running out of iterations is no error: Converged and MarginalError of the solution tell, and its bounds Dual and Primal
// hold all the same. Clouds, weights or settings that make no problem are an error, which names the argument, the row and
// the value. So is a cancelled context, and ErrOverflow.
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

// Iterate runs exactly L plain iterations, as the training of networks does. It updates the rows first, neither anneals
// nor stops early, and starts from scalings of 1, that is from g_j = −ε log b_j. After the last iteration the column
// marginal is exact; the row marginal has whatever error is left.
//
// With L = 0 it only normalises the rows, at g = 0. Project is then the softmax of the KL field, in which the weights B
// take part.
//
// Errors are those of Solve; epsilon must be positive and L ≥ 0.
//
// Source: arXiv 2605.11755 and its code (log_u = log_v = 0 at the start).
func Iterate(ctx context.Context, p Problem, epsilon float64, L int) (*Solution, error) {
	if err := checkIterate(epsilon, L); err != nil {
		return nil, err
	}
	if p.Y == nil {
		p.Y, p.B = p.X, p.A // the plain iteration, also for a cloud against itself
	}
	q, err := newPair(p, 0)
	if err != nil {
		return nil, err
	}
	it := q.newIteration(ctx)
	defer it.end()
	it.switchTo(epsilon, double)
	for j := range it.g {
		it.g[j] = q.dot(q.y.row(j))
		if w := q.y.weights[j]; L > 0 && w > 0 {
			it.g[j] -= epsilon * math.Log(w)
		}
	}
	it.updateRows()
	for range L {
		if ctx.Err() != nil {
			break
		}
		it.step()
		it.iterations++
		it.trace = append(it.trace, min(it.marginalError(), math.MaxFloat64))
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sinkhorn: %w", err)
	}
	if L == 0 {
		copy(it.f, it.next)
	}
	return it.solution(defaultTolerance)
}

// solve goes through the phases of a solve and returns the solution that they end with.
func (q *pair) solve(ctx context.Context, set Settings) (*Solution, error) {
	if math.IsInf(q.spread+floats.Dot(q.c, q.c), 0) {
		return nil, ErrOverflow
	}
	it := q.newIteration(ctx)
	defer it.end()
	if set.Start != nil {
		if len(set.Start.g) != q.y.n {
			return nil, fmt.Errorf("sinkhorn: Start has %d points in Y, the problem has %d", len(set.Start.g), q.y.n)
		}
		it.start(set.Start.g)
	}
	phases := q.phases(set)
	it.switchTo(phases[0].epsilon, phases[0].precision)
	if !q.symmetric {
		it.updateRows()
		copy(it.f, it.next)
	}
	for k, p := range phases {
		if k > 0 {
			copy(it.f, it.image())
		}
		if err := it.run(ctx, p); err != nil {
			return nil, fmt.Errorf("sinkhorn: after %d iterations: %w", it.iterations, err)
		}
	}
	return it.solution(set.Tolerance)
}
