package descent

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/support/exceptions"
)

// AverageScope is the scope of the moving averages: that of the variable with the path p has the path AverageScope + p.
const AverageScope = "/average"

// Average keeps a moving average e of every trainable variable θ of the scope. It is called while a training graph is built.
// From then on, after each update of the optimizer,
//
//	e ← decay·e + (1 − decay)·θ
//
// The average starts from a copy of θ, and the start is not corrected. The variables must have values.
//
// Source: Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging (1992), in its exponential form.
func Average(scope *model.Scope, g *graph.Graph, decay float64) {
	follow(scope, g, func(e, weights *graph.Node) *graph.Node {
		return graph.Add(graph.MulScalar(e, decay), graph.MulScalar(weights, 1-decay))
	})
}

// CorrectedAverage keeps a moving average as [Average] does, in which the values before the first update have no part:
//
//	e ← (1 − share)·e + share·θ
//
// Share is the part of the newest values, a scalar that the caller feeds in each step; the function [Share] computes it.
// After t updates, e is the mean of θ₁ … θ_t with weights in proportion to decay^(t−i). Average gives the same once the part
// decay^t of its start is subtracted and the rest is divided by 1 − decay^t.
//
// Source: Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), section 3, of moments.
func CorrectedAverage(scope *model.Scope, share *graph.Node) {
	follow(scope, share.Graph(), func(e, weights *graph.Node) *graph.Node {
		return graph.Add(graph.Mul(e, graph.OneMinus(share)), graph.Mul(weights, share))
	})
}

// Share returns the part of the newest values in a corrected average, at a step that is counted from 0:
//
//	(1 − decay)/(1 − decay^(step+1))
//
// It falls from 1 to 1 − decay.
func Share(decay float64, step int) float64 {
	return (1 - decay) / (1 - math.Pow(decay, float64(step+1)))
}

// follow keeps an average of every trainable variable. After each update, mix gives the new average of the old one and of the
// new values.
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
