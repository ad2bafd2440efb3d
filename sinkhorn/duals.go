package sinkhorn

import (
	"context"
	"math"
)

// duals turns the potentials of an optimal tree into those of the problem as the caller put it, not centred.
//
// Arcs without mass cut the tree into parts. The potentials of a part may rise and fall together, as far as the costs
// between parts let them. Each part is moved to where its own potentials are smallest in size. So the costs of one part,
// however large, cost the others no digits.
type duals struct {
	*simplex
	carries []bool    // whether the arc of a node carries mass
	part    []int     // of every node
	lift    []fixed   // of every part: what is added to the potentials of the tree
	rounded []float64 // lift − from, in float64
	from    fixed     // lift of the middle's part at the start
}

// newDuals finds the parts, and moves each to where its own potentials are smallest in size.
func newDuals(t *simplex, carries []bool) *duals {
	root := t.n + t.m
	d := &duals{simplex: t, carries: carries, part: make([]int, root)}
	var low, high []fixed
	for v := t.after(root, root); v >= 0; v = t.after(v, root) {
		level := d.level(v)
		if !carries[v] {
			d.part[v] = len(low)
			low, high = append(low, level), append(high, level)
			continue
		}
		k := d.part[t.parent[v]]
		d.part[v] = k
		if level.minus(low[k]).negative() {
			low[k] = level
		}
		if high[k].minus(level).negative() {
			high[k] = level
		}
	}
	d.lift, d.rounded = make([]fixed, len(low)), make([]float64, len(low))
	for k := range d.lift {
		d.lift[k] = fixed{}.minus(low[k]).minus(t.unit.fixed(t.unit.float(high[k].minus(low[k])) / 2))
	}
	d.from = d.lift[d.part[t.middle]]
	for k, lift := range d.lift {
		d.rounded[k] = t.unit.float(lift.minus(d.from))
	}
	return d
}

// level returns F of a row and −G of a column by the tree: within a part they rise and fall together.
func (d *duals) level(v int) fixed {
	var taken twofold
	if d.isRow(v) {
		taken = d.fromRow[v]
	} else {
		taken = d.fromColumn[v-d.n]
	}
	return d.unit.signed(taken.high).plus(d.unit.signed(taken.low)).minus(d.exact[v])
}

// value returns F of a row and −G of a column.
func (d *duals) value(v int) float64 { return d.unit.float(d.level(v).plus(d.lift[d.part[v]])) }

// settle raises parts until all potentials are feasible, each as little as it must be. This is a problem of shortest paths,
// whose lengths are the reduced costs: these are ≥ 0, for the potentials of the tree are feasible. A cancelled context ends
// it early.
//
// Source: Dijkstra, A note on two problems in connexion with graphs (1959); Johnson, Efficient algorithms for shortest
// paths in sparse networks (1977).
func (d *duals) settle(ctx context.Context) {
	rows := make([][]int, len(d.lift))
	for i := range d.n {
		rows[d.part[i]] = append(rows[d.part[i]], i)
	}
	settled := make([]bool, len(d.lift))
	for range settled {
		top := -1
		for k, done := range settled {
			if !done && (top < 0 || d.lift[top].minus(d.lift[k]).negative()) {
				top = k
			}
		}
		settled[top] = true
		for _, i := range rows[top] {
			if ctx.Err() != nil {
				return
			}
			d.raise(i, settled)
		}
	}
}

// raise raises every part that has a column j with F_i + G_j > C_ij, just as far as makes that an equality. The part of row
// i itself is settled.
func (d *duals) raise(i int, settled []bool) {
	top, own := d.part[i], d.potential[i]
	height := d.rounded[top]
	for j, c := range d.cost[i*d.m : (i+1)*d.m] {
		k, other := d.part[d.n+j], d.potential[d.n+j]
		if size := math.Abs(height) + math.Abs(d.rounded[k]) + c + math.Abs(own) + math.Abs(other); settled[k] ||
			height-(c+own-other)-d.rounded[k] < -roundingOfSums*size {
			continue
		}
		reduced := d.reduced(i, j)
		if reduced.negative() {
			reduced = fixed{}
		}
		if to := d.lift[top].minus(reduced); d.lift[k].minus(to).negative() {
			d.lift[k] = to
			d.rounded[k] = d.unit.float(to.minus(d.from))
		}
	}
}
