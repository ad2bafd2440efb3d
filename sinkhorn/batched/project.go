package batched

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// Problem asks for the entropic transports from X[k] [n, d] to Y[k] [m, d], k = 0 … b−1. Rows have equal weights.
type Problem struct {
	X, Y         *graph.Node   // [b, n, d] and [b, m, d], of one float type
	B            *graph.Node   // column weights [b, m], scaled to sum 1 within each problem; nil: equal weights
	Epsilon      *graph.Node   // regularisation, a scalar in the unit of the cost, shared by all problems
	Cost         sinkhorn.Cost // HalfSquared by default
	MaskDiagonal bool          // leave x_i → y_i out, i < min(n, m): a cloud against itself
}

// masked is added to the cost of pairs that are left out, as in W-Flow's released code. It is finite so that a problem
// whose only pair is masked still has a projection.
const masked = 1e6

// Project returns the barycentric projections [b, n, d] after the given number of updates of the column potentials,
// starting at zero:
//
//	repeat:  u_i = −log n − logsumexp_j(v_j − C_ij/ε),   v_j = log b_j − logsumexp_i(u_i − C_ij/ε)
//	T(x_i) = softmax_j(v_j − C_ij/ε) · Y
//
// The softmax divides every row of the coupling by its mass, which is 1/n only in the limit. With zero updates v is log b and T is the projection of the KL
// flow; with one or more it is Sinkhorn's, exact in the limit.
//
// The first update is computed in the log domain. Those behind it multiply rows and columns of its coupling by factors, which takes no
// exponentials, if Y has equal weights: see the method scaled. With other weights all are computed in the log domain. Squared distances
// come from ‖x‖² + ‖y‖² − 2⟨x, y⟩ about the mean of Y, clamped at zero; Euclidean ones from differences, because the root would
// magnify the rounding near zero.
//
// Source: Han et al., One-Step Generative Modeling via Wasserstein Gradient Flows (2026); Peyré and Cuturi,
// Computational Optimal Transport (2019), §4.
func Project(p Problem, updates int) *graph.Node {
	p.check()
	if x := p.X.Shape(); updates > 1 && p.B == nil && spanOf(x.DType).updates(x.Dim(1), p.Y.Shape().Dim(1)) > 0 {
		return p.scaled(updates)
	}
	return graph.Einsum("bnm,bmd->bnd", graph.Softmax(logCoupling(p, updates), -1), p.Y)
}

// Coupling returns the couplings [b, n, m] after the given number of updates,
//
//	P_ij = exp(u_i − C_ij/ε + v_j)
//
// with u from before the last update of v: column sums are b, row sums are 1/n only in the limit. With zero updates it
// is softmax_j(v_j − C_ij/ε)/n, whose row sums are 1/n.
func Coupling(p Problem, updates int) *graph.Node {
	logP := logCoupling(p, updates)
	if updates == 0 {
		return graph.DivScalar(graph.Softmax(logP, -1), float64(p.X.Shape().Dim(1)))
	}
	return graph.Exp(logP)
}

// MMD returns the pull of Y on X under the kernel K = exp(−c/ε), [b, n, d]:
//
//	V(x_i) = Σ_j b_j K(x_i, y_j) (y_j − x_i)
//
// For cost ‖x−y‖²/2 it is ε times the gradient at x_i of the kernel mean of Y; the velocity of the flow of MMD²/2 is
// the pull of the data minus the pull of the particles, over ε.
//
// Source: Arbel, Korba, Salim and Gretton, Maximum Mean Discrepancy Gradient Flow (2019).
func MMD(p Problem) *graph.Node {
	p.check()
	x, y := centred(p)
	k := graph.Exp(graph.Add(p.logKernel(), p.logWeights()))
	return graph.Sub(graph.Einsum("bnm,bmd->bnd", k, y), graph.Mul(graph.ReduceAndKeep(k, graph.ReduceSum, -1), x))
}

// logCoupling returns u_i − C_ij/ε + v_j [b, n, m]. With zero updates v is log b, and u is left out: it would change no
// softmax over j.
func logCoupling(p Problem, updates int) (logP *graph.Node) {
	p.check()
	if updates < 0 {
		exceptions.Panicf("batched: %d updates of the column potentials, want 0 or more", updates)
	}
	logK, logB := p.logKernel(), p.logWeights()
	if updates == 0 {
		return graph.Add(logK, logB)
	}
	logA := graph.Scalar(logK.Graph(), logK.DType(), -math.Log(float64(p.X.Shape().Dim(1))))
	scores := logK
	for range updates {
		top, logSum := logSumExp(scores, 2)
		rows := graph.Add(logK, graph.Sub(logA, graph.Add(top, logSum)))
		top, logSum = logSumExp(rows, 1)
		scores = graph.Add(logK, graph.Sub(logB, graph.Add(top, logSum)))
		// As differences from the largest entry of their column, the entries that count are small and round little.
		logP = graph.Add(graph.Sub(rows, top), graph.Sub(logB, logSum))
	}
	return logP
}

