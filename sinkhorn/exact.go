package sinkhorn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Simplex is [Exact] with a setting; the zero value works.
type Simplex struct {
	// Memory is the most that the cost matrix may take, in bytes. It takes 8 for each pair of points that both carry
	// weight. 0 means 4 GiB, enough for n = m = 23,000.
	Memory int64
}

const defaultMemory = 4 << 30

// Exact solves transport without entropy, min ⟨P, C⟩ over couplings of A and B, by the network simplex. It holds the
// cost matrix: memory is O(n·m), 32 MB at n = m = 2,000, where it takes about a second. A problem that needs more than
// 4 GiB is an error before any memory is taken; [Simplex] raises the bound.
//
// A plan is optimal to the rounding of each pair's own cost. Points that lie far from the others cost the others no
// digits, for potentials are sums of costs without rounding. A mass below 3e-14 of the smaller weight of its two points is
// left out, since the rounding of the weights leaves such masses.
//
// Exact checks a plan before it returns it: the marginals against the weights, the potentials against the costs. For a
// plan that fails it returns ErrOverflow: costs lie so far apart that float64 does not tell the smaller ones from
// rounding, or weights are so small that their mass is not found. Other errors are those of Solve. MaskDiagonal is not
// supported. A cancelled context is noticed within a few milliseconds.
//
// Source: Ahuja, Magnanti and Orlin, Network Flows (1993), ch. 11, with strongly feasible trees against cycling and
// block search for the entering arc.
func Exact(ctx context.Context, p Problem) (*Plan, error) { return Simplex{}.Exact(ctx, p) }

// Exact is the function [Exact] with this bound on its memory.
func (s Simplex) Exact(ctx context.Context, p Problem) (*Plan, error) {
	if p.MaskDiagonal {
		return nil, errors.New("sinkhorn: Exact does not support MaskDiagonal")
	}
	if s.Memory < 0 {
		return nil, fmt.Errorf("sinkhorn: Memory is %d, want ≥ 0", s.Memory)
	}
	if p.Y == nil {
		p.Y, p.B = p.X, p.A
	}
	a, b, err := p.check()
	if err != nil {
		return nil, err
	}
	if err := s.allows(len(support(a)), len(support(b))); err != nil {
		return nil, err
	}
	costs, err := newCostMatrix(ctx, p, a, b)
	if err != nil {
		return nil, err
	}
	t := newSimplex(costs, a, b)
	if err := t.run(ctx); err != nil {
		return nil, err
	}
	return t.plan(ctx, p, a, b)
}

// allows returns an error for a cost matrix that is too large.
func (s Simplex) allows(n, m int) error {
	most := s.Memory
	if most == 0 {
		most = defaultMemory
	}
	if needs := 8 * float64(n) * float64(m); needs > float64(most) {
		return fmt.Errorf("sinkhorn: Exact of %d × %d points needs %.3g GB for its cost matrix, and may take %.3g GB: use Solve, which does not "+
			"store the costs, or fewer points, or raise the bound by Simplex{Memory: %.0f}.Exact", n, m, needs/1e9, float64(most)/1e9, needs)
	}
	return nil
}

// travels is the least mass that counts, as a share of the smaller weight of its two points. Dividing weights by their sum
// rounds them, and leaves smaller masses.
const travels = 0x1p-45

// plan returns the plan of an optimal tree, once it has passed its check.
func (t *simplex) plan(ctx context.Context, p Problem, a, b []float64) (*Plan, error) {
	plan := &Plan{F: make([]float64, len(a)), G: make([]float64, len(b)), halfSquared: p.Cost == HalfSquared}
	root := t.n + t.m
	carries, masses := make([]bool, root), t.masses(a, b)
	for v := range root {
		u := t.parent[v]
		if u == root {
			continue
		}
		row, column := v, u
		if !t.isRow(v) {
			row, column = u, v
		}
		i, j, mass := t.rows[row], t.columns[column-t.n], masses[v]
		if carries[v] = mass > travels*min(a[i], b[j]); carries[v] {
			plan.Rows, plan.Columns, plan.Mass = append(plan.Rows, i), append(plan.Columns, j), append(plan.Mass, mass)
			plan.cost += mass * p.Cost.At(p.X.RawRowView(i), p.Y.RawRowView(j))
		}
	}
	d := newDuals(t, carries)
	d.settle(ctx)
	for v, i := range t.rows {
		plan.F[i] = d.value(v)
	}
	for v, j := range t.columns {
		plan.G[j] = -d.value(t.n + v)
	}
	plan.extend(p, a, b)
	if err := t.check(ctx, plan, p, a, b); err != nil {
		return nil, err
	}
	return plan, nil
}

