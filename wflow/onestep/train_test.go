package onestep

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/toy"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// small is a training of a fraction of a second that uses every part: classes, guidance, two R, decay of weights.
func small() Training {
	shifted := func(by float64) Source {
		return func(s stream.Stream, first, n int) *mat.Dense {
			x := s.Normals(first, n, 3)
			x.Apply(func(_, _ int, v float64) float64 { return v + by }, x)
			return x
		}
	}
	return Training{
		Network:       mlp.Network{Noise: 2, Out: 3, Width: 8, Depth: 2, Classes: 2, Guided: true},
		Data:          []Source{shifted(1), shifted(-1)},
		Unconditional: shifted(0),
		Scales:        Scales{Min: 1, Max: 3, Exponent: 2, Unguided: 0.3},
		Field:         &wflow.Sinkhorn{Iterations: 2},
		R:             []Annealing{{0.2, 0.05}, {0.1, 0.1}},
		Batch:         Sizes{Particles: 6, Data: 5, Unconditional: 4},
		Steps:         11, Rate: Rate{Peak: 0.01, WarmUp: 3, Decay: true}, WeightDecay: 0.01, Average: 0.9, Seed: 3,
	}
}

func trained(t *testing.T, b compute.Backend, run Training) []byte {
	t.Helper()
	g, err := Train(context.Background(), b, run)
	if err != nil {
		t.Fatal(err)
	}
	data, err := g.File().Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSameBytes: one seed gives the same bytes twice, with reports and checkpoints or without; another seed gives others.
func TestSameBytes(t *testing.T) {
	onBackends(t, func(t *testing.T, b compute.Backend) {
		first := trained(t, b, small())
		again := small()
		again.Checkpoint, again.Every = filepath.Join(t.TempDir(), "run"), 2
		again.Report = func(p Progress) {
			if _, err := p.Generator(); err != nil {
				t.Error(err)
			}
		}
		if !bytes.Equal(first, trained(t, b, again)) {
			t.Error("the same seed gives other bytes, want the same")
		}
		if !bytes.Equal(first, trained(t, b, again)) {
			t.Error("a finished checkpoint gives other bytes, want the same")
		}
		if engine.Name(b) == "XLA" {
			return // every call compiles
		}
		other := small()
		other.Seed++
		if bytes.Equal(first, trained(t, b, other)) {
			t.Error("another seed gives the same bytes, want others")
		}
	})
}

// TestCancelCause: the error of a cancelled run is both the context's and its cause.
func TestCancelCause(t *testing.T) {
	run := small()
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("lunch")
	run.Report = func(Progress) { cancel(cause) }
	if g, err := Train(ctx, goBackend(t), run); g == nil || !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("generator %v, error %v, want a generator, context.Canceled and its cause", g != nil, err)
	}
}

