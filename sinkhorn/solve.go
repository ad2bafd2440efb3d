package sinkhorn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// ErrOverflow is returned when potentials leave the range of float64, or are so large, in units of ε, that float64 no
// longer resolves the coupling they stand for; where all points are so near each other that the squares of their distances
// leave it, below 1e-150; and by Exact when it does not tell costs apart.
var ErrOverflow = errors.New("sinkhorn: costs or potentials overflow what float64 resolves: rescale the clouds, look for points far from all others, or give Solve a larger Epsilon")

// Solve runs Sinkhorn's iteration in the log domain,
//
//	f_i ← −ε log Σ_j b_j exp((g_j − C_ij)/ε),   g_j ← −ε log Σ_i a_i exp((f_i − C_ij)/ε),
//
// until the L1 error of the row marginal, recomputed from the potentials, is at most the tolerance. With a nil Y it
// iterates one potential instead, f ← ½(f − ε log Σ_j a_j exp((f_j − C_ij)/ε)), which contracts by at least ½ each time.
// Anderson acceleration and falling ε make that few iterations at small ε too, where the plain ones would be thousands.
// They run in float32 as far as it reaches and end in float64, in which errors and values are computed.
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
	it.at(epsilon, double)
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
	it.at(phases[0].epsilon, phases[0].precision)
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
