package train

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/wflowlab/wflowlab/internal/descent"
)

// updateGraph builds what ends a step: it clips the gradient, updates the weights with AdamW at a learning rate, and then their
// moving average. It returns the norm of the gradient before clipping.
func (t *Stepper) updateGraph(scope *model.Scope, rate *graph.Node) *graph.Node {
	g := rate.Graph()
	scope.Store().SetTraining(g, true)
	optimizer.LearningRateVar(scope, rate.DType(), 0).SetNodeValue(rate)
	descent.Average(scope, g, t.Average)
	var gradients []*graph.Node
	for v := range scope.IterVariables() {
		if v.Trainable {
			v.NodeValue(g) // the optimizer updates the variables that a graph uses
			gradients = append(gradients, scope.Store().Scope(gradientScope).GetVariable(v.Name()).NodeValue(g))
		}
	}
	adam := optimizer.Adam().Betas(t.Beta1, t.Beta2).Epsilon(1e-8).WeightDecay(t.WeightDecay).Done()
	descent.Clip(adam, t.Clip).(train.OptimizeWithGradients).UpdateGraphWithGradients(scope, gradients, rate.DType())
	train.ExecPerStepUpdateGraphFn(g) // the average: GoMLX's own trainer would call it
	return descent.GradientNorm(scope, nil, []*graph.Node{rate})
}
