package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/pixels/digits"
	"github.com/wflowlab/wflowlab/imagenet/pixels/judge"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// least is what the images of a preset have to reach at a guidance scale: shares, multiples of the floor, and measures relative to
// real digits.
type least struct {
	read, frechet, diversity, class float64
}

// holds returns in words what a verdict misses.
func (l least) holds(v judge.Verdict) (missed string) {
	for _, m := range []struct {
		name string
		ok   bool
	}{{"read", v.Read >= l.read}, {"Fréchet", v.Frechet <= l.frechet*v.Floor}, {"diversity", v.Diversity >= l.diversity}, {"smallest class", v.Least >= l.class}} {
		if !m.ok {
			missed += " " + m.name
		}
	}
	return missed
}

// rung is a preset of digits with what it has to reach: at the scale that the training's digits choose, and without guidance. Of the
// seeds, the last had no part in the choice of the preset.
type rung struct {
	name        string
	seeds       []uint64
	chosen, at1 least
	nearest     [2]float64 // between which the distance to the nearest training digit lies
}

var ladder = []rung{
	{"gen/mnist_pixels", []uint64{1, 2, 3}, least{0.98, 2.5, 0.75, 0.67}, least{0.965, 8, 0.62, 0}, [2]float64{0.8, 1.1}},
	{"gen/mnist", []uint64{42, 1}, least{0.97, 4, 0.75, 0.65}, least{}, [2]float64{0.8, 1.1}},
}

// TestLadder: trained as it is delivered, a preset makes digits that are read and as diverse as real ones.
func TestLadder(t *testing.T) {
	if !golden.Long() {
		t.Skip("an hour and a half of training: make accept")
	}
	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	j, err := judge.New(backend)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Finalize()
	for _, r := range ladder {
		for _, seed := range r.seeds {
			t.Run(fmt.Sprint(r.name, " ", seed), func(t *testing.T) { r.climb(t, backend, j, seed) })
		}
	}
}

// climb trains the preset from a seed, and judges it.
func (r rung) climb(t *testing.T, backend compute.Backend, j *judge.Judge, seed uint64) {
	p, err := preset.Named(r.name)
	if err != nil {
		t.Fatal(err)
	}
	network, err := train.Network(p.Generator)
	if err != nil {
		t.Fatal(err)
	}
	training, err := train.FromPreset(p.Generator, network, 1)
	if err != nil {
		t.Fatal(err)
	}
	training.Data, training.Seed = digits.Train(), seed
	if p.Generator.Feature.MAE {
		training.Encoder = encoder(t, backend, p.Generator, seed)
	}
	start := time.Now()
	trained, err := training.Run(t.Context(), backend)
	if err != nil {
		t.Fatal(err)
	}
	logTime(t, r.name, seed, start, training.Steps)
	s, err := sample.New(backend, network, reader(trained), &sample.Settings{Batch: each})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Finalize()
	scales := p.Generator.Train.Alphas
	best, _, err := choose(t.Context(), j, s, scales)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		alpha float64
		least
	}{{scales[best], r.chosen}, {1, r.at1}} {
		if c.least == (least{}) {
			continue
		}
		images, err := judge.Sample(t.Context(), s, c.alpha, each, judged)
		if err != nil {
			t.Fatal(err)
		}
		v, err := j.Judge(images)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s, seed %d, α = %v: %v", r.name, seed, c.alpha, v)
		if missed := c.holds(v); missed != "" {
			t.Errorf("α = %v misses%s", c.alpha, missed)
		}
		if v.Nearest < r.nearest[0] || v.Nearest > r.nearest[1] {
			t.Errorf("α = %v: the nearest training digit is at %.2f, want %v", c.alpha, v.Nearest, r.nearest)
		}
	}
}

// logTime logs how long a training took that began at a time.
func logTime(t *testing.T, name string, seed uint64, start time.Time, steps int) {
	took := time.Since(start).Seconds()
	t.Logf("%s, seed %d: %d steps took %.0f s, %.3g s each", name, seed, steps, took, took/float64(steps))
}

// encoder trains the encoder that a generator's preset names.
func encoder(t *testing.T, backend compute.Backend, g *preset.Generator, seed uint64) *train.Encoder {
	p, err := preset.Named(g.Feature.Path)
	if err != nil {
		t.Fatal(err)
	}
	config, pretraining, err := mae.FromPreset(p.MAE)
	if err != nil {
		t.Fatal(err)
	}
	pretraining.Seed = seed
	samples, err := train.Samples(digits.Train(), pretraining.Batch, seed, judge.Side, 1)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	trained, err := pretraining.Fit(t.Context(), backend, config, samples, nil)
	if err != nil {
		t.Fatal(err)
	}
	logTime(t, g.Feature.Path, seed, start, pretraining.Steps)
	return &train.Encoder{Config: config, Features: g.Train.Features, Weights: reader(trained)}
}

// reader returns a function that reads weights by their names.
func reader(values map[string][]float32) func(weights.Parameter) ([]float32, error) {
	return func(p weights.Parameter) ([]float32, error) { return values[p.Name], nil }
}
