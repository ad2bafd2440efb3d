package sinkhorn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Plan is an optimal coupling of exact transport: at most n + m − 1 pairs carry mass.
type Plan struct {
	// Rows, Columns and Mass list the pairs that carry mass: Mass[k] goes from row Rows[k] of X to row Columns[k] of Y.
	Rows, Columns []int
	Mass          []float64

	// F [n] and G [m] are dual potentials, in the unit of the cost: F_i + G_j ≤ C_ij, with equality on the pairs above.
	F, G []float64

	cost        float64
	halfSquared bool
}

// Cost returns ⟨P, C⟩, the cost of transport without entropy, in the unit of the cost.
func (p *Plan) Cost() float64 { return p.cost }

// W2 returns the Wasserstein distance √(2 ⟨P, C⟩), in the unit of the coordinates. It panics for the cost ‖x−y‖.
func (p *Plan) W2() float64 {
	if !p.halfSquared {
		panic("sinkhorn: W2 asked of a plan whose cost is not HalfSquared")
	}
	return math.Sqrt(2 * max(p.cost, 0))
}

// Coupling returns the plan as a matrix [n, m].
func (p *Plan) Coupling() *mat.Dense {
	c := mat.NewDense(len(p.F), len(p.G), nil)
	for k, mass := range p.Mass {
		c.Set(p.Rows[k], p.Columns[k], c.At(p.Rows[k], p.Columns[k])+mass)
	}
	return c
}

// Exact solves transport without entropy, min ⟨P, C⟩ over couplings of A and B, by the network simplex. It holds the
// cost matrix: memory is O(n·m), 32 MB at n = m = 2,000, and the time there about a second.
//
// Errors are those of Solve; a masked diagonal is not supported.
//
// Source: Ahuja, Magnanti and Orlin, Network Flows (1993), ch. 11, with strongly feasible trees against cycling and
// block search for the entering arc.
func Exact(ctx context.Context, p Problem) (*Plan, error) {
	if p.MaskDiagonal {
		return nil, errors.New("sinkhorn: Exact does not support MaskDiagonal")
	}
	if p.Y == nil {
		p.Y, p.B = p.X, p.A
	}
	q, err := newPair(p, 0)
	if err != nil {
		return nil, err
	}
	if math.IsInf(q.furthest(), 1) {
		return nil, ErrOverflow
	}
	t := newTransport(q)
	if err := t.run(ctx); err != nil {
		return nil, err
	}
	return t.plan(), nil
}

// transport is the network simplex on the complete bipartite graph of the points that carry weight, plus a root that
// every point is joined to at the start. Node v < n is a row, n ≤ v < n+m a column, v = n+m the root.
//
// The basis is a spanning tree. Each node keeps the arc to its parent: its flow and its cost. Rows send, columns
// receive, so the arc of a row points up to its parent and the arc of a column points down to it.
type transport struct {
	pair      *pair
	rows      []int     // row of X of node v
	columns   []int     // row of Y of node n+v
	cost      []float64 // [n·m]
	n, m      int
	parent    []int
	flow      []float64
	arcCost   []float64
	potential []float64 // reduced cost of arc i → j: cost + potential_i − potential_j
	depth     []int
	child     []int // first child, −1 for none
	next      []int // siblings
	previous  []int
	cursor    int // where the search for an entering arc goes on
	slack     float64
}

func newTransport(q *pair) *transport {
	t := &transport{pair: q, rows: support(q.x), columns: support(q.y)}
	t.n, t.m = len(t.rows), len(t.columns)
	t.cost = make([]float64, t.n*t.m)
	largest := 0.0
	for i, r := range t.rows {
		row := t.cost[i*t.m : (i+1)*t.m]
		for j, c := range t.columns {
			// The centred cost differs by terms of x and of y alone: same plan, better digits.
			row[j] = q.cost.At(q.x.row(r), q.y.row(c))
		}
		largest = max(largest, floats.Max(row))
	}
	if largest == 0 {
		largest = 1
	}
	nodes, root := t.n+t.m+1, t.n+t.m
	t.parent, t.depth = make([]int, nodes), make([]int, nodes)
	t.child, t.next, t.previous = make([]int, nodes), make([]int, nodes), make([]int, nodes)
	t.flow, t.arcCost, t.potential = make([]float64, nodes), make([]float64, nodes), make([]float64, nodes)
	t.slack = 1e-15 * largest
	t.parent[root], t.child[root], t.next[root], t.previous[root] = -1, -1, -1, -1
	left := 0.0 // rounding of the two sums of weights
	for v := range root {
		t.child[v] = -1
		// Any pair costs at most as much as one arc to the root, so no mass stays on two of them.
		t.arcCost[v] = largest
		if v < t.n {
			t.flow[v] = q.x.weights[t.rows[v]]
			left += t.flow[v]
		} else {
			t.flow[v] = q.y.weights[t.columns[v-t.n]]
			left -= t.flow[v]
		}
		t.attach(v, root)
	}
	heaviest := t.n + floats.MaxIdx(t.flow[t.n:root])
	t.flow[heaviest] += left
	t.refresh(root)
	return t
}

// support lists the points of positive weight.
func support(c *cloud) (points []int) {
	for i, w := range c.weights {
		if w > 0 {
			points = append(points, i)
		}
	}
	return points
}

func (t *transport) isRow(v int) bool { return v < t.n }

func (t *transport) attach(v, parent int) {
	t.parent[v] = parent
	t.next[v], t.previous[v] = t.child[parent], -1
	if t.child[parent] >= 0 {
		t.previous[t.child[parent]] = v
	}
	t.child[parent] = v
}

