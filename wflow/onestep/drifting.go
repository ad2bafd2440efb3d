package onestep

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/wflow"
)

// driftingGraph is the graph of wflow.Drifting.
type driftingGraph struct{ *wflow.Drifting }

func (f driftingGraph) VelocityGraph(b Batch, r *graph.Node) *graph.Node {
	tau := graph.MulScalar(r, math.Sqrt(b.dimension()))
	negatives := b.negatives(wflow.ByDistribution)
	points := graph.Concatenate([]*graph.Node{negatives.points, b.Data}, 1)
	distance := distances(b.Particles, points, leastSquare)
	g, n, all, first := distance.Graph(), distance.Shape().Dim(1), distance.Shape().Dim(2), negatives.points.Shape().Dim(1)
	if b.Self == nil {
		pair := shapes.Make(dtypes.Int32, 1, n, all)
		diagonal := graph.Equal(graph.Iota(g, pair, 1), graph.Iota(g, pair, 2))
		distance = graph.Add(distance, graph.MulScalar(graph.ConvertDType(diagonal, distance.DType()), 100))
	}
	logits := graph.Neg(graph.Div(distance, tau))
	product := graph.Mul(graph.Softmax(logits, 2), graph.Softmax(logits, 1))
	affinity := graph.Sqrt(graph.MaxScalar(product, 1e-6))
	away := graph.Slice(affinity, graph.AxisRange(), graph.AxisRange(), graph.AxisRangeFromStart(first))
	towards := graph.Slice(affinity, graph.AxisRange(), graph.AxisRange(), graph.AxisRangeToEnd(first))
	if negatives.weights != nil {
		away = graph.Mul(away, graph.InsertAxes(negatives.weights, 1))
	}
	return graph.Sub(
		graph.Mul(rowSum(away), pull(towards, b.Particles, b.Data)),
		graph.Mul(rowSum(towards), pull(away, b.Particles, negatives.points)))
}

func (f driftingGraph) SurroundingsGraph(b Batch) Surroundings {
	all := joined(b.negatives(wflow.ByDistribution), cloud{points: b.Data})
	return Surroundings{Points: all.points, Weights: all.weights,
		Distance: func(x, y *graph.Node) *graph.Node { return distances(x, y, leastSquare) }}
}

// pull returns Σ_j a_ij (y_j − x_i), about the mean of y against cancellation far from the origin.
func pull(a, x, y *graph.Node) *graph.Node {
	centre := graph.ReduceAndKeep(y, graph.ReduceMean, 1)
	towards := graph.Einsum("bnm,bmd->bnd", a, graph.Sub(y, centre))
	return graph.Sub(towards, graph.Mul(rowSum(a), graph.Sub(x, centre)))
}

func rowSum(a *graph.Node) *graph.Node { return graph.ReduceAndKeep(a, graph.ReduceSum, -1) }

// leastSquare is the least squared distance in Drifting, also between a point and itself.
const leastSquare = 1e-8
