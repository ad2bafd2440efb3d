package train

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// straight is a field without transport: every particle goes to the mean of the data. A step with it takes as long as one with
// transport, less the transport.
type straight struct{}

func (straight) Velocity(context.Context, wflow.Clouds) (*wflow.Velocity, error) { return nil, nil }
func (straight) Regularised() bool                                               { return false }
func (straight) VelocityGraph(b onestep.Batch, _ *graph.Node) *graph.Node {
	return graph.Sub(graph.ReduceAndKeep(b.Data, graph.ReduceMean, 1), b.Particles)
}
func (straight) SurroundingsGraph(b onestep.Batch) onestep.Surroundings {
	return b.Surroundings(wflow.ByVelocity)
}

// BenchmarkGroup takes steps of one group of two classes of the ablation at full size, with random weights and data: B/2, an encoder
// of width 256, 64 particles in each of two batches, 64 images and 16 unconditional ones a class. It computes in float32, and
// computes blocks of the generator again rather than keep them. Times of a step without transport, and of one without encoder
// too, tell what each part takes. It wants some 20 GB.
//
//	go test ./imagenet/train -run '^$' -bench Group -benchtime 2x -timeout 1h
func BenchmarkGroup(b *testing.B) {
	backend, line, err := engine.Find()
	if err != nil {
		b.Fatal(err)
	}
	g, config := released(b, "gen/ablation_ot_1node")
	config.BFloat16, config.Recompute = false, true
	tr, err := FromPreset(g, config, 1)
	if err != nil {
		b.Fatal(err)
	}
	tr.Classes = tr.Chunk
	full := tr.Step
	full.Encoder = &Encoder{Config: mae.Released(256), Features: g.Train.Features, Weights: mae.Initial(1)}
	still := full
	still.Field = straight{}
	bare := still
	bare.Encoder = nil
	for _, c := range []struct {
		name string
		step Step
	}{{"generator", bare}, {"generator and encoder", still}, {"whole", full}} {
		b.Run(c.name, func(b *testing.B) {
			s, err := NewStepper(backend, 1, c.step, outputs(config))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Finalize()
			batch := random(c.step)
			begin := time.Now()
			if _, err := s.Take(batch); err != nil { // compiles
				b.Fatal(err)
			}
			b.Logf("%s: compiled and the first step taken in %v", line, time.Since(begin).Round(time.Second))
			for b.Loop() {
				m, err := s.Take(batch)
				if err != nil {
					b.Fatal(err)
				}
				b.Logf("%d features, norm of the gradient %.3g", len(m.Features), m.GradientNorm)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/step")
			b.ReportMetric(peak()/1e9, "peak-GB")
		})
	}
}

// outputs are the numbers from which training starts, with a last layer that makes images.
func outputs(n generator.Network) func(weights.Parameter) ([]float32, error) {
	initial := n.Initial(1)
	return func(p weights.Parameter) ([]float32, error) {
		values, err := initial(p)
		if s := stream.New(2, p.Name); strings.HasSuffix(p.Name, "final_layer.linear.linear.weight") {
			for i := range values {
				values[i] = 0.1 * float32(s.Normal(uint64(i)))
			}
		}
		return values, err
	}
}

// random returns a batch of normal numbers.
func random(s Step) Batch {
	shape := s.Generator.Shape()
	n := s.Classes * s.Particles
	b := Batch{R: []float32{0.05}, Rate: 1e-4}
	for c := range s.Classes {
		b.Labels, b.Alpha = append(b.Labels, int32(c)), append(b.Alpha, 1.5)
	}
	b.Noise, b.Styles = shape.Draw(1, "noise", 0, n)
	b.SecondNoise, b.SecondStyles = shape.Draw(1, "second noise", 0, n)
	images := func(name string, n int) []float32 {
		values, normal := make([]float32, s.Classes*n*shape.Numbers()), stream.New(1, name)
		for i := range values {
			values[i] = float32(normal.Normal(uint64(i)))
		}
		return values
	}
	b.Real, b.Unconditional = images("real", s.Real), images("unconditional", s.Unconditional)
	return b
}

// peak returns the most memory that the process has held so far, in bytes; 0 where the system does not tell.
func peak() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kilobytes, _ := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	return 1024 * kilobytes
}
