package mae

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

var pretraining = Pretraining{Steps: 1, Batch: 3, Rate: onestep.Rate{Peak: 4e-3}, Beta1: 0.9, Beta2: 0.95, Clip: 2, Hidden: 0.5, Seed: 1}

// normal is one of two latents of side 8, normal numbers.
func normal(i int) (Sample, error) {
	s, u := Sample{make([]float32, 8*8*tiny.Channels), i % 2}, stream.New(5, "latents")
	for k := range s.Latent {
		s.Latent[k] = float32(u.Normal(uint64(i%2*len(s.Latent) + k)))
	}
	return s, nil
}

func fit(t *testing.T, p Pretraining, report func(int, float64)) map[string][]float32 {
	t.Helper()
	b, _ := backend(t)
	trained, err := p.Fit(t.Context(), b, tiny, normal, report)
	if err != nil {
		t.Fatal(err)
	}
	return trained
}

// With two latents to fill in, what is hidden can be learnt: the loss falls below their square, which is that of zeros.
func TestFitFillsIn(t *testing.T) {
	if testing.Short() {
		t.Skip("80 steps until it has learnt; the other tests of Fit take a few")
	}
	p := pretraining
	p.Steps, p.Average, p.Rate.Peak = 80, 0.9, 2e-2
	var losses []float64
	trained := fit(t, p, func(_ int, loss float64) { losses = append(losses, loss) })
	last := losses[len(losses)-1]
	t.Logf("reconstruction %.3g, then %.3g", losses[0], last)
	if square := float64(tiny.Channels); len(losses) != p.Steps || !(losses[0] > square) || !(last < 0.7*square) {
		t.Errorf("%d steps, reconstruction %v, then %v, want below %v", len(losses), losses[0], last, 0.7*square)
	}
	if len(trained) != len(tiny.Table()) {
		t.Errorf("%d tensors, want %d", len(trained), len(tiny.Table()))
	}
}

// After one step from θ₀ to θ₁ the average is decay·θ₀ + (1 − decay)·θ₁. Adam's step does not depend on the length of a
// gradient unless that is far below its ε of 1e-8, so that Clip shows there. Without λ the classifier stays.
func TestFitAveragesAndClips(t *testing.T) {
	if _, xla := backend(t); xla && !golden.Long() {
		t.Skip("four trainings compile for half a minute here; pure Go shows the same")
	}
	average, short, classify := pretraining, pretraining, pretraining
	average.Average, short.Clip = 0.75, 1e-13
	classify.FineTuneSteps, classify.FineTuneLambda = 1, 0.5
	one, averaged, clipped, classified := fit(t, pretraining, nil), fit(t, average, nil), fit(t, short, nil), fit(t, classify, nil)
	distance := func(x, y []float32) (d float64) {
		for i := range x {
			d = max(d, math.Abs(float64(x[i])-float64(y[i])))
		}
		return d
	}
	for _, parameter := range tiny.Table() {
		start, _ := Initial(1)(parameter)
		name, end := parameter.Name, one[parameter.Name]
		want := make([]float32, len(start))
		for i := range want {
			want[i] = 0.75*start[i] + 0.25*end[i]
		}
		if d := distance(averaged[name], want); d > 1e-6 {
			t.Errorf("%s: average is off by %v, want at most 1e-6", name, d)
		}
		if d := distance(clipped[name], start); d > 1e-5*pretraining.Rate.Peak {
			t.Errorf("%s: clipped, it moves by %v, want at most %v", name, d, 1e-5*pretraining.Rate.Peak)
		}
		classifier := strings.HasPrefix(name, "fc.")
		if moved := distance(end, start) > 0; moved == classifier {
			t.Errorf("%s: moved: %v, want %v", name, moved, !classifier)
		}
		if classifier && distance(classified[name], start) == 0 {
			t.Errorf("%s does not move with λ, want it to", name)
		}
	}
}