func (t *transport) detach(v int) {
	if p := t.previous[v]; p >= 0 {
		t.next[p] = t.next[v]
	} else {
		t.child[t.parent[v]] = t.next[v]
	}
	if n := t.next[v]; n >= 0 {
		t.previous[n] = t.previous[v]
	}
}

// refresh recomputes depth and potential of everything below v. Arcs of the tree have reduced cost 0.
func (t *transport) refresh(v int) {
	top := v
	for {
		if t.child[v] >= 0 {
			v = t.child[v]
		} else {
			for v != top && t.next[v] < 0 {
				v = t.parent[v]
			}
			if v == top {
				return
			}
			v = t.next[v]
		}
		t.place(v)
	}
}

// place sets depth and potential of v from its parent's.
func (t *transport) place(v int) {
	p := t.parent[v]
	t.depth[v] = t.depth[p] + 1
	if t.isRow(v) {
		t.potential[v] = t.potential[p] - t.arcCost[v]
	} else {
		t.potential[v] = t.potential[p] + t.arcCost[v]
	}
}

// entering returns the pair of most negative reduced cost in the first block of arcs that holds one.
func (t *transport) entering() (i, j int, found bool) {
	arcs := t.n * t.m
	block := max(int(math.Sqrt(float64(arcs))), 16)
	best, at := -t.slack, -1
	columns := t.potential[t.n : t.n+t.m]
	for seen := 0; seen < arcs; {
		i, j := t.cursor/t.m, t.cursor%t.m
		stop := min(t.m, j+block)
		own := t.potential[i]
		costs := t.cost[i*t.m+j : i*t.m+stop]
		for k, u := range columns[j:stop] {
			if r := costs[k] + own - u; r < best {
				best, at = r, t.cursor+k
			}
		}
		seen += stop - j
		t.cursor = (t.cursor + stop - j) % arcs
		if at >= 0 {
			return at / t.m, at % t.m, true
		}
	}
	return 0, 0, false
}

func (t *transport) run(ctx context.Context) error {
	for pivots := 0; ; pivots++ {
		if pivots%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("sinkhorn: exact transport after %d pivots: %w", pivots, err)
			}
		}
		i, j, found := t.entering()
		if !found {
			return nil
		}
		t.pivot(i, t.n+j)
	}
}

// pivot brings the arc from row u to column w into the tree. Pushing flow along it runs round the cycle that it closes:
// down from the join to u and up from w. The arc that runs empty leaves; among several the last on the cycle as seen
// from the join, which keeps every empty arc pointing to the root, and so the simplex from cycling.
func (t *transport) pivot(u, w int) {
	push, leaving, below := math.Inf(1), -1, u
	a, b := u, w
	for a != b {
		if t.depth[a] >= t.depth[b] {
			if t.isRow(a) && t.flow[a] < push { // traversed against its direction
				push, leaving, below = t.flow[a], a, u
			}
			a = t.parent[a]
		} else {
			if !t.isRow(b) && t.flow[b] <= push {
				push, leaving, below = t.flow[b], b, w
			}
			b = t.parent[b]
		}
	}
	join := a
	for v := u; v != join; v = t.parent[v] {
		t.shift(v, t.isRow(v), push)
	}
	for v := w; v != join; v = t.parent[v] {
		t.shift(v, !t.isRow(v), push)
	}
	t.flow[leaving] = 0

	// Hang the part below the leaving arc on the entering arc: the path from its inner end up to the leaving arc turns
	// round, each node taking over the arc of the node below it.
	outer := u + w - below
	cost := t.cost[u*t.m+w-t.n]
	flow := push
	for v, up := below, outer; ; {
		parent, c, f := t.parent[v], t.arcCost[v], t.flow[v]
		t.detach(v)
		t.attach(v, up)
		t.arcCost[v], t.flow[v] = cost, flow
		if v == leaving {
			break
		}
		v, up, cost, flow = parent, v, c, f
	}
	t.place(below)
	t.refresh(below)
}

func (t *transport) shift(v int, against bool, push float64) {
	if against {
		t.flow[v] -= push
	} else {
		t.flow[v] += push
	}
}

func (t *transport) plan() *Plan {
	q := t.pair
	p := &Plan{F: make([]float64, q.x.n), G: make([]float64, q.y.n), halfSquared: q.cost == HalfSquared}
	root := t.n + t.m
	for v := range root {
		u := t.parent[v]
		if u == root || t.flow[v] <= 0 {
			continue
		}
		row, column := v, u
		if !t.isRow(v) {
			row, column = u, v
		}
		p.Rows = append(p.Rows, t.rows[row])
		p.Columns = append(p.Columns, t.columns[column-t.n])
		p.Mass = append(p.Mass, t.flow[v])
	}
	for k, mass := range p.Mass {
		p.cost += mass * q.costOf(p.Rows[k], p.Columns[k])
	}
	t.duals(p.F, p.G)
	return p
}

// duals writes the potentials of the problem as it was put: those of the tree where a point carries weight, and the
// largest feasible value elsewhere.
func (t *transport) duals(f, g []float64) {
	q := t.pair
	for j := range g {
		g[j] = math.Inf(1)
	}
	for v, j := range t.columns {
		g[j] = t.potential[t.n+v]
	}
	for i := range f {
		f[i] = math.Inf(1)
		for _, j := range t.columns {
			f[i] = min(f[i], q.cost.At(q.x.row(i), q.y.row(j))-g[j])
		}
	}
	for j := range g {
		for i := range f {
			g[j] = min(g[j], q.cost.At(q.x.row(i), q.y.row(j))-f[i])
		}
	}
	half := floats.Dot(q.c, q.c) / 2
	for i := range f {
		f[i] += q.dot(q.x.row(i)) + half
	}
	for j := range g {
		g[j] -= q.dot(q.y.row(j))
	}
}
