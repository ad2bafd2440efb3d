package onestep

import (
	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/sinkhorn/batched"
	"github.com/wflowlab/wflowlab/wflow"
)

// klGraph is the graph of wflow.KL.
type klGraph struct{ *wflow.KL }

func (f klGraph) VelocityGraph(b Batch, r *graph.Node) *graph.Node {
	epsilon := graph.MulScalar(r, b.dimension())
	return b.difference(f.Guidance, func(c cloud, own bool) *graph.Node {
		return batched.Project(batched.Problem{X: b.Particles, Y: c.points, B: c.weights, Epsilon: epsilon,
			MaskDiagonal: own && f.MaskDiagonal}, 0)
	})
}

func (f klGraph) SurroundingsGraph(b Batch) Surroundings { return b.Surroundings(f.Guidance) }