// TestAverage: the generator's weights are the mean of the weights after each step, those of k steps ago counting
// Average^k. The weights that training starts from have no part in it.
func TestAverage(t *testing.T) {
	b := goBackend(t)
	run := endless()
	run.Average = 0.8
	run.Checkpoint = filepath.Join(t.TempDir(), "run")
	mean, total := map[string][]float64{}, 0.0
	for run.Steps = 1; run.Steps <= 6; run.Steps++ {
		trained(t, b, run)
		f, err := safetensors.ReadFile(run.Checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		total = run.Average*total + 1
		for _, tensor := range run.Network.Tensors() {
			weights, err := f.Floats("weights/"+tensor.Name, tensor.Shape...)
			if err != nil {
				t.Fatal(err)
			}
			average, err := f.Floats(tensor.Name, tensor.Shape...)
			if err != nil {
				t.Fatal(err)
			}
			if mean[tensor.Name] == nil {
				mean[tensor.Name] = make([]float64, len(weights))
			}
			for i, w := range weights {
				sum := run.Average*mean[tensor.Name][i] + float64(w)
				mean[tensor.Name][i] = sum
				if d := math.Abs(float64(average[i]) - sum/total); !(d <= 1e-6*(1+math.Abs(sum/total))) { // a few roundings of float32
					t.Fatalf("step %d, %s[%d]: %v, want %v", run.Steps, tensor.Name, i, average[i], sum/total)
				}
			}
		}
	}
}

// TestShortRun: a run of a tenth of the average's length is no nearer its start than its weights are.
func TestShortRun(t *testing.T) {
	run := Training{Network: mlp.Network{Noise: 2, Out: 2, Width: 16, Depth: 1, Residual: true}, Data: []Source{Deck(mat.NewDense(1, 2, []float64{3, -1}))},
		Batch: Sizes{Particles: 16, Data: 4}, Steps: 200, Average: 0.999, Rate: Rate{Peak: 0.03}}
	g, err := Train(context.Background(), goBackend(t), run)
	if err != nil {
		t.Fatal(err)
	}
	x, err := g.Generate(stream.New(9, "test").Normals(0, 100, 2))
	if err != nil {
		t.Fatal(err)
	}
	away := math.Hypot(mat.Sum(x.ColView(0))/100-3, mat.Sum(x.ColView(1))/100+1)
	if away > 1 { // with the start in it, 0.999^200 = 0.82 of the way of 3.2 would be left
		t.Errorf("the samples' mean is %.2f away from the data, want 1 at most", away)
	}
}

// TestLearns: with one data point per class, every generated sample of the class goes there; unguided, guided or not
// conditioned at all, with and without a second batch.
func TestLearns(t *testing.T) {
	b := goBackend(t)
	point := func(x ...float64) Source { return Deck(mat.NewDense(1, 2, x)) }
	for _, run := range []Training{
		{Network: mlp.Network{Noise: 2, Out: 2, Width: 16, Depth: 1, Residual: true}, Data: []Source{point(3, -1)}},
		{Network: mlp.Network{Noise: 4, Out: 2, Width: 16, Depth: 2}, Data: []Source{point(3, -1)}, OneBatch: true},
		{Network: mlp.Network{Noise: 4, Out: 2, Width: 16, Depth: 2, Classes: 2}, Data: []Source{point(3, -1), point(-2, 2)}},
	} {
		run.Batch = Sizes{Particles: 16, Data: 4}
		run.Steps, run.Average, run.Rate = 600, 0.9, Rate{Peak: 0.01, WarmUp: 20, Decay: true}
		g, err := Train(context.Background(), b, run)
		if err != nil {
			t.Fatal(err)
		}
		for c := range run.Data {
			conditioned := g
			if run.Network.Classes > 0 {
				if conditioned, err = g.Condition(c, 1); err != nil {
					t.Fatal(err)
				}
			}
			x, err := conditioned.Generate(stream.New(9, "test").Normals(0, 100, run.Network.Noise))
			if err != nil {
				t.Fatal(err)
			}
			want := run.Data[c](stream.New(0, ""), 0, 1)
			worst := 0.0
			for i := range 100 {
				worst = max(worst, math.Hypot(x.At(i, 0)-want.At(0, 0), x.At(i, 1)-want.At(0, 1)))
			}
			if worst > 0.3 { // the starting clouds are 4 away
				t.Errorf("%+v class %d: a sample is %.2f away from the data, want 0.3 at most", run.Network, c, worst)
			}
		}
	}
}

// TestReport: every step reports once, with the schedules' values, and at the end the generator that Train returns.
func TestReport(t *testing.T) {
	run := small()
	var reports []Progress
	var last []byte
	run.Report = func(p Progress) {
		reports = append(reports, p)
		g, err := p.Generator()
		if err != nil {
			t.Fatal(err)
		}
		if last, err = g.File().Encode(); err != nil {
			t.Fatal(err)
		}
	}
	end := trained(t, goBackend(t), run)
	if len(reports) != run.Steps || !bytes.Equal(last, end) {
		t.Fatalf("%d reports, want %d; the last has the bytes that Train returns: %v, want true", len(reports), run.Steps, bytes.Equal(last, end))
	}
	for i, p := range reports {
		if p.Step != i+1 || p.Steps != run.Steps || p.Rate != run.Rate.At(i, run.Steps) || len(p.R) != 2 || p.R[0] != run.R[0].At(i, run.Steps) {
			t.Errorf("report %d: %+v, want step %d of %d, rate %v, and two R from %v", i, p, i+1, run.Steps, run.Rate.At(i, run.Steps), run.R[0].At(i, run.Steps))
		}
		if len(p.MeanSquare) != 2 || !(p.MeanSquare[0] > 0) || !(p.GradientNorm > 0) || p.Elapsed <= 0 {
			t.Errorf("report %d: %+v, want two mean squares, a gradient's norm and a time above 0", i, p)
		}
	}
}

func TestTrainErrors(t *testing.T) {
	b := goBackend(t)
	kept := filepath.Join(t.TempDir(), "run") // by none of them
	for _, c := range []struct {
		want   string
		change func(*Training)
	}{
		{"Network.Width is 0", func(t *Training) { t.Network.Width = 0 }},
		{"1 sources in Data for a network with 2 classes", func(t *Training) { t.Data = t.Data[:1] }},
		{"Steps is 0", func(t *Training) { t.Steps = 0 }},
		{"Batch.Particles is -1", func(t *Training) { t.Batch.Particles = -1 }},
		{"R from 0 to 0.1", func(t *Training) { t.R = []Annealing{{0, 0.1}} }},
		{"Average is 1", func(t *Training) { t.Average = 1 }},
		{"Rate.WarmUp is -1", func(t *Training) { t.Rate.WarmUp = -1 }},
		{"Rate.Peak is NaN", func(t *Training) { t.Rate.Peak = math.NaN() }},
		{"1 ≤ Min", func(t *Training) { t.Scales.Min = 0.5 }},
		{"Unguided is 2", func(t *Training) { t.Scales.Unguided = 2 }},
		{"without Unconditional", func(t *Training) { t.Unconditional = nil }},
		{"Iterations 0", func(t *Training) { t.Field = &wflow.Sinkhorn{} }},
		{"2 values of R", func(t *Training) { t.Field = &wflow.Sliced{} }},
		{"the field onestep.flowing has no graph", func(t *Training) { t.Field = flowing{} }},
		{`source "data 1" gave [`, func(t *Training) { t.Data = []Source{t.Data[0], toy.EightGaussians().Draw} }},
		{`source "unconditional": sample 1 holds NaN`, func(t *Training) {
			t.Unconditional = func(s stream.Stream, first, n int) *mat.Dense {
				x := s.Normals(first, n, 3)
				x.Set(1, 2, math.NaN())
				return x
			}
		}},
		{"Data[1] is nil", func(t *Training) { t.Data = []Source{t.Data[0], nil} }},
		{`source "data 1" gave nil, want`, func(t *Training) {
			t.Data = []Source{t.Data[0], func(stream.Stream, int, int) *mat.Dense { return nil }}
		}},
		{`source "data 0" panicked: out of cards`, func(t *Training) {
			t.Data = []Source{func(stream.Stream, int, int) *mat.Dense { panic("out of cards") }, t.Data[1]}
		}},
		{`source "data 0": sample 0 holds 1e+39`, func(t *Training) {
			t.Data = []Source{func(_ stream.Stream, _, n int) *mat.Dense {
				x := mat.NewDense(n, 3, nil)
				x.Set(0, 1, 1e39)
				return x
			}, t.Data[1]}
		}},
		{"Field *wflow.Sinkhorn has Tolerance NaN", func(t *Training) { t.Field = &wflow.Sinkhorn{Iterations: 2, Tolerance: math.NaN()} }},
		{"Field is a nil *wflow.KL", func(t *Training) { t.Field = (*wflow.KL)(nil) }},
		{"Report of step 3 panicked: a string", func(t *Training) {
			t.Report = func(p Progress) {
				if p.Step == 3 {
					panic("a string")
				}
			}
		}},
		{"Report of step 1 panicked: runtime error: index", func(t *Training) {
			t.Report = func(p Progress) { p.R[p.Steps] = 0 }
		}},
		{"the loss of step", func(t *Training) { t.Rate = Rate{Peak: 1e30} }},
	} {
		run := small()
		c.change(&run)
		for _, run.Checkpoint = range []string{"", kept} {
			g, err := Train(context.Background(), b, run)
			if err == nil || g != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			} else if text := err.Error(); !strings.HasPrefix(text, "onestep: ") && !strings.HasPrefix(text, "mlp: ") || strings.Contains(text, "Loop") || strings.Contains(text, "hook") {
				t.Errorf("error %v, want one sentence of this package", err)
			}
		}
	}
}

func TestAnnealing(t *testing.T) {
	a := Annealing{0.04, 0.01}
	for step, want := range map[int]float64{0: 0.04, 25: 0.02, 50: 0.01, 99: 0.01} {
		if got := a.At(step, 100); math.Abs(got-want) > 1e-16 {
			t.Errorf("R of step %d is %v, want %v", step, got, want)
		}
	}
}
