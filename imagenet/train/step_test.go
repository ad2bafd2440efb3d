package train

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/pixels"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
)

// measures takes steps of a training and returns what they tell.
func measures(t *testing.T, backend compute.Backend, tr Training, steps int) (list []*Measure) {
	t.Helper()
	tr.Devices = max(tr.Devices, 1)
	stepper, err := NewStepper(backend, tr.Devices, tr.Step, tr.Generator.Initial(tr.Seed))
	if err != nil {
		t.Fatal(err)
	}
	defer stepper.Finalize()
	return taken(t, stepper, tr, steps)
}

// taken takes steps on the data of a training.
func taken(t *testing.T, stepper *Stepper, tr Training, steps int) (list []*Measure) {
	t.Helper()
	source := newSource(tr)
	for k := range steps {
		b, err := source.batch(k)
		if err != nil {
			t.Fatal(err)
		}
		m, err := stepper.Take(b)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

// near compares what two trainings tell.
func near(t *testing.T, name string, got, want []*Measure, tolerance float64) {
	t.Helper()
	for k, w := range want {
		compare := func(what string, got, want float64) {
			if !(math.Abs(got-want) <= tolerance*math.Max(1, math.Abs(want))) {
				t.Errorf("%s: step %d: %s is %v, want %v", name, k+1, what, got, want)
			}
		}
		compare("loss", got[k].Loss, w.Loss)
		compare("gradient norm", got[k].GradientNorm, w.GradientNorm)
		for i, feature := range w.Features {
			compare("scale of "+feature, got[k].Scale[i], w.Scale[i])
			compare("mean V² of "+feature, got[k].MeanSquare[0][i], w.MeanSquare[0][i])
		}
	}
}

// TestChunks: classes in chunks are classes at once.
func TestChunks(t *testing.T) {
	want := measures(t, pureGo(t), small(), 5)
	for _, chunk := range []int{2, 4} {
		tr := small()
		tr.Chunk = chunk
		near(t, "in chunks", measures(t, pureGo(t), tr, 5), want, 1e-4)
	}
}

// TestDevices: two and four devices tell what one tells, over twenty steps.
func TestDevices(t *testing.T) {
	backend := several(t, 4)
	want := measures(t, backend, small(), 20)
	for _, devices := range []int{2, 4} {
		tr := small()
		tr.Devices = devices
		near(t, "devices", measures(t, backend, tr, 20), want, 1e-5)
	}
}

// TestDevicesFeatures: two and four devices tell what one tells in features of an encoder, over twenty steps. In float64: in
// float32, rounding of what passes the encoder changed the gradient's norm by 3e-4. At ten times the rate, even rounding to float64 grows
// to 1e-5 in 14 steps.
func TestDevicesFeatures(t *testing.T) {
	backend := several(t, 4)
	if !golden.Long() {
		t.Skip("an encoder compiles for half a minute here, three times: make accept runs it")
	}
	of := func(devices int) []*Measure {
		tr := featured()
		tr.Classes, tr.Chunk, tr.Rate.Peak = 8, 8, 1e-3
		stepper, err := newStepper(backend, devices, tr.Step, func(p weights.Parameter) ([]float64, error) {
			values, err := alive(p)
			return converted[float64](values), err
		})
		if err != nil {
			t.Fatal(err)
		}
		defer stepper.Finalize()
		return taken(t, stepper, tr, 20)
	}
	want := of(1)
	if len(want[0].Features) != 7 || !(want[19].Scale[6] > 0) || !(want[19].GradientNorm > 0) {
		t.Fatalf("%+v, want 7 features, and a gradient", want[19])
	}
	for _, devices := range []int{2, 4} {
		near(t, "devices", of(devices), want, 1e-5)
	}
}

// TestRefused: what does not fit is an error that says what would.
func TestRefused(t *testing.T) {
	grey, err := pixels.ParseIDX(append([]byte{0, 0, 8, 3, 0, 0, 0, 12, 0, 0, 0, 4, 0, 0, 0, 4}, make([]byte, 12*4*4)...),
		append([]byte{0, 0, 8, 1, 0, 0, 0, 12}, make([]byte, 12)...))
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(tr *Training){
		"a chunk of 8 classes on 3 devices: want a multiple of 6, so that each device has whole groups of 2; the nearest is 6": func(tr *Training) { tr.Devices = 3 },
		"8 classes in chunks of 6: want a multiple; the nearest is 6":                                                          func(tr *Training) { tr.Chunk = 6 },
		"Particles: 0, want at least 1":                         func(tr *Training) { tr.Particles = 0 },
		"50 images make no batch of 60: an epoch has no step":   func(tr *Training) { tr.Batch = 60 },
		"14 classes of a step from the labels of a batch of 12": func(tr *Training) { tr.Classes, tr.Chunk = 14, 14 },
		"image 3 is of class 3, and the generator has 3":        func(tr *Training) { g := tinyDiT(tr); g.Classes = 3; tr.Generator = g },
		"2 R for 1 Regularisations":                             func(tr *Training) { tr.R = append(tr.R, tr.R[0]) },
		"SaveEvery 0":                                           func(tr *Training) { tr.Folder, tr.SaveEvery = t.TempDir(), 0 },
		"Loads: 0":                                              func(tr *Training) { tr.Loads = 0 },
		"Clip 0, Average 0.9: want a positive number":           func(tr *Training) { tr.Clip = 0 },
		"Clip NaN":                func(tr *Training) { tr.Clip = math.NaN() },
		"Clip 2, Average 1: want": func(tr *Training) { tr.Average = 1 },
		"Average -0.1":            func(tr *Training) { tr.Average = -0.1 },
		"Average NaN":             func(tr *Training) { tr.Average = math.NaN() },
		"image 0 of the data, read as the generator's [8, 8, 2]: an image of another size":                           func(tr *Training) { g := tinyDiT(tr); g.Size = 8; tr.Generator = g },
		"image 0 of the data, read as the generator's [4, 4, 2]: pixels: Read of an image [4, 4, 1] into 32 numbers": func(tr *Training) { tr.Data = grey },
	} {
		tr := small()
		change(&tr)
		if _, err := tr.Run(t.Context(), pureGo(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
