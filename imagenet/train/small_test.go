package train

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// blobs is a data set of n small images of four classes: noise about a level of the class. The mirror image is the negative.
type blobs struct{ n int }

const blobNumbers = 4 * 4 * 2

func (b blobs) Len() int        { return b.n }
func (b blobs) Label(i int) int { return i % 4 }

func (b blobs) Read(i int, u float64, image []float32) error {
	if len(image) != blobNumbers {
		return errors.New("an image of another size")
	}
	s := stream.New(9, "blobs").Sub(uint64(i))
	for k := range image {
		image[k] = float32(float64(i%4) - 1.5 + 0.3*s.Normal(uint64(k)))
		if u >= 0.5 {
			image[k] = -image[k]
		}
	}
	return nil
}

// small is a training of a small network on blobs.
func small() Training {
	return Training{
		Step: Step{
			Generator: dit.Config{Size: 4, Channels: 2, Patch: 2, Width: 8, Depth: 1, Heads: 2, MLPRatio: 2, Classes: 4,
				Codebooks: 2, Entries: 3, Context: 1, QKNorm: true, SwiGLU: true, RoPE: true, RMSNorm: true},
			Field: &wflow.Sinkhorn{Iterations: 3}, Regularisations: 1,
			Classes: 8, Group: 2, Chunk: 8, Particles: 4, Real: 4, Unconditional: 2,
			Beta1: 0.9, Beta2: 0.95, WeightDecay: 0.01, Clip: 2, Average: 0.9,
		},
		Data: blobs{50}, Batch: 12, Loads: 2, ClassBank: 5, GlobalBank: 20,
		Scales: onestep.Scales{Min: 1, Max: 4, Exponent: 3}, R: []onestep.Annealing{{From: 0.1, To: 0.05}},
		Rate: onestep.Rate{Peak: 1e-2, WarmUp: 3}, Steps: 10, Seed: 5, SaveEvery: 3, KeepEvery: 6, KeepLast: 2,
	}
}

func pureGo(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := gobackend.New("parallelism=-1")
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// several returns the engine. A test is skipped where that has fewer devices.
func several(t *testing.T, devices int) compute.Backend {
	t.Helper()
	backend, line, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	if int(backend.NumDevices()) < devices {
		t.Skipf("%s has %d devices", line, backend.NumDevices())
	}
	return backend
}

// equal compares weights bit by bit.
func equal(a, b map[string][]float32) error {
	for name := range a {
		if len(a[name]) != len(b[name]) {
			return fmt.Errorf("%s: %d numbers, want %d", name, len(b[name]), len(a[name]))
		}
		for i, v := range a[name] {
			if math.Float32bits(v) != math.Float32bits(b[name][i]) {
				return fmt.Errorf("%s: number %d is %v, want %v", name, i, b[name][i], v)
			}
		}
	}
	return nil
}
