package descent

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// Clip returns an optimizer that scales the gradients g by min(1, norm/(‖g‖ + 1e-6)) and hands them to adam. ‖g‖ is the norm
// of all of them together, so that their direction stays. Adam must be an optimizer that takes gradients, as all of GoMLX's
// own do.
//
// Source: Pascanu, Mikolov and Bengio, On the Difficulty of Training Recurrent Neural Networks (2013); the 1e-6 is
// PyTorch's.
func Clip(adam optimizer.Interface, norm float64) optimizer.Interface {
	return clipped{adam.(gradientOptimizer), norm}
}

// gradientOptimizer is an optimizer that takes gradients.
type gradientOptimizer interface {
	optimizer.Interface
	train.OptimizeWithGradients
}

type clipped struct {
	gradientOptimizer
	norm float64
}

// UpdateGraph implements optimizer.Interface.
func (c clipped) UpdateGraph(scope *model.Scope, _ *graph.Graph, loss *graph.Node) {
	c.UpdateGraphWithGradients(scope, scope.BuildTrainableVariablesGradientsGraph(loss), loss.DType())
}

// UpdateGraphWithGradients implements train.OptimizeWithGradients.
func (c clipped) UpdateGraphWithGradients(scope *model.Scope, gradients []*graph.Node, dtype dtypes.DType) {
	var square *graph.Node
	for _, g := range gradients {
		s := graph.ReduceAllSum(graph.Square(g))
		if square != nil {
			s = graph.Add(square, s)
		}
		square = s
	}
	norm := graph.Sqrt(square)
	scope.SetGraphParam(norm.Graph(), normParam, norm)
	factor := graph.MinScalar(graph.Div(graph.Scalar(norm.Graph(), norm.DType(), c.norm), graph.AddScalar(norm, 1e-6)), 1)
	scaled := make([]*graph.Node, len(gradients))
	for i, g := range gradients {
		scaled[i] = graph.Mul(g, factor)
	}
	c.gradientOptimizer.UpdateGraphWithGradients(scope, scaled, dtype)
}

// normParam is the graph's parameter that keeps the norm of the gradients before clipping.
const normParam = "gradient_norm"

// GradientNorm is a metric of clipped training: the norm of the gradients before clipping.
func GradientNorm(scope *model.Scope, _, predictions []*graph.Node) *graph.Node {
	norm, _ := scope.GetGraphParam(predictions[0].Graph(), normParam)
	return norm.(*graph.Node)
}
