package vae

import (
	"context"
	"errors"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

var fitting = Fitting{Steps: 60, Batch: 6, Size: 4, Rate: onestep.Rate{Peak: 1e-2, WarmUp: 10, Decay: true}, Prior: 1e-5, Seed: 1}

// quarters is one of three images, four random colours each, uniform on the cube.
func quarters(i int) []byte {
	u, m := stream.New(3, "colours"), make([]byte, 4*4*3)
	for k := range m {
		quarter, channel := k/24*2+k/6%2, k%3
		m[k] = byte(256 * u.Uniform(uint64(i%3*12+quarter*3+channel)))
	}
	return m
}

// Colours in [−1, 1] have variance 1/3: an autoencoder that learns nothing has that error. What is learnt is in the
// weights, which an Autoencoder takes: its error is that of the last steps.
func TestFitLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("60 steps until it has learnt; the other tests of Fit take a few")
	}
	b, _ := backend(t)
	var errs []float64
	trained, err := fitting.Fit(t.Context(), b, small, quarters, func(step int, loss float64) {
		if step != len(errs) {
			t.Errorf("step %d was reported, want %d", step, len(errs))
		}
		errs = append(errs, loss)
	})
	if err != nil {
		t.Fatal(err)
	}
	first, last := errs[0], errs[len(errs)-1]
	if t.Logf("mean squared error %.3g, then %.3g", first, last); len(errs) != fitting.Steps || !(first > 0.3) || !(last < 0.1) {
		t.Errorf("%d steps, error %v, then %v, want from over 0.3 to below 0.1", len(errs), first, last)
	}
	a, err := New(b, small, fitting.Size, func(p weights.Parameter) ([]float32, error) { return trained[p.Name], nil })
	if err != nil {
		t.Fatal(err)
	}
	defer a.Finalize()
	originals := slices.Concat(quarters(0), quarters(1), quarters(2))
	latents, err := a.Encode(t.Context(), originals, make([]float32, 3*2*2*small.Latent))
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := a.Decode(t.Context(), latents)
	if err != nil {
		t.Fatal(err)
	}
	square := 0.0
	for k := range decoded {
		d := (float64(decoded[k]) - float64(originals[k])) / 127.5
		square += d * d / float64(len(decoded))
	}
	if !(square < 1.5*last) {
		t.Errorf("mean squared error with the trained weights %v, want about %v", square, last)
	}
}

func TestFitIsAFunctionOfItsSettings(t *testing.T) {
	b, line := backend(t)
	if !strings.HasPrefix(line, "pure Go") && !golden.Long() {
		t.Skip("four trainings compile for half a minute here; pure Go shows the same")
	}
	fit := func(seed uint64) map[string][]float32 {
		f := fitting
		f.Steps, f.Seed = 2, seed
		trained, err := f.Fit(t.Context(), b, small, quarters, nil)
		if err != nil {
			t.Fatal(err)
		}
		return trained
	}
	if a, again := fit(1), fit(1); !maps.EqualFunc(a, again, slices.Equal) {
		t.Error("the same call gives other weights, want the same")
	}
	if a, other := fit(1), fit(2); maps.EqualFunc(a, other, slices.Equal) {
		t.Error("another seed gives the same weights, want others")
	}
}

// TestFitGoesOn: interrupted, a training returns the weights so far; the next call goes on to the weights of one in one go.
func TestFitGoesOn(t *testing.T) {
	b, line := backend(t)
	if !strings.HasPrefix(line, "pure Go") && !golden.Long() {
		t.Skip("three trainings compile for half a minute here; pure Go shows the same")
	}
	f := fitting
	f.Steps = 3
	want, err := f.Fit(t.Context(), b, small, quarters, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Checkpoint = filepath.Join(t.TempDir(), "state")
	ctx, cancel := context.WithCancel(t.Context())
	part, err := f.Fit(ctx, b, small, quarters, func(step int, _ float64) {
		if step == 1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(part) != len(want) || maps.EqualFunc(part, want, slices.Equal) {
		t.Errorf("%d tensors, error %v, want the %d of two steps and to be stopped", len(part), err, len(want))
	}
	got, err := f.Fit(t.Context(), b, small, quarters, func(step int, _ float64) {
		if step != 2 {
			t.Errorf("it takes step %d again, want only step 2", step)
		}
	})
	if err != nil || !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("error %v, or other weights than in one go", err)
	}
	f.Prior *= 2
	if _, err := f.Fit(t.Context(), b, small, quarters, nil); err == nil || !strings.Contains(err.Error(), "it is of another training: Prior is") {
		t.Errorf("another λ: error %v, want that it is of another training", err)
	}
}

func TestFitRefuses(t *testing.T) {
	b, _ := backend(t)
	for name, change := range map[string]func(*Fitting){
		"0 steps of 6 images of 4×4":   func(f *Fitting) { f.Steps = 0 },
		"60 steps of 6 images of 5×5":  func(f *Fitting) { f.Size = 5 },
		"image 0: 48 bytes, want 192":  func(f *Fitting) { f.Size = 8 },
		"60 steps of -1 images of 4×4": func(f *Fitting) { f.Batch = -1 },
	} {
		f := fitting
		change(&f)
		if _, err := f.Fit(t.Context(), b, small, quarters, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q in it", err, name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := fitting.Fit(ctx, b, small, quarters, func(step int, _ float64) {
		if step == 1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after step 2 of 60") {
		t.Errorf("cancelled: error %v, want %v after step 2 of 60", err, context.Canceled)
	}
}

// Weights that are spoilt in the last step are an error, even though the loss of that step was a number.
func TestFitRefusesSpoiltWeights(t *testing.T) {
	b, _ := backend(t)
	for name, spoil := range map[string]func(*Fitting){
		"loss": func(f *Fitting) { f.Prior = math.NaN() },
		"step": func(f *Fitting) { f.Rate = onestep.Rate{Peak: math.Inf(1)} },
	} {
		f := fitting
		f.Steps = 1
		spoil(&f)
		if _, err := f.Fit(t.Context(), b, small, quarters, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
