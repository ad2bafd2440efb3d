package onestep

import (
	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/wflow"
)

// difference returns the velocity [b, n, d] of a field that couples the particles to one cloud after another. With T(x)
// the mean of where the mass of x goes in a cloud,
//
//	V = T_data − T_self + (α−1)·(T_data − T_unconditional),
//
// the last for guidance by velocity. The field gives project, which makes T [b, n, d] of a cloud; own says that it is the
// self term's.
func (b Batch) difference(g wflow.Guidance, project func(c cloud, own bool) *graph.Node) *graph.Node {
	negatives := b.negatives(g)
	toData := project(cloud{points: b.Data}, false)
	v := graph.Sub(toData, project(negatives, true))
	if !b.guided() || g != wflow.ByVelocity {
		return v
	}
	w := graph.Reshape(graph.SubScalar(b.Alpha, 1), -1, 1, 1)
	return graph.Add(v, graph.Mul(w, graph.Sub(toData, project(cloud{points: b.Unconditional}, false))))
}