// logWeights returns log b [b, 1, m], or the scalar −log m for equal weights.
func (p Problem) logWeights() *graph.Node {
	if p.B == nil {
		return graph.Scalar(p.Y.Graph(), p.Y.DType(), -math.Log(float64(p.Y.Shape().Dim(1))))
	}
	sum := graph.ReduceAndKeep(p.B, graph.ReduceSum, 1)
	b := graph.Div(p.B, graph.MaxScalar(sum, 1e-12))
	return graph.InsertAxes(graph.Log(graph.MaxScalar(b, 1e-30)), 1)
}

// logKernel returns −C/ε [b, n, m].
func (p Problem) logKernel() *graph.Node {
	var c *graph.Node
	if p.Cost == sinkhorn.Euclidean {
		c = graph.Sqrt(SquaredDifferences(p.X, p.Y))
	} else {
		x, y := centred(p)
		x2 := graph.ReduceAndKeep(graph.Square(x), graph.ReduceSum, -1)
		y2 := graph.InsertAxes(graph.ReduceSum(graph.Square(y), -1), 1)
		xy := graph.Einsum("bnd,bmd->bnm", x, y)
		c = graph.MulScalar(graph.MaxScalar(graph.Sub(graph.Add(x2, y2), graph.MulScalar(xy, 2)), 0), 0.5)
	}
	if p.MaskDiagonal {
		dims := c.Shape().Dimensions
		pair := shapes.Make(dtypes.Int32, 1, dims[1], dims[2])
		diagonal := graph.Equal(graph.Iota(c.Graph(), pair, 1), graph.Iota(c.Graph(), pair, 2))
		c = graph.Add(c, graph.MulScalar(graph.ConvertDType(diagonal, c.DType()), masked))
	}
	return graph.Neg(graph.Div(c, p.Epsilon))
}

// SquaredDifferences returns ‖x_i − y_j‖² [b, n, m] for X [b, n, d] and Y [b, m, d], summed from differences: zero for
// equal points, at the price of n·m·d operations outside a matrix product.
func SquaredDifferences(x, y *graph.Node) *graph.Node {
	return graph.ReduceSum(graph.Square(graph.Sub(graph.InsertAxes(x, 2), graph.InsertAxes(y, 1))), -1)
}

// centred returns X and Y with the mean of Y subtracted from both.
func centred(p Problem) (x, y *graph.Node) {
	centre := graph.ReduceAndKeep(p.Y, graph.ReduceMean, 1)
	return graph.Sub(p.X, centre), graph.Sub(p.Y, centre)
}

// logSumExp reduces one axis of x to length 1. It returns log Σ exp(x) in two parts to be added: the maximum top, and the
// rest.
func logSumExp(x *graph.Node, axis int) (top, rest *graph.Node) {
	top = graph.StopGradient(graph.ReduceAndKeep(x, graph.ReduceMax, axis))
	return top, graph.Log(graph.ReduceAndKeep(graph.Exp(graph.Sub(x, top)), graph.ReduceSum, axis))
}

func (p Problem) check() {
	x, y := p.X.Shape(), p.Y.Shape()
	if x.Rank() != 3 || y.Rank() != 3 || x.Dim(0) != y.Dim(0) || x.Dim(2) != y.Dim(2) || x.DType != y.DType {
		exceptions.Panicf("batched: X is %s and Y is %s, want [b, n, d] and [b, m, d] of one type", x, y)
	}
	if p.B != nil && (p.B.Rank() != 2 || p.B.Shape().Dim(0) != y.Dim(0) || p.B.Shape().Dim(1) != y.Dim(1)) {
		exceptions.Panicf("batched: B is %s, want [%d, %d]", p.B.Shape(), y.Dim(0), y.Dim(1))
	}
	if p.Epsilon == nil || !p.Epsilon.Shape().IsScalar() {
		exceptions.Panicf("batched: Epsilon must be a scalar node")
	}
	if p.Cost != sinkhorn.HalfSquared && p.Cost != sinkhorn.Euclidean {
		exceptions.Panicf("batched: unknown cost %d", int(p.Cost))
	}
}
