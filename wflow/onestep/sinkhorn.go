package onestep

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/sinkhorn/batched"
	"github.com/wflowlab/wflowlab/wflow"
)

// sinkhornGraph is the graph of wflow.Sinkhorn.
type sinkhornGraph struct{ *wflow.Sinkhorn }

func (f sinkhornGraph) VelocityGraph(b Batch, r *graph.Node) *graph.Node {
	problem := f.problem(b, r)
	return b.difference(f.Guidance, func(c cloud, own bool) *graph.Node {
		return batched.Project(problem(c, own), f.Iterations)
	})
}

// problem returns what makes the coupling of the particles to a cloud.
func (f sinkhornGraph) problem(b Batch, r *graph.Node) func(c cloud, own bool) batched.Problem {
	perR := b.dimension()
	if f.Cost == sinkhorn.Euclidean {
		perR = math.Sqrt(perR)
	}
	epsilon := graph.MulScalar(r, perR)
	return func(c cloud, own bool) batched.Problem {
		return batched.Problem{X: b.Particles, Y: c.points, B: c.weights, Epsilon: epsilon, Cost: f.Cost,
			MaskDiagonal: own && f.MaskDiagonal}
	}
}

func (f sinkhornGraph) SurroundingsGraph(b Batch) Surroundings {
	s := b.Surroundings(f.Guidance)
	if f.Cost == sinkhorn.Euclidean {
		s.Distance = func(x, y *graph.Node) *graph.Node { return distances(x, y, 0) }
	}
	return s
}
