package batched

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// scaled returns the projections after two updates or more, for equal weights a = 1/n and b = 1/m. With the coupling P after the first
// update, the others are
//
//	repeat:  r_i = a/Σ_j P_ij c_j,   c_j = b/Σ_i r_i P_ij,   starting at c = 1
//	T(x_i) = Σ_j P_ij c_j y_j / Σ_j P_ij c_j
//
// After every few of them, as many as [span.updates] says, log r and log c are added to log P, and P is computed anew.
//
// Source: Schmitzer, Stabilized Sparse Scaling Algorithms for Entropy Regularized Transport Problems (2019), section 3.
func (p Problem) scaled(updates int) *graph.Node {
	logP := logCoupling(p, 1)
	n, m := logP.Shape().Dim(1), logP.Shape().Dim(2)
	s := spanOf(logP.DType())
	unlift := math.Exp2(-s.lift)
	sum := func(x *graph.Node, axis int) *graph.Node { return graph.ReduceAndKeep(x, graph.ReduceSum, axis) }
	for done := 1; ; {
		lifted := graph.Exp(graph.AddScalar(logP, s.lift*math.Ln2))
		scaled, rows, columns := lifted, (*graph.Node)(nil), (*graph.Node)(nil) // [b, n, m], [b, n, 1], [b, 1, m]
		for k := 0; k < s.updates(n, m) && done < updates; k++ {
			rows = graph.Reciprocal(graph.MulScalar(sum(scaled, 2), unlift*float64(n)))
			columns = graph.Reciprocal(graph.MulScalar(sum(graph.Mul(lifted, rows), 1), unlift*float64(m)))
			scaled = graph.Mul(lifted, columns)
			done++
		}
		if done == updates {
			return graph.Div(graph.Einsum("bnm,bmd->bnd", scaled, p.Y), sum(scaled, 2))
		}
		logP = graph.Add(logP, graph.Add(graph.Log(rows), graph.Log(columns)))
	}
}

// span is what a float type can hold of a coupling that is multiplied by 2^lift: of entries up to 1, those from 2^−depth on.
type span struct{ lift, depth float64 }

// spanOf returns the span of a type, half of whose room above 1 is left for sums. Types that are coarser than float32 have none.
func spanOf(t dtypes.DType) span {
	switch t {
	case dtypes.Float32:
		return span{80, 126 + 80}
	case dtypes.Float64:
		return span{640, 1022 + 640}
	}
	return span{}
}

// updates returns how many updates of n × m pairs may go before P is computed anew, whatever the costs. It is 0 if there is no span.
//
// Let N be the larger of n and m. A row whose sum is a has an entry of a/m or more. The next update of the columns leaves a·b/m of
// it, since no column's sum is above 1. So each r grows by m² at most, and each c, for the same reason, by n². An entry that P
// has lost is below 2^−depth, and after k updates below N^(4k)·2^−depth. N such entries stand against a row's sum of N⁻³ or more.
// They are 2⁻³⁰ of it, less than what float32 rounds, as long as
//
//	(4k + 4)·log₂ N ≤ depth − 30
//
// No r and no c falls by more than N an update. So the lifted sums stay below 2^lift·N^k, which that leaves room for.
func (s span) updates(n, m int) int {
	return int(((s.depth-30)/math.Log2(float64(max(n, m, 2))) - 4) / 4)
}
