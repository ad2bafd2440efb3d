package onestep_test

import (
	"context"
	"fmt"

	"github.com/janpfeifer/must"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Normal noise becomes points around (3, −1). The residual generator f(z) = z + N(z) starts at the noise itself.
func Example() {
	around := func(s stream.Stream, first, n int) *mat.Dense {
		x := s.Normals(first, n, 2)
		for i := range n {
			x.SetRow(i, []float64{3 + 0.2*x.At(i, 0), -1 + 0.2*x.At(i, 1)})
		}
		return x
	}
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
