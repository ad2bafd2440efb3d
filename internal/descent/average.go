package descent

import (
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
			e, weights := average.NodeValue(g), v.NodeValue(g)
			average.SetNodeValue(graph.Add(graph.MulScalar(e, decay), graph.MulScalar(weights, 1-decay)))
		}
	})
}