// check proves a plan, to rounding: its marginals are the weights, and its potentials are feasible, and tight where mass
// flows. Then no plan costs less.
func (t *simplex) check(ctx context.Context, plan *Plan, p Problem, a, b []float64) error {
	_, dim := p.X.Dims()
	rounding := 0x1p-52 * float64(dim+64) // of a sum of dim squares, and some more
	moves := false
	below := 16 * t.unit.words[0] // what potentials do not tell apart
	fails := func(format string, arguments ...any) error {
		return fmt.Errorf("sinkhorn: exact transport: %s: %w", fmt.Sprintf(format, arguments...), ErrOverflow)
	}
	rows, columns := make([]float64, len(a)), make([]float64, len(b))
	for k, mass := range plan.Mass {
		i, j := plan.Rows[k], plan.Columns[k]
		rows[i] += mass
		columns[j] += mass
		moves = moves || !slices.Equal(p.X.RawRowView(i), p.Y.RawRowView(j))
		c, f, g := p.Cost.At(p.X.RawRowView(i), p.Y.RawRowView(j)), plan.F[i], plan.G[j]
		if !(math.Abs(f+g-c) <= rounding*(c+math.Abs(f)+math.Abs(g)+t.centred(i, j))+below) {
			return fails("F[%d] + G[%d] is %v where mass flows at a cost of %v", i, j, f+g, c)
		}
	}
	if moves && (below > rounding*plan.cost || plan.cost < p.Cost.smallest()) {
		return fails("costs are up to %v, and the plan's is %v", t.largest, plan.cost)
	}
	astray := 0.0 // the cost of what is missing from sums, or too much in them, beyond rounding
	for _, side := range []struct {
		name                 string
		got, want, potential []float64
	}{{"row", rows, a, plan.F}, {"column", columns, b, plan.G}} {
		for i, v := range side.got {
			w, share := side.want[i], float64(len(a)+len(b))
			off := math.Abs(v - w)
			if off > share*travels*w {
				astray += off * math.Abs(side.potential[i])
			}
			if !(off <= share*(travels*w+1.0/quanta) && astray <= 1e-12*plan.cost+below) {
				return fails("%s %d of the plan sums to %v, want %v", side.name, i, v, w)
			}
		}
	}
	// The potentials of the centred problem: F_i + G_j ≤ C_ij is other_j − own_i ≤ cost_ij.
	own, other := make([]float64, t.n), make([]float64, t.m)
	for v, i := range t.rows {
		own[v] = t.fromRow[v].plus(-plan.F[i]).float()
	}
	for v, j := range t.columns {
		other[v] = t.fromColumn[v].plus(plan.G[j]).float()
	}
	for v, i := range t.rows {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("sinkhorn: the check of exact transport: %w", err)
		}
		size := math.Abs(plan.F[i]) + math.Abs(own[v])
		for w, c := range t.cost[v*t.m : (v+1)*t.m] {
			if over := other[w] - own[v] - c; !(over <= 0) && !(over <= rounding*(c+size+math.Abs(other[w]))+below) {
				return fails("F[%d] + G[%d] is over the cost by %v", i, t.columns[w], over)
			}
		}
	}
	if math.IsInf(plan.cost, 0) || math.IsNaN(plan.cost) {
		return ErrOverflow
	}
	return nil
}
