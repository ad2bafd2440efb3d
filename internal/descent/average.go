package descent

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/support/exceptions"
)

// AverageScope is where the moving averages live: that of variable p at AverageScope + p.
const AverageScope = "/average"

// Average keeps, from the training graph that it is called in on, a moving average e of every trainable
// variable θ of the scope: after each update of the optimizer
//
//	e ← decay·e + (1 − decay)·θ
//
// starting from a copy of θ, without a correction of the start. The variables must have values.
//
// Source: Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging (1992), in its exponential form.
func Average(scope *model.Scope, g *graph.Graph, decay float64) {
	follow(scope, g, func(e, weights *graph.Node) *graph.Node {
		return graph.Add(graph.MulScalar(e, decay), graph.MulScalar(weights, 1-decay))
	})
}

// CorrectedAverage keeps a moving average as Average does, but of the weights after the updates alone: those before the
// first update have no part in it. Share is the part of the newest weights, a scalar that the caller feeds in each step;
// the function [Share] computes it:
//
//	e ← (1 − share)·e + share·θ
//
// After t updates e is the mean of θ₁ … θ_t with weights in proportion to decay^(t−i), which is what Average gives once
// the part decay^t of its start is taken out and the rest divided by 1 − decay^t.
//
// Source: Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), section 3, of moments.
func CorrectedAverage(scope *model.Scope, share *graph.Node) {
	follow(scope, share.Graph(), func(e, weights *graph.Node) *graph.Node {
		return graph.Add(graph.Mul(e, graph.OneMinus(share)), graph.Mul(weights, share))
	})
}

// Share returns the part of the newest weights in a corrected average at a step, counted from 0:
//
//	(1 − decay)/(1 − decay^(step+1))
//
// It falls from 1 to 1 − decay.
func Share(decay float64, step int) float64 {
	return (1 - decay) / (1 - math.Pow(decay, float64(step+1)))
}

// follow keeps of every trainable variable an average that each update mixes with the new weights.
func follow(scope *model.Scope, g *graph.Graph, mix func(e, weights *graph.Node) *graph.Node) {
	train.AddPerStepUpdateGraphFn(scope, g, func(scope *model.Scope, g *graph.Graph) {
		var trainable []*model.Variable
		for v := range scope.IterVariables() {
			if v.Trainable && v.InUseByGraph(g) {
				trainable = append(trainable, v)
			}
		}
		for _, v := range trainable {
			average := scope.Store().GetVariable(AverageScope + v.Path())
			if average == nil {
				start, err := v.MustValue().LocalClone()
				if err != nil {
					exceptions.Panicf("descent: %v", err)
				}
				average = scope.Store().VariableWithValue(AverageScope+v.Path(), start)
			}
			average.SetTrainable(false)
			average.SetNodeValue(mix(average.NodeValue(g), v.NodeValue(g)))
		}
	})
}
