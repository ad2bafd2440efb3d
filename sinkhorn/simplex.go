package sinkhorn

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// simplex is the network simplex on the complete bipartite graph of the points that carry weight, plus a root that every
// point is joined to at the start. Node v < n is a row, n ≤ v < n+m a column, v = n+m the root.
//
// The basis is a spanning tree. Each node keeps the arc to its parent: its flow and its cost. Rows send, columns
// receive, so the arc of a row points up to its parent and the arc of a column points down to it.
//
// Flows are whole numbers of quanta, so that pivots neither make nor lose mass. Potentials are float64 at first. When they
// find no more arcs to enter, they become exact sums of costs, and the pivots go on. So a pair that lies far from the
// others costs the others no digits.
//
// The costs are a costMatrix. Its coordinates are twofold numbers and the exact potentials fixed ones: both are float64
// with more digits. From an optimal tree, duals makes the potentials of the problem, and check in exact.go proves the plan.
type simplex struct {
	*costMatrix
	n, m      int
	parent    []int
	flow      []int64
	arcCost   []float64
	potential []float64 // reduced cost of arc i → j: cost + potential_i − potential_j
	depth     []int
	child     []int // first child, −1 for none
	next      []int // siblings
	previous  []int
	heaviest  int // the column that takes what rounding leaves between the two sums of weights
	cursor    int // where the search for an entering arc goes on
	block     int // arcs that are searched at a time
	slack     float64

	exact  []fixed // the potentials once they are exact; potential is then their difference to from, rounded
	middle int     // the node in the middle of them when they became exact
	from   fixed   // its potential then
	unit   unit
}

// quanta is the number of quanta that make a mass of 1.
const quanta = 1 << 62

func newSimplex(c *costMatrix, a, b []float64) *simplex {
	t := &simplex{costMatrix: c, n: len(c.rows), m: len(c.columns)}
	most := c.largest
	if most == 0 {
		most = cmp.Or(c.taken(), 1)
	}
	t.slack = 1e-15 * most
	t.block = max(int(math.Sqrt(float64(len(c.cost)))), 16)
	nodes, root := t.n+t.m+1, t.n+t.m
	t.parent, t.depth = make([]int, nodes), make([]int, nodes)
	t.child, t.next, t.previous = make([]int, nodes), make([]int, nodes), make([]int, nodes)
	t.flow, t.arcCost, t.potential = make([]int64, nodes), make([]float64, nodes), make([]float64, nodes)
	t.unit = unitFor(most+c.taken(), nodes)
	t.parent[root], t.child[root], t.next[root], t.previous[root] = -1, -1, -1, -1
	left := int64(0)
	t.heaviest = t.n
	for v := range root {
		t.child[v] = -1
		// Any pair costs at most as much as one arc to the root, so no mass stays on two of them.
		t.arcCost[v] = most
		if t.isRow(v) {
			t.flow[v] = quantaOf(a[c.rows[v]])
			left += t.flow[v]
		} else {
			t.flow[v] = quantaOf(b[c.columns[v-t.n]])
			left -= t.flow[v]
			if t.flow[v] > t.flow[t.heaviest] {
				t.heaviest = v
			}
		}
		t.attach(v, root)
	}
	t.flow[t.heaviest] += left
	t.refresh(root)
	return t
}

func quantaOf(weight float64) int64 { return max(1, int64(math.Round(weight*quanta))) }

func (t *simplex) isRow(v int) bool { return v < t.n }

func (t *simplex) attach(v, parent int) {
	t.parent[v] = parent
	t.next[v], t.previous[v] = t.child[parent], -1
	if t.child[parent] >= 0 {
		t.previous[t.child[parent]] = v
	}
	t.child[parent] = v
}

func (t *simplex) detach(v int) {
	if p := t.previous[v]; p >= 0 {
		t.next[p] = t.next[v]
	} else {
		t.child[t.parent[v]] = t.next[v]
	}
	if n := t.next[v]; n >= 0 {
		t.previous[n] = t.previous[v]
	}
}

// after returns the node below top that follows v, a parent before its children, or −1 at the end.
func (t *simplex) after(v, top int) int {
	if t.child[v] >= 0 {
		return t.child[v]
	}
	for v != top && t.next[v] < 0 {
		v = t.parent[v]
	}
	if v == top {
		return -1
	}
	return t.next[v]
}

// refresh recomputes depth and potential of all nodes below top. Arcs of the tree have reduced cost 0.
func (t *simplex) refresh(top int) {
	for v := t.after(top, top); v >= 0; v = t.after(v, top) {
		t.place(v)
	}
}

