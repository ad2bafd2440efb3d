package fid

import (
	"sync"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
)

// BenchmarkSee looks at images of 256 × 256 pixels, two at once, with random weights; ../peers/inception.py does the same with
// torch-fidelity.
func BenchmarkSee(b *testing.B) {
	engine, name := backend(b)
	if name != "XLA" {
		b.Skip("for XLA: ", name)
	}
	e, err := New(engine, func(p weights.Parameter) ([]float32, error) {
		values := make([]float32, p.Size())
		for i := range values {
			values[i] = float32(golden.Uniform(p.Name, uint64(i))) / 100
		}
		return values, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Finalize()
	image := golden.Image("bench", 256, 256)
	const together = 2 // more than that are no faster on two cores
	look := func() {
		var wait sync.WaitGroup
		for range together {
			wait.Go(func() {
				if _, err := e.See(image, 256, 256); err != nil {
					b.Error(err)
				}
			})
		}
		wait.Wait()
	}
	look() // compiles
	for b.Loop() {
		look()
	}
	b.ReportMetric(float64(b.N*together)/b.Elapsed().Seconds(), "images/s")
}
