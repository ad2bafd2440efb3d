package onestep

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/wflow"
)

// GraphField is a field inside a graph, as wflow.Trainable is one on the host. Loss knows the graphs of package wflow's
// fields. To train with a field of your own, give its type these methods beside the Velocity of wflow.Field.
type GraphField interface {
	// Regularised says whether the velocity depends on R: see wflow.Trainable.
	Regularised() bool

	// VelocityGraph returns the velocity [b, n, d] at the regularisation r, a scalar. The clouds are scaled already.
	VelocityGraph(b Batch, r *graph.Node) *graph.Node

	// SurroundingsGraph returns the points whose distances from the particles give the scale of the problems. Most fields
	// return b.Surroundings.
	SurroundingsGraph(b Batch) Surroundings
}

// graphOf returns the field's graph for a number of regularisations and clouds in d dimensions, or an error that says why
// training cannot use the field.
func graphOf(field wflow.Field, regularisations, d int) (GraphField, error) {
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
		return nil, fmt.Errorf("onestep: the field %T has no graph: for training it wants the methods Regularised, VelocityGraph and SurroundingsGraph of GraphField", field)
	}
	if regularisations > 1 && !g.Regularised() {
		return nil, fmt.Errorf("onestep: %d values of R for %T, which has no regularisation: want one, whose value has no effect", regularisations, field)
	}
	if f, ok := field.(wflow.Trainable); ok {
		if _, err := f.WithR(1, d); err != nil { // the error is the same for every R
			return nil, fmt.Errorf("onestep: %w", err)
		}
	}
	return g, nil
}
