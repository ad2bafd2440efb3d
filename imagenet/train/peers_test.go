package train

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// reduced is the ablation's step of one group of two classes with smaller networks, and fewer and smaller images.
func reduced() Step {
	g := dit.B()
	g.Size, g.Width, g.Depth, g.Heads, g.Classes = 16, 256, 4, 4, 10
	return Step{
		Generator: g,
		Encoder:   &Encoder{Config: mae.Released(48), Features: preset.ReleasedFeatures(), Weights: mae.Initial(1)},
		Field:     &wflow.Sinkhorn{Iterations: 10, Guidance: wflow.ByVelocity}, Regularisations: 1,
		Classes: group, Group: group, Chunk: group, Particles: 16, Real: 16, Unconditional: 8,
		Beta1: 0.9, Beta2: 0.95, WeightDecay: 0.01, Clip: 2, Average: 0.999,
	}
}

// BenchmarkStep takes steps of reduced; ../peers/step.py does the same in PyTorch. If the environment variable WFLOW_STEP names a
// file, BenchmarkStep writes the numbers there that PyTorch starts from, and what our first step measures.
//
//	WFLOW_STEP=step.safetensors go test ./imagenet/train -run '^$' -bench 'Step$'
func BenchmarkStep(b *testing.B) {
	backend, line, err := engine.Find()
	if err != nil {
		b.Fatal(err)
	}
	if line != "XLA" {
		b.Skip("for XLA: ", line)
	}
	step := reduced()
	s, err := NewStepper(backend, 1, step, alive)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Finalize()
	batch := random(step)
	take := func() *Measure {
		m, err := s.Take(batch)
		if err != nil {
			b.Fatal(err)
		}
		return m
	}
	first := take() // compiles
	if path := os.Getenv("WFLOW_STEP"); path != "" {
		if err := writeStep(path, step, batch, first); err != nil {
			b.Fatal(err)
		}
	}
	take()
	for b.Loop() {
		take()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

// alive gives a generator weights with which all of its parts count: matrices keep the size of what passes, the rest is near what
// training starts from.
func alive(p weights.Parameter) ([]float32, error) {
	values, s := make([]float32, p.Size()), stream.New(3, p.Name)
	mean, deviation := 0.0, 0.1
	switch {
	case strings.Contains(p.Name, "embed.weight"), strings.Contains(p.Name, "embeds."):
	case len(p.Shape) == 2:
		deviation = 1 / math.Sqrt(float64(p.Shape[1]))
	case strings.HasSuffix(p.Name, "norm.weight"), strings.Contains(p.Name, "norm1."), strings.Contains(p.Name, "norm2."):
		mean = 1
	}
	for i := range values {
		values[i] = float32(mean + deviation*s.Normal(uint64(i)))
	}
	return values, nil
}

// writeStep writes weights and inputs of a first step to a file, and what it measures.
func writeStep(path string, s Step, b Batch, m *Measure) error {
	f := safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	put := func(under string, table weights.Table, read func(weights.Parameter) ([]float32, error)) error {
		for _, p := range table {
			values, err := read(p)
			if err != nil {
				return err
			}
			f.Tensors[under+p.Name] = safetensors.Tensor{Shape: p.Shape, Data: values}
		}
		return nil
	}
	if err := put("generator.", s.Generator.Table(), alive); err != nil {
		return err
	}
	if err := put("", s.Encoder.table(), s.Encoder.Weights); err != nil {
		return err
	}
	shape := s.Generator.Shape()
	image := []int{shape.Side, shape.Side, shape.Channels}
	input := func(name string, data any, dims ...int) {
		if integers, ok := data.([]int32); ok {
			wide := make([]int64, len(integers))
			for i, v := range integers {
				wide[i] = int64(v)
			}
			data = wide
		}
		f.Tensors["input."+name] = safetensors.Tensor{Shape: dims, Data: data}
	}
	input("labels", b.Labels, s.Classes)
	input("alpha", b.Alpha, s.Classes)
	input("noise", b.Noise, append([]int{s.Classes, s.Particles}, image...)...)
	input("styles", b.Styles, s.Classes, s.Particles, shape.Codebooks)
	input("second_noise", b.SecondNoise, append([]int{s.Classes, s.Particles}, image...)...)
	input("second_styles", b.SecondStyles, s.Classes, s.Particles, shape.Codebooks)
	input("real", b.Real, append([]int{s.Classes, s.Real}, image...)...)
	input("unconditional", b.Unconditional, append([]int{s.Classes, s.Unconditional}, image...)...)

	text, err := json.Marshal(map[string]any{"R": b.R, "rate": b.Rate, "betas": []float64{s.Beta1, s.Beta2}, "decay": s.WeightDecay,
		"clip": s.Clip, "average": s.Average, "iterations": s.Field.(*wflow.Sinkhorn).Iterations, "measure": m})
	f.Meta = map[string]string{"step": string(text)}
	if err != nil {
		return err
	}
	return f.WriteFile(path)
}
