package onestep

import (
	"context"
	"testing"

	"github.com/wflowlab/wflowlab/toy"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/mlp"
)

// BenchmarkTrain takes steps of a generator of the plane: 4 hidden layers of 256, 256 particles in each of two batches, 256 data, ten
// iterations at R = 0.05, drawing and reporting included, on XLA if its plugin is named. ../../imagenet/peers/onestep.py does the same in JAX and PyTorch.
func BenchmarkTrain(b *testing.B) {
	backend, line, err := engine.Find()
	if err != nil {
		b.Fatal(err)
	}
	b.Log(line)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	const warmUp = 50 // steps; the first of them compiles
	training := Training{
		Network: mlp.Network{Noise: 2, Out: 2, Width: 256, Depth: 4}, Data: []Source{toy.EightGaussians().Draw},
		Steps: 1 << 30, Seed: 1, Rate: Rate{Peak: 2e-3, WarmUp: 200},
		Report: func(p Progress) {
			if p.Step > warmUp && !b.Loop() {
				stop()
			}
		},
	}
	if _, err := Train(ctx, backend, training); ctx.Err() == nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}
