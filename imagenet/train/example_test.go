package train_test

import (
	"context"
	"fmt"
	"log"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/onestep"
)

// stripes is a data set of two classes of images [4, 4, 1]: bright rows, and bright columns.
type stripes struct{}

func (stripes) Len() int        { return 64 }
func (stripes) Label(i int) int { return i % 2 }

func (stripes) Read(i int, _ float64, image []float32) error {
	for k := range image {
		image[k] = -1
		if at := [2]int{k / 4, k % 4}[i%2]; at == i/2%4 {
			image[k] = 1
		}
	}
	return nil
}

func Example() {
	t := train.Training{
		Step: train.Step{
			Generator: dit.Config{Size: 4, Channels: 1, Patch: 2, Width: 16, Depth: 1, Heads: 2, MLPRatio: 2, Classes: 2, RMSNorm: true},
			Field:     &wflow.Sinkhorn{Iterations: 5}, Regularisations: 1,
			Classes: 2, Group: 2, Chunk: 2, Particles: 16, Real: 16, Unconditional: 4,
			Beta1: 0.9, Beta2: 0.95, Clip: 2, Average: 0.5,
		},
		Data: stripes{}, Batch: 32, Loads: 1, ClassBank: 32, GlobalBank: 64,
		Scales: onestep.Scales{Min: 1, Max: 2, Exponent: 3},
		R:      []onestep.Annealing{{From: 0.05, To: 0.05}},
		Rate:   onestep.Rate{Peak: 3e-3}, Steps: 2, Seed: 1,
	}
	t.Report = func(p train.Progress) {
		fmt.Printf("step %d of %d, feature %s\n", p.Step, p.Steps, p.Measure.Features[0])
	}
	backend, _, err := engine.Find()
	if err != nil {
		log.Fatal(err)
	}
	weights, err := t.Run(context.Background(), backend)
	fmt.Println(len(weights) == len(t.Generator.Table()), err)
	// Output:
	// step 1 of 2, feature global
	// step 2 of 2, feature global
	// true <nil>
}
