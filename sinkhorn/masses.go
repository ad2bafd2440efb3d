package sinkhorn

// masses returns the mass on the arc of every node of the tree. It computes them from the weights themselves, since quanta
// are too coarse for weights that are much smaller than others. Where quanta were so coarse that the tree is not feasible,
// some masses are negative.
func (t *simplex) masses(a, b []float64) []float64 {
	root := t.n + t.m
	below := make([]twofold, root+1) // of a node and those below it: what rows send, less what columns take
	left := twofold{}
	var order []int
	for v := t.after(root, root); v >= 0; v = t.after(v, root) {
		order = append(order, v)
		sent := 0.0
		if t.isRow(v) {
			sent = a[t.rows[v]]
		} else {
			sent = -b[t.columns[v-t.n]]
		}
		below[v] = below[v].plus(sent)
		left = left.plus(sent)
	}
	below[t.heaviest] = below[t.heaviest].plus(-left.high).plus(-left.low)
	mass := make([]float64, root)
	for k := range order {
		v := order[len(order)-1-k]
		p := t.parent[v]
		below[p] = below[p].plus(below[v].high).plus(below[v].low)
		if mass[v] = below[v].float(); !t.isRow(v) {
			mass[v] = -mass[v]
		}
	}
	return mass
}
