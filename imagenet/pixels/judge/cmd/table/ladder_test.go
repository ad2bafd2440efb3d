package main

import (
	"testing"
	"time"

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

// TestLadder: trained as it is delivered, a preset makes digits that are read and as diverse as real ones, at the scale that the
// training's digits choose, and without guidance. Of the seeds, the last two had no part in the choice of the preset.
func TestLadder(t *testing.T) {
	if !golden.Long() {
		t.Skip("minutes of training: make accept")
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
	for _, seed := range []uint64{1, 2, 3} {
		p, err := preset.Named("gen/mnist_pixels")
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
		start := time.Now()
		trained, err := training.Run(t.Context(), backend)
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		read := func(p weights.Parameter) ([]float32, error) { return trained[p.Name], nil }
		s, err := sample.New(backend, network, read, &sample.Settings{Batch: each})
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
		}{{scales[best], least{0.98, 2.5, 0.75, 0.67}}, {1, least{0.965, 8, 0.62, 0}}} {
			images, err := judge.Sample(t.Context(), s, c.alpha, each, judged)
			if err != nil {
				t.Fatal(err)
			}
			v, err := j.Judge(images)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("gen/mnist_pixels, seed %d, %.0f s of training, α = %v: %v", seed, took.Seconds(), c.alpha, v)
			if missed := c.holds(v); missed != "" {
				t.Errorf("α = %v misses%s", c.alpha, missed)
			}
		}
	}
}
