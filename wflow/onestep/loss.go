package onestep

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/wflow"
)

// Goal is what Loss returns, the graph's wflow.Goal.
type Goal struct {
	Loss       *graph.Node   // [b], mean of V² over a problem's particles and coordinates
	Velocity   *graph.Node   // V [b, n, d], on the scaled clouds; a constant
	Scale      *graph.Node   // [groups], the root mean square distance to the field's Surroundings, or the mean of their Distance
	S          *graph.Node   // [groups], s = max(Scale/√d, 1e-3), which divides the clouds
	MeanSquare []*graph.Node // [groups], mean V_R² before normalisation, one for each R
}

// Loss builds the loss of one-step training for a batch of problems, with x = batch.Particles:
//
//	loss = mean ‖x/s − sg(x/s + V)‖²,   V = Σ_R V_R/θ_R,   θ_R = √(max(mean V_R², 1e-8))
//
// where V_R is the field's velocity on the clouds divided by s, at ε = R·d (R·√d for the cost ‖x−y‖ and for Drifting's
// temperature). The problems of a group share s and θ_R. Everything but x/s is a constant, so ∂ mean(loss)/∂x = −2V/(b·n·d·s). It is wflow.Objective.Goal as a
// graph, with R as scalar nodes because training anneals it; the field's own ε or temperature is not used.
//
// The field is one of package wflow, Sinkhorn with fixed Iterations and Drifting without Bare, or a [GraphField] of your
// own. For anything else, for several R and a field that has no regularisation, and for clouds whose shapes do not fit,
// Loss panics with an error that GoMLX's executors return.
//
// Source: arXiv 2605.11755, equation 14 and algorithm 1, and its code for the normalisations.
func Loss(field wflow.Field, r []*graph.Node, batch Batch) Goal {
	if len(r) == 0 {
		exceptions.Panicf("onestep: no R, want one regularisation or more")
	}
	batch.check()
	fieldGraph, err := graphOf(field, len(r), batch.Particles.Shape().Dim(2))
	if err != nil {
		panic(err)
	}
	constant := batch.apply(graph.StopGradient)
	goal := Goal{Scale: fieldGraph.SurroundingsGraph(constant).scale(constant)}
	goal.S = graph.MaxScalar(graph.DivScalar(goal.Scale, math.Sqrt(batch.dimension())), 1e-3)
	s := batch.perProblem(goal.S)
	scaled := constant.apply(func(x *graph.Node) *graph.Node { return graph.Div(x, s) })
	for _, r := range r {
		v := fieldGraph.VelocityGraph(scaled, r)
		if !v.Shape().Equal(batch.Particles.Shape()) {
			exceptions.Panicf("onestep: the velocity of %T is %s, want %s as the particles", field, v.Shape(), batch.Particles.Shape())
		}
		meanSquare := batch.groupMean(graph.Square(v))
		goal.MeanSquare = append(goal.MeanSquare, meanSquare)
		v = graph.Div(v, graph.Sqrt(graph.MaxScalar(batch.perProblem(meanSquare), 1e-8)))
		if goal.Velocity != nil {
			v = graph.Add(goal.Velocity, v)
		}
		goal.Velocity = v
	}
	x := graph.Div(batch.Particles, s)
	target := graph.StopGradient(graph.Add(x, goal.Velocity))
	goal.Loss = graph.ReduceMean(graph.ReduceMean(graph.Square(graph.Sub(x, target)), 2), 1)
	return goal
}
