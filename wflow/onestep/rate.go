package onestep

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// Rate is a schedule of the learning rate: linear from 1e-6 to Peak over the first WarmUp steps, then constant or, with
// Decay, a half cosine down to a millionth of Peak, which it would reach at step = steps:
//
//	step < WarmUp:  1e-6 + (Peak − 1e-6)·step/WarmUp
//	with Decay:     Peak·(1e-6 + (1 − 1e-6)·(1 + cos(π·(step − WarmUp)/(steps − WarmUp)))/2)
//
// Source: the code of arXiv 2605.11755; Loshchilov and Hutter, SGDR (2017) for the cosine.
type Rate struct {
	Peak   float64
	WarmUp int
	Decay  bool
}

// At returns the learning rate of a step, counted from 0, in a run of the given number of steps.
func (r Rate) At(step, steps int) float64 {
	const least = 1e-6
	if step < r.WarmUp {
		return least + (r.Peak-least)*float64(step)/float64(r.WarmUp)
	}
	if !r.Decay {
		return r.Peak
	}
	done := 1.0
	if step < steps {
		done = float64(step-r.WarmUp) / float64(steps-r.WarmUp)
	}
	return r.Peak * (least + (1-least)*(1+math.Cos(math.Pi*done))/2)
}

// setLearningRate makes a node the learning rate of GoMLX's optimizers in this graph. Call it with their scope.
func setLearningRate(scope *model.Scope, rate *graph.Node) {
	optimizer.LearningRateVar(scope, rate.DType(), 0).SetNodeValue(rate)
}
