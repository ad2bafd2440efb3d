package train

import (
	"math"
	"testing"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// steps64 takes steps in float64 on random images, and returns what they tell and the weights behind them.
func steps64(t *testing.T, backend compute.Backend, devices int, s Step, count int) (list []*Measure, trained map[string][]float64) {
	t.Helper()
	initial := outputs(s.Generator)
	stepper, err := newStepper(backend, devices, s, func(p weights.Parameter) ([]float64, error) {
		values, err := initial(p)
		return converted[float64](values), err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stepper.Finalize()
	for range count {
		m, err := stepper.Take(random(s))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	if trained, err = weights.All[float64](stepper.store.Scope(generatorScope), s.Generator.Table()); err != nil {
		t.Fatal(err)
	}
	return list, trained
}

// agree compares what trainings in float64 tell, in float32, and where they lead.
func agree(t *testing.T, name string, got, want []*Measure, trained, wanted map[string][]float64) {
	t.Helper()
	near(t, name, got, want, 1e-6)
	for parameter, list := range wanted {
		for i, w := range list {
			if g := trained[parameter][i]; !(math.Abs(g-w) <= 1e-9) {
				t.Fatalf("%s: number %d of %s is %v, want %v", name, i, parameter, g, w)
			}
		}
	}
}

// encoded compares images of side 8 by features of an encoder.
func encoded(s *Step) {
	g := s.Generator.(dit.Config)
	g.Size = 8
	s.Generator = g
	s.Encoder = &Encoder{Config: mae.Config{Width: 34, Layers: [4]int{1, 1, 1, 1}, Channels: 2, Classes: 4, Patch: 2, InputPatch: 1}, Weights: mae.Initial(1),
		Features: preset.Features{Mean: true, Std: true, MeanPatches: []int{2}}}
}

// TestChunksEncoded: classes in two chunks are classes at once in features of an encoder too.
func TestChunksEncoded(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles an encoder twice")
	}
	s := small().Step
	s.Classes, s.Chunk = 4, 4
	encoded(&s)
	want, wanted := steps64(t, pureGo(t), 1, s, 3)
	s.Chunk = 2
	got, trained := steps64(t, pureGo(t), 1, s, 3)
	agree(t, "in two chunks", got, want, trained, wanted)
}

// TestParts: images in parts are images at once, whatever is compared with what.
func TestParts(t *testing.T) {
	for name, change := range map[string]func(s *Step){
		"two batches":     func(*Step) {},
		"one batch":       func(s *Step) { s.OneBatch = true },
		"no guidance":     func(s *Step) { s.Unconditional = 0 },
		"seven data":      func(s *Step) { s.Real = 7 }, // in one part or in seven
		"chunks":          func(s *Step) { s.Chunk = 2 },
		"with an encoder": encoded,
	} {
		if testing.Short() && name == "with an encoder" {
			continue
		}
		s := small().Step
		s.Classes, s.Chunk = 4, 4
		change(&s)
		want, wanted := steps64(t, pureGo(t), 1, s, 3)
		for _, images := range []int{1, 3} { // of four, in parts of one, and of two
			s.Images = images
			got, trained := steps64(t, pureGo(t), 1, s, 3)
			agree(t, name, got, want, trained, wanted)
		}
	}
}

// TestPartsDevices: in parts, too, two devices tell what one tells, and what one tells of all at once.
func TestPartsDevices(t *testing.T) {
	backend, line, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	s := small().Step
	s.Classes, s.Chunk = 4, 4
	want, wanted := steps64(t, backend, 1, s, 3)
	s.Images = 2
	for _, devices := range []int{1, 2} {
		if int(backend.NumDevices()) < devices {
			t.Skipf("%s has %d devices", line, backend.NumDevices())
		}
		got, trained := steps64(t, backend, devices, s, 3)
		agree(t, line, got, want, trained, wanted)
	}
}
