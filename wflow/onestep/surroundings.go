package onestep

import (
	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/sinkhorn/batched"
	"github.com/wflowlab/wflowlab/wflow"
)

// Surroundings are points whose distances from the particles give the scale of training: wflow.Surroundings in a graph.
type Surroundings struct {
	Points   *graph.Node                        // [b, k, d]
	Weights  *graph.Node                        // [b, k]; nil: all 1
	Distance func(x, y *graph.Node) *graph.Node // [b, n, k] from [b, n, d] and [b, k, d]; nil for root mean squares
}

// Surroundings returns the usual surroundings: the particles, the cloud of the self term and the data. Under guidance by
// distribution the unconditional data are part of the self term's cloud, with the weight that wflow.Guidance states.
func (b Batch) Surroundings(g wflow.Guidance) Surroundings {
	negatives := b.negatives(g)
	all := joined(cloud{points: b.Particles}, negatives, cloud{points: b.Data})
	return Surroundings{Points: all.points, Weights: all.weights}
}

// scale returns the scale of each group of a batch's problems, [groups].
func (s Surroundings) scale(b Batch) *graph.Node {
	if s.Distance == nil {
		return graph.Sqrt(b.weightedMean(squaredDistances(b.Particles, s.Points), s.Weights))
	}
	return b.weightedMean(graph.ReduceMean(s.Distance(b.Particles, s.Points), 1), s.Weights)
}

// squaredDistances returns the mean over i of ‖x_i − y_j‖² [b, m], in n + m and not n·m operations:
//
//	mean_i ‖x_i − y_j‖² = ‖y_j − x̄‖² + mean_i ‖x_i − x̄‖²,   x̄ the mean of x
func squaredDistances(x, y *graph.Node) *graph.Node {
	centre := graph.ReduceAndKeep(x, graph.ReduceMean, 1)
	spread := graph.ReduceMean(graph.ReduceSum(graph.Square(graph.Sub(x, centre)), -1), 1)
	toCentre := graph.ReduceSum(graph.Square(graph.Sub(y, centre)), -1)
	return graph.Add(toCentre, graph.InsertAxes(spread, -1))
}

// weightedMean returns mean(w·x)/(mean(w) + 1e-8) within each group of problems, [groups]; nil weights are 1.
func (b Batch) weightedMean(x, weights *graph.Node) *graph.Node {
	if weights == nil {
		return graph.DivScalar(b.groupMean(x), 1+1e-8)
	}
	return graph.Div(b.groupMean(graph.Mul(x, weights)), graph.AddScalar(b.groupMean(weights), 1e-8))
}

// distances returns ‖x_i − y_j‖ [b, n, m], at least √least.
func distances(x, y *graph.Node, least float64) *graph.Node {
	return graph.Sqrt(graph.MaxScalar(batched.SquaredDifferences(x, y), least))
}
