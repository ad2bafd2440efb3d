package onestep

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/wflow"
)

// slicedGraph is the graph of wflow.Sliced. Where the host sorts, it counts for every point the mass before it: GoMLX's
// pure Go engine would call back into the graph for every comparison of a sort.
type slicedGraph struct{ *wflow.Sliced }

func (f slicedGraph) VelocityGraph(b Batch, _ *graph.Node) *graph.Node {
	host := f.Directions(b.Particles.Shape().Dim(2))
	count, d := host.Dims()
	directions := graph.ConvertDType(graph.ConstTensor(b.Particles.Graph(),
		tensors.FromFlatDataAndDimensions(host.RawMatrix().Data, count, d)), b.Particles.DType())
	alongEach := func(x *graph.Node) *graph.Node { return graph.Einsum("bnd,kd->bkn", x, directions) }

	begin, end := intervals(alongEach(b.Particles), cloud{points: b.Particles}.allWeights())
	begin, end = graph.InsertAxes(begin, -1), graph.InsertAxes(end, -1) // [b, k, n, 1]
	return b.difference(f.Guidance, func(c cloud, _ bool) *graph.Node {
		targets := alongEach(c.points)
		weights := c.allWeights()
		total := graph.ReduceAndKeep(weights, graph.ReduceSum, 1)
		from, to := intervals(targets, graph.Div(graph.MulScalar(weights, float64(b.Particles.Shape().Dim(1))), total))
		shared := graph.MaxScalar(graph.Sub(
			graph.Min(end, graph.InsertAxes(to, 2)), graph.Max(begin, graph.InsertAxes(from, 2))), 0) // [b, k, n, m]
		means := graph.Div(graph.Einsum("bknm,bkm->bkn", shared, targets), graph.ReduceSum(shared, -1))
		return graph.DivScalar(graph.Einsum("bkn,kd->bnd", means, directions), float64(count))
	})
}

func (f slicedGraph) SurroundingsGraph(b Batch) Surroundings { return b.Surroundings(f.Guidance) }

// intervals returns where the mass of every point begins and ends [b, k, m], if the points x [b, k, m] of a line with the
// masses [b, m] stand in ascending order, those that are equal in the order of their rows.
func intervals(x, mass *graph.Node) (begin, end *graph.Node) {
	m := x.Shape().Dim(2)
	pair := shapes.Make(dtypes.Int32, 1, 1, m, m)
	earlier := graph.LessThan(graph.Iota(x.Graph(), pair, 3), graph.Iota(x.Graph(), pair, 2))
	point, other := graph.InsertAxes(x, 3), graph.InsertAxes(x, 2)
	before := graph.LogicalOr(graph.LessThan(other, point), graph.LogicalAnd(graph.Equal(other, point), earlier))
	begin = graph.Einsum("bkmj,bj->bkm", graph.ConvertDType(before, x.DType()), mass)
	return begin, graph.Add(begin, graph.InsertAxes(mass, 1))
}
