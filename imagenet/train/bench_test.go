package train

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// BenchmarkGroup takes steps of one group of two classes of the ablation at full size, with random weights and data: B/2, an encoder
// of width 256, 64 particles in each of two batches, 64 images and 16 unconditional ones a class. It computes in float32, eight images
// of a class at once. It reports the shares that generator, encoder and transport have in the time, and the peak of memory. What the
// generator takes is measured on two parts without an encoder.
//
//	go test ./imagenet/train -run '^$' -bench Group -benchtime 1x -timeout 2h
func BenchmarkGroup(b *testing.B) {
	backend, line, err := engine.Find()
	if err != nil {
		b.Fatal(err)
	}
	g, config := released(b, "gen/ablation_ot_1node")
	config.BFloat16 = false
	tr, err := FromPreset(g, config, 1)
	if err != nil {
		b.Fatal(err)
	}
	whole := tr.Step
	whole.Classes, whole.Images = whole.Chunk, 8
	whole.Encoder = &Encoder{Config: mae.Released(256), Features: g.Train.Features, Weights: mae.Initial(1)}
	s, err := NewStepper(backend, 1, whole, outputs(config))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Finalize()
	b.Logf("%s: the first step, with compiling, takes %v", line, timed(b, s))
	for b.Loop() {
		took := timed(b, s)
		b.StopTimer()
		b.ReportMetric(peak()/1e9, "peak-GB")
		bare := whole
		bare.Encoder, bare.Particles = nil, 2*whole.Images
		alone, err := NewStepper(backend, 1, bare, outputs(config))
		if err != nil {
			b.Fatal(err)
		}
		timed(b, alone)
		part := timed(b, alone)
		alone.Finalize()
		scale := float64(whole.Particles) / float64(bare.Particles)
		generator := scale * (part[0] + part[2]).Seconds()
		all := (took[0] + took[1] + took[2] + took[3]).Seconds()
		b.ReportMetric(100*generator/all, "%generator")
		b.ReportMetric(100*((took[0]+took[2]).Seconds()-generator)/all, "%encoder")
		b.ReportMetric(100*took[1].Seconds()/all, "%transport")
		b.StartTimer()
	}
}

// timed takes a step and returns how long features, their loss, the gradient and the update take.
func timed(b *testing.B, s *Stepper) (took [4]time.Duration) {
	b.Helper()
	batch := random(s.Step)
	begin := time.Now()
	check := func(i int, err error) {
		if err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(begin)
		begin = time.Now()
	}
	all, err := s.parts.features(s, batch, 0)
	check(0, err)
	_, pulls, err := s.parts.loss(s, batch, 0, all)
	check(1, err)
	check(2, s.parts.pull(s, batch, 0, pulls))
	_, err = s.descent.Update(batch.Rate)
	check(3, err)
	return took
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
	b := Batch{R: slices.Repeat([]float32{0.05}, s.Regularisations), Rate: 1e-4}
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