// TestFitGoesOn: interrupted, a training returns the weights so far, and those it starts from if it has not begun; the next call
// goes on to the weights of one in one go. So does one that is extended, as its rate is constant.
func TestFitGoesOn(t *testing.T) {
	b, xla := backend(t)
	if xla && !golden.Long() {
		t.Skip("three trainings compile for half a minute here; pure Go shows the same")
	}
	p := pretraining
	p.Steps, p.Average = 3, 0.9
	want := fit(t, p, nil)
	p.Checkpoint = filepath.Join(t.TempDir(), "state")
	ctx, cancel := context.WithCancel(t.Context())
	part, err := p.Fit(ctx, b, tiny, normal, func(step int, _ float64) {
		if step == 1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(part) != len(want) || maps.EqualFunc(part, want, slices.Equal) {
		t.Errorf("%d tensors, error %v, want the %d of two steps and to be stopped", len(part), err, len(want))
	}
	got := fit(t, p, func(step int, _ float64) {
		if step != 2 {
			t.Errorf("it takes step %d again, want only step 2", step)
		}
	})
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Error("other weights than in one go")
	}
	longer := p
	longer.Checkpoint = filepath.Join(t.TempDir(), "longer")
	p.Checkpoint, p.Steps = longer.Checkpoint, 2
	fit(t, p, nil)
	if _, err := longer.Fit(t.Context(), b, tiny, normal, nil); err == nil || !strings.Contains(err.Error(), "Steps is 2 there, and 3 now") {
		t.Errorf("more steps: error %v, want that they were fewer", err)
	}
	longer.Extend = true
	if got := fit(t, longer, nil); !maps.EqualFunc(got, want, slices.Equal) {
		t.Error("extended from two steps to three, other weights than in one go")
	}
	p.Checkpoint, p.Steps = "", 3
	start, err := p.Fit(ctx, b, tiny, normal, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	for _, parameter := range tiny.Table() {
		if initial, _ := Initial(1)(parameter); !slices.Equal(start[parameter.Name], initial) {
			t.Errorf("%s is not what training starts from", parameter.Name)
		}
	}
}

// TestFitNotFinite: a training that diverges names the step and what is not finite, and keeps the last good checkpoint.
// The rate of the second step is beyond float32: behind it the weights are not finite, nor is the gradient in the third.
func TestFitNotFinite(t *testing.T) {
	b, xla := backend(t)
	if xla {
		t.Skip("three trainings compile for half a minute here; pure Go shows the same")
	}
	p := pretraining
	p.Steps, p.Rate = 3, onestep.Rate{Peak: 1e40, WarmUp: 2}
	if _, err := p.Fit(t.Context(), b, tiny, normal, nil); err == nil || err.Error() != "mae: step 3: the gradient is not finite: its norm is NaN" {
		t.Errorf("error %v, want that the gradient of step 3 is NaN", err)
	}
	p.Checkpoint, p.Every = filepath.Join(t.TempDir(), "state"), 1
	begun := -1
	p.Begin = func(done int) error { begun = done; return nil }
	want := regexp.MustCompile(`^mae: checkpoint .*state of step 2: variable /\S+: number \d+ is (NaN|[+-]Inf)$`)
	for _, from := range []int{0, 1} {
		if _, err := p.Fit(t.Context(), b, tiny, normal, nil); err == nil || !want.MatchString(err.Error()) || begun != from {
			t.Errorf("begun from step %d, error %v, want from %d, and %v", begun, err, from, want)
		}
	}
}

// TestFitCannotWrite: a checkpoint that cannot be written ends the training with an error that names it. The last good
// one stays, and the training goes on from it to the weights of one in one go.
func TestFitCannotWrite(t *testing.T) {
	b, xla := backend(t)
	if xla {
		t.Skip("three trainings compile for half a minute here; pure Go shows the same")
	}
	p := pretraining
	p.Steps, p.Average, p.Every = 3, 0.9, 1
	want := fit(t, p, nil)
	folder := filepath.Join(t.TempDir(), "run")
	aside := folder + " aside"
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	p.Checkpoint = filepath.Join(folder, "state")
	_, err := p.Fit(t.Context(), b, tiny, normal, func(step int, _ float64) {
		if step == 1 { // the second, before its checkpoint: a file takes the place of the folder
			if err := errors.Join(os.Rename(folder, aside), os.WriteFile(folder, nil, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	})
	if err == nil || !strings.HasPrefix(err.Error(), "mae: checkpoint "+p.Checkpoint+" of step 2: ") {
		t.Errorf("error %v, want the checkpoint's path and step", err)
	}
	if err := errors.Join(os.Remove(folder), os.Rename(aside, folder)); err != nil {
		t.Fatal(err)
	}
	begun := -1
	p.Begin = func(done int) error { begun = done; return nil }
	if got := fit(t, p, nil); begun != 1 || !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("it goes on from step %d, want 1, to the weights of one in one go", begun)
	}
}

func TestFitRefuses(t *testing.T) {
	b, _ := backend(t)
	for want, change := range map[string]func(*Pretraining, *Sample){
		"0 steps of 3":                   func(p *Pretraining, _ *Sample) { p.Steps = 0 },
		"Clip 0":                         func(p *Pretraining, _ *Sample) { p.Clip = 0 },
		"Average 1":                      func(p *Pretraining, _ *Sample) { p.Average = 1 },
		"sample 0: 5 numbers of class 0": func(_ *Pretraining, s *Sample) { s.Latent = s.Latent[:5] },
		"numbers of class -1":            func(_ *Pretraining, s *Sample) { s.Class = -1 },
		"sample 0: 0 numbers":            func(_ *Pretraining, s *Sample) { s.Latent = nil },
	} {
		p := pretraining
		s, _ := normal(0)
		change(&p, &s)
		if _, err := p.Fit(t.Context(), b, tiny, func(int) (Sample, error) { return s, nil }, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	full := errors.New("the disk is full")
	refused := pretraining
	refused.Begin = func(int) error { return full }
	if _, err := refused.Fit(t.Context(), b, tiny, normal, func(int, float64) { t.Error("a step that Begin has refused") }); !errors.Is(err, full) {
		t.Errorf("error %v of Begin, want %v", err, full)
	}
	unreadable := errors.New("image 7 is damaged")
	longer, reported := pretraining, 0
	longer.Steps, longer.Checkpoint, longer.Every = 4, filepath.Join(t.TempDir(), "checkpoint"), 1
	damaged := func(i int) (Sample, error) {
		if i == 7 { // of the third step
			return Sample{}, unreadable
		}
		return normal(i)
	}
	if _, err := longer.Fit(t.Context(), b, tiny, damaged, func(step int, _ float64) { reported = step + 1 }); !errors.Is(err, unreadable) || reported != 2 {
		t.Errorf("a sample that cannot be read: error %v after %d steps, want it to be that error after 2", err, reported)
	}
	inOneGo := longer
	inOneGo.Checkpoint = ""
	begun := -1
	longer.Begin = func(done int) error { begun = done; return nil }
	if got, want := fit(t, longer, nil), fit(t, inOneGo, nil); begun != 2 {
		t.Errorf("it goes on from step %d, want 2", begun)
	} else if !maps.EqualFunc(got, want, slices.Equal) {
		t.Error("gone on once it can be read, the weights are others than those of a training in one go")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pretraining.Fit(ctx, b, tiny, normal, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v, want %v", err, context.Canceled)
	}
}