// place sets depth and potential of v from its parent's.
func (t *simplex) place(v int) {
	p := t.parent[v]
	t.depth[v] = t.depth[p] + 1
	switch {
	case t.exact != nil:
		if c := t.unit.fixed(t.arcCost[v]); t.isRow(v) {
			t.exact[v] = t.exact[p].minus(c)
		} else {
			t.exact[v] = t.exact[p].plus(c)
		}
		t.potential[v] = t.unit.float(t.exact[v].minus(t.from))
	case t.isRow(v):
		t.potential[v] = t.potential[p] - t.arcCost[v]
	default:
		t.potential[v] = t.potential[p] + t.arcCost[v]
	}
}

// refine makes the potentials exact. In float64 it keeps their differences to the one in the middle: the potentials of most
// points are near each other, and so keep their digits.
func (t *simplex) refine() {
	root := t.n + t.m
	order := make([]int, root)
	for v := range order {
		order[v] = v
	}
	slices.SortFunc(order, func(v, w int) int {
		if t.potential[v] < t.potential[w] {
			return -1
		}
		return 1
	})
	t.exact = make([]fixed, root+1)
	t.refresh(root)
	t.middle = order[root/2]
	t.from = t.exact[t.middle]
	t.refresh(root)
}

// run makes pivots until no arc has a negative reduced cost.
func (t *simplex) run(ctx context.Context) error {
	if err := t.pivots(ctx, t.entering); err != nil {
		return err
	}
	t.refine()
	return t.pivots(ctx, t.enteringExactly)
}

// pivots makes pivots until search, which goes on at the cursor, finds no arc to enter among all there are.
func (t *simplex) pivots(ctx context.Context, search func() (arc, seen int)) error {
	work := 0
	for pivots, idle := 0, 0; idle < len(t.cost); {
		if work <= 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("sinkhorn: exact transport after %d pivots: %w", pivots, err)
			}
			work = lookEvery
		}
		arc, seen := search()
		work -= seen
		t.cursor = (t.cursor + seen) % len(t.cost)
		if idle += seen; arc >= 0 {
			t.pivot(arc/t.m, t.n+arc%t.m)
			work -= len(t.parent)
			idle, pivots = 0, pivots+1
		}
	}
	return nil
}

// entering looks at the next arcs of the row at the cursor. It returns the one of most negative reduced cost, or −1 if there
// is none, and how many it has seen.
func (t *simplex) entering() (arc, seen int) {
	i, j := t.cursor/t.m, t.cursor%t.m
	seen = min(t.block, t.m-j)
	best, arc := -t.slack, -1
	own, costs := t.potential[i], t.cost[t.cursor:t.cursor+seen]
	for k, u := range t.potential[t.n+j : t.n+j+seen] {
		if r := costs[k] + own - u; r < best {
			best, arc = r, t.cursor+k
		}
	}
	return arc, seen
}

// reduced returns the reduced cost of an arc.
func (t *simplex) reduced(i, j int) fixed {
	return t.unit.fixed(t.cost[i*t.m+j]).plus(t.exact[i].minus(t.exact[t.n+j]))
}

// roundingOfSums bounds the rounding error of a sum of a few numbers in float64, as a share of their sizes.
const roundingOfSums = 0x1p-50

// enteringExactly is entering with exact potentials. It computes the exact reduced cost of an arc only where float64 does not
// show already that it is positive.
func (t *simplex) enteringExactly() (arc, seen int) {
	i, j := t.cursor/t.m, t.cursor%t.m
	seen = min(t.block, t.m-j)
	best, arc := 0.0, -1
	own, costs := t.potential[i], t.cost[t.cursor:t.cursor+seen]
	for k, u := range t.potential[t.n+j : t.n+j+seen] {
		c := costs[k]
		if c+own-u > roundingOfSums*(c+math.Abs(own)+math.Abs(u)) {
			continue
		}
		if r := t.unit.float(t.reduced(i, j+k)); r < best {
			best, arc = r, t.cursor+k
		}
	}
	return arc, seen
}

// pivot brings the arc from row u to column w into the tree. Pushing flow along it runs round the cycle that it closes:
// down from the join to u and up from w. The arc that runs empty leaves; among several the last on the cycle as seen
// from the join, which keeps every empty arc pointing to the root, and so the simplex from cycling.
func (t *simplex) pivot(u, w int) {
	push, leaving, below := int64(math.MaxInt64), -1, u
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

// shift pushes flow along the arc of v, or against its direction.
func (t *simplex) shift(v int, against bool, push int64) {
	if against {
		t.flow[v] -= push
	} else {
		t.flow[v] += push
	}
}
