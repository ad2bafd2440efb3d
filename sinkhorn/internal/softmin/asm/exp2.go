package main

import (
	"math"
	"slices"
)

// exp2Coefficients returns c_1 … c_degree of the polynomial 1 + c_1 f + … that approximates 2^f for |f| ≤ ½: it
// interpolates (2^f − 1)/f at the Chebyshev points, so that it is exact at f = 0 and nearly the best elsewhere.
func exp2Coefficients(degree int) []float64 {
	nodes, divided := make([]float64, degree), make([]float64, degree)
	for i := range nodes {
		f := math.Cos(math.Pi*(float64(i)+0.5)/float64(degree)) / 2
		nodes[i], divided[i] = f, math.Ln2
		if f != 0 {
			divided[i] = math.Expm1(f*math.Ln2) / f
		}
	}
	for k := 1; k < degree; k++ {
		for i := degree - 1; i >= k; i-- {
			divided[i] = (divided[i] - divided[i-1]) / (nodes[i] - nodes[i-k])
		}
	}
	// Newton's form, from the innermost bracket out: q ← q·(f − node_i) + divided_i.
	q := []float64{divided[degree-1]}
	for i := degree - 2; i >= 0; i-- {
		next := append([]float64{divided[i]}, slices.Clone(q)...)
		for k, c := range q {
			next[k] -= c * nodes[i]
		}
		q = next
	}
	return q
}
