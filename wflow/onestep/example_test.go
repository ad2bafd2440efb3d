package onestep_test

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/janpfeifer/must"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// around draws points around (3, −1).
func around(s stream.Stream, first, n int) *mat.Dense {
	x := s.Normals(first, n, 2)
	for i := range n {
		x.SetRow(i, []float64{3 + 0.2*x.At(i, 0), -1 + 0.2*x.At(i, 1)})
	}
	return x
}

// Normal noise becomes points around (3, −1). The residual generator f(z) = z + N(z) starts at the noise itself.
func Example() {
	backend, _ := must.M2(engine.Find())
	generator := must.M1(onestep.Train(context.Background(), backend, onestep.Training{
		Network: mlp.Network{Noise: 2, Out: 2, Width: 16, Depth: 1, Residual: true},
		Data:    []onestep.Source{around},
		Batch:   onestep.Sizes{Particles: 32, Data: 32},
		Steps:   300,
		Rate:    onestep.Rate{Peak: 0.01, WarmUp: 20, Decay: true},
		Average: 0.9,
	}))
	samples := must.M1(generator.Generate(stream.New(1, "noise").Normals(0, 1000, 2)))
	fmt.Printf("mean (%.0f, %.0f)\n", mat.Sum(samples.ColView(0))/1000, mat.Sum(samples.ColView(1))/1000)
	// Output:
	// mean (3, -1)
}

// meanShift is a field of one's own: it moves all particles alike, from their mean to the mean of the data.
type meanShift struct{}

// Velocity is for flows.
func (meanShift) Velocity(_ context.Context, c wflow.Clouds) (*wflow.Velocity, error) {
	n, d := c.Particles.Dims()
	m, _ := c.Data.Dims()
	v := mat.NewDense(n, d, nil)
	v.Apply(func(_, k int, _ float64) float64 {
		return mat.Sum(c.Data.ColView(k))/float64(m) - mat.Sum(c.Particles.ColView(k))/float64(n)
	}, v)
	return &wflow.Velocity{V: v, Energy: math.NaN()}, nil
}

// VelocityGraph and the methods after it are for training.
func (meanShift) VelocityGraph(b onestep.Batch, _ *graph.Node) *graph.Node {
	shift := graph.Sub(graph.ReduceAndKeep(b.Data, graph.ReduceMean, 1), graph.ReduceAndKeep(b.Particles, graph.ReduceMean, 1))
	return graph.BroadcastToShape(shift, b.Particles.Shape())
}

func (meanShift) SurroundingsGraph(b onestep.Batch) onestep.Surroundings {
	return b.Surroundings(wflow.ByVelocity)
}

func (meanShift) Regularised() bool { return false }

// A generator is trained with a field that is not the package's. It learns where the data's mean is, and no more.
func ExampleGraphField() {
	backend, _ := must.M2(engine.Find())
	generator := must.M1(onestep.Train(context.Background(), backend, onestep.Training{
		Network: mlp.Network{Noise: 2, Out: 2, Width: 16, Depth: 1, Residual: true},
		Data:    []onestep.Source{around},
		Field:   meanShift{},
		Batch:   onestep.Sizes{Particles: 32, Data: 32},
		Steps:   300,
		Rate:    onestep.Rate{Peak: 0.01, WarmUp: 20, Decay: true},
		Average: 0.9,
	}))
	samples := must.M1(generator.Generate(stream.New(1, "noise").Normals(0, 1000, 2)))
	fmt.Printf("mean (%.0f, %.0f)\n", mat.Sum(samples.ColView(0))/1000, mat.Sum(samples.ColView(1))/1000)
	// Output:
	// mean (3, -1)
}
