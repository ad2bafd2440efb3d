package onestep

import (
	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/sinkhorn/batched"
	"github.com/wflowlab/wflowlab/wflow"
)

// mmdGraph is the graph of wflow.MMD.
type mmdGraph struct{ *wflow.MMD }

func (f mmdGraph) VelocityGraph(b Batch, r *graph.Node) *graph.Node {
	epsilon := graph.MulScalar(r, b.dimension())
	return b.difference(f.Guidance, func(c cloud, _ bool) *graph.Node {
		return batched.MMD(batched.Problem{X: b.Particles, Y: c.points, B: c.weights, Epsilon: epsilon})
	})
}

func (f mmdGraph) SurroundingsGraph(b Batch) Surroundings { return b.Surroundings(f.Guidance) }
