package onestep

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/wflow"
)

// GraphField is a field in a graph, what wflow.Trainable is on the host. The fields of package wflow have theirs here. A
// field of your own can be trained with if its type has these methods too.
type GraphField interface {
	// Regularised says whether the velocity depends on R: see wflow.Trainable.
	Regularised() bool

	// VelocityGraph returns V_R [b, n, d] for clouds that are scaled already, at the regularisation r, a scalar.
	VelocityGraph(b Batch, r *graph.Node) *graph.Node

	// TargetsGraph returns what the scale of the problems is measured to.
	TargetsGraph(b Batch) Targets
}

// graphOf returns the field's graph for a number of regularisations, or an error that says why training cannot use it.
func graphOf(field wflow.Field, regularisations int) (GraphField, error) {
	g, ok := field.(GraphField)
	switch f := field.(type) {
	case *wflow.Sinkhorn:
		g, ok = sinkhornGraph{f}, true
	case *wflow.KL:
		g, ok = klGraph{f}, true
	case *wflow.MMD:
		g, ok = mmdGraph{f}, true
	case *wflow.Drifting:
		g, ok = driftingGraph{f}, true
	case *wflow.Sliced:
		g, ok = slicedGraph{f}, true
	}
	if !ok {
		return nil, fmt.Errorf("onestep: the field %T has no graph: for training it wants the methods Regularised, VelocityGraph and TargetsGraph of GraphField", field)
	}
	if regularisations > 1 && !g.Regularised() {
		return nil, fmt.Errorf("onestep: %d values of R for %T, which has no regularisation: want one, of any value", regularisations, field)
	}
	if f, ok := field.(wflow.Trainable); ok {
		if _, err := f.WithR(1, 1); err != nil { // a setting for flows only; no R and no dimension decides that
			return nil, fmt.Errorf("onestep: %w", err)
		}
	}
	return g, nil
}
