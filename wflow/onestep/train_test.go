package onestep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/toy"
	"github.com/wflowlab/wflowlab/toy/stream"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/mlp/safetensors"
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
			t.Error("the same seed gives other bytes")
		}
		if !bytes.Equal(first, trained(t, b, again)) {
			t.Error("a finished checkpoint gives other bytes")
		}
		if describe(b) == "XLA" {
			return // every call compiles
		}
		other := small()
		other.Seed++
		if bytes.Equal(first, trained(t, b, other)) {
			t.Error("another seed gives the same bytes")
		}
	})
}

// TestResume: interrupted, by its context or by the user, a run keeps its last step; the next call goes on to the bytes
// of an uninterrupted one.
func TestResume(t *testing.T) {
	onBackends(t, func(t *testing.T, b compute.Backend) {
		want := trained(t, b, small())
		for name, interrupt := range map[string]func(cancel func()){
			"context": func(cancel func()) { cancel() },
			"signal": func(func()) {
				self, err := os.FindProcess(os.Getpid())
				if err == nil {
					err = self.Signal(os.Interrupt)
				}
				if err != nil {
					t.Error(err)
				}
			},
		} {
			if name == "signal" && describe(b) == "XLA" {
				continue // every call compiles
			}
			run := small()
			run.Checkpoint = filepath.Join(t.TempDir(), "run")
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			steps, last := 0, 0
			run.Report = func(p Progress) {
				steps, last = steps+1, p.Step
				if p.Step == 5 {
					interrupt(cancel)
				}
			}
			g, err := Train(ctx, b, run)
			if name == "context" && last != 5 || last < 5 || last >= run.Steps {
				t.Fatalf("%s: the interrupted run went to step %d", name, last)
			}
			if g == nil || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "of 11") {
				t.Fatalf("%s: generator %v, error %v", name, g != nil, err)
			}
			kept, err := mlp.ReadFile(run.Checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			a, _ := g.File().Encode()
			k, _ := kept.File().Encode()
			if !bytes.Equal(a, k) {
				t.Errorf("%s: the checkpoint is not the generator returned", name)
			}
			if !bytes.Equal(want, trained(t, b, run)) {
				t.Errorf("%s: the resumed run ends with other bytes", name)
			}
			if steps != run.Steps {
				t.Errorf("%s: %d steps in both parts, want %d", name, steps, run.Steps)
			}
		}
	})
}

// TestCheckpointErrors: a torn file, a foreign shape, another training and a path that cannot be written are errors that
// say so, and what was there stays.
func TestCheckpointErrors(t *testing.T) {
	b := goBackend(t)
	run := small()
	run.Checkpoint = filepath.Join(t.TempDir(), "run")
	trained(t, b, run)
	whole, err := os.ReadFile(run.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(name string, run Training, want ...string) {
		t.Helper()
		_, err := Train(context.Background(), b, run)
		for _, w := range append(want, run.Checkpoint) {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %v, want one with %q", name, err, w)
			}
		}
	}
	wide := run
	wide.Network.Width = 9
	expect("foreign shape", wide, `tensor "layer0.weight": shape [2 8], want [2 9]`)
	slow := run
	slow.Rate.Peak = 0.02
	expect("other setting", slow, "another training", `"Peak":0.01`, `"Peak":0.02`)
	field := run
	field.Field = &wflow.KL{}
	expect("other field", field, "another training", "Field")
	data := run
	data.Data = []Source{run.Data[1], run.Data[0]}
	expect("other data", data, "another training", "DataHash")
	if now, err := os.ReadFile(run.Checkpoint); err != nil || !bytes.Equal(now, whole) {
		t.Errorf("a refused checkpoint was changed (%v)", err)
	}

	f, err := safetensors.Decode(whole)
	if err != nil {
		t.Fatal(err)
	}
	f.Meta[stepKey] = "12"
	if err := f.WriteFile(run.Checkpoint); err != nil {
		t.Fatal(err)
	}
	expect("step", run, `step "12"`)
	delete(f.Tensors, "moment2/film1.weight")
	if err := f.WriteFile(run.Checkpoint); err != nil {
		t.Fatal(err)
	}
	expect("missing tensor", run, `tensor "moment2/film1.weight" is missing`)
	if err := os.WriteFile(run.Checkpoint, whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	expect("torn file", run, "cut off")

	nowhere := small()
	nowhere.Checkpoint = filepath.Join(t.TempDir(), "no", "folder", "run")
	nowhere.Report = func(Progress) { t.Error("trained for a checkpoint that cannot be written") }
	expect("no folder", nowhere, "onestep: Checkpoint", "no such file")
}

// TestFolderLost: if the folder of the checkpoint goes away during the run, the generator so far is returned with the
// error, at the end and between.
func TestFolderLost(t *testing.T) {
	b := goBackend(t)
	for _, lost := range []int{4, 11} {
		run := small()
		run.Checkpoint, run.Every = filepath.Join(t.TempDir(), "folder", "run"), 2
		if err := os.Mkdir(filepath.Dir(run.Checkpoint), 0o755); err != nil {
			t.Fatal(err)
		}
		var want []byte
		run.Report = func(p Progress) {
			g, err := p.Generator()
			if err != nil {
				t.Error(err)
			}
			if want, err = g.File().Encode(); err != nil {
				t.Error(err)
			}
			if p.Step == lost {
				if err := os.RemoveAll(filepath.Dir(run.Checkpoint)); err != nil {
					t.Error(err)
				}
			}
		}
		g, err := Train(context.Background(), b, run)
		if g == nil || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), run.Checkpoint) {
			t.Errorf("folder lost at step %d: generator %v, error %v", lost, g != nil, err)
			continue
		}
		if got, err := g.File().Encode(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("folder lost at step %d: the generator is not that of the last step (%v)", lost, err)
		}
	}
}

// TestStaleTemporaries: what killed saves of this checkpoint have left is removed once it is old, and nothing else is.
func TestStaleTemporaries(t *testing.T) {
	run := small()
	folder := t.TempDir()
	run.Checkpoint = filepath.Join(folder, "run")
	old := time.Now().Add(-2 * time.Hour)
	temporary := func(number int, of string, at time.Time) string { // as atomicfile names them
		name := fmt.Sprintf(".%s.%016x.tmp", of, number)
		path := filepath.Join(folder, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	temporary(1, "run", old)
	want := []string{"run", temporary(2, "run", time.Now()), temporary(3, "ran", old), ".run20260101"}
	path := filepath.Join(folder, ".run20260101")
	if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Chtimes(path, old, old)); err != nil {
		t.Fatal(err)
	}
	trained(t, goBackend(t), run)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the folder holds %v, want %v", got, want)
	}
}

// TestCancelCause: the error of a cancelled run is both the context's and its cause.
func TestCancelCause(t *testing.T) {
	run := small()
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("lunch")
	run.Report = func(Progress) { cancel(cause) }
	if g, err := Train(ctx, goBackend(t), run); g == nil || !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("generator %v, error %v", g != nil, err)
	}
}

// TestGraphIsMLP: the graph of a network and its plain Go runner agree to float32 rounding.
func TestGraphIsMLP(t *testing.T) {
	onBackends(t, func(t *testing.T, b compute.Backend) {
		for _, n := range []mlp.Network{
			{Noise: 3, Out: 2, Width: 33, Depth: 3},
			{Noise: 2, Out: 2, Width: 16, Depth: 2, Residual: true},
			{Noise: 3, Out: 2, Width: 16, Depth: 2, Classes: 3},
			{Noise: 3, Out: 2, Width: 16, Depth: 2, Classes: 3, Guided: true},
		} {
			s := &state{tensors: map[string][]float32{}}
			for _, tensor := range n.Tensors() {
				size := 1
				for _, d := range tensor.Shape {
					size *= d
				}
				w := make([]float32, size)
				for i := range w {
					w[i] = float32(normal(tensor.Name, i) / math.Sqrt(float64(tensor.Shape[0])))
				}
				for _, slot := range slots(tensor.Name) {
					s.tensors[slot.tensor] = w
				}
			}
			store, err := s.store(n)
			if err != nil {
				t.Fatal(err)
			}
			const rows = 20
			classes := max(1, n.Classes)
			noise := stream.New(1, "noise").Normals(0, classes*rows, n.Noise)
			alpha := make([]float32, classes)
			for c := range alpha {
				alpha[c] = 1
				if n.Guided {
					alpha[c] += float32(c)
				}
			}
			exec, err := model.NewExec(b, store, func(scope *model.Scope, noise, alpha *graph.Node) *graph.Node {
				return generate(scope.Store().Scope(generatorScope), n, noise, alpha)
			})
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.Call1(tensor(classes, noise), alpha)
			if err != nil {
				t.Fatal(err)
			}
			got := tensors.MustCopyFlatData[float32](out)
			g, err := s.generator(n)
			if err != nil {
				t.Fatal(err)
			}
			for c := range classes {
				of := g
				if n.Classes > 0 {
					if of, err = g.Condition(c, float64(alpha[c])); err != nil {
						t.Fatal(err)
					}
				}
				want, err := of.Generate(noise.Slice(c*rows, (c+1)*rows, 0, n.Noise).(*mat.Dense))
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range want.RawMatrix().Data {
					if d := math.Abs(float64(got[c*rows*n.Out+i]) - v); !(d <= 3e-6*(1+math.Abs(v))) {
						t.Fatalf("%+v class %d number %d: the graph has %v, the runner %v", n, c, i, got[c*rows*n.Out+i], v)
					}
				}
			}
		}
	})
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
			of := g
			if run.Network.Classes > 0 {
				if of, err = g.Condition(c, 1); err != nil {
					t.Fatal(err)
				}
			}
			x, err := of.Generate(stream.New(9, "test").Normals(0, 100, run.Network.Noise))
			if err != nil {
				t.Fatal(err)
			}
			want := run.Data[c](stream.New(0, ""), 0, 1)
			worst := 0.0
			for i := range 100 {
				worst = max(worst, math.Hypot(x.At(i, 0)-want.At(0, 0), x.At(i, 1)-want.At(0, 1)))
			}
			if worst > 0.3 { // the starting clouds are 4 away
				t.Errorf("%+v class %d: a sample is %.2f away from the data", run.Network, c, worst)
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
		t.Fatalf("%d reports of %d steps; last generator equal: %v", len(reports), run.Steps, bytes.Equal(last, end))
	}
	for i, p := range reports {
		if p.Step != i+1 || p.Steps != run.Steps || p.Rate != run.Rate.At(i, run.Steps) || len(p.R) != 2 || p.R[0] != run.R[0].At(i, run.Steps) {
			t.Errorf("report %d: %+v", i, p)
		}
		if len(p.MeanSquare) != 2 || !(p.MeanSquare[0] > 0) || !(p.GradientNorm > 0) || p.Elapsed <= 0 {
			t.Errorf("report %d: %+v", i, p)
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
			if g, err := Train(context.Background(), b, run); err == nil || g != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		}
	}
}

// TestInputs: step by step, noise, data and scales are consecutive samples of their streams, and no two of them share one.
func TestInputs(t *testing.T) {
	run, err := small().resolved()
	if err != nil {
		t.Fatal(err)
	}
	run.Scales.Unguided = 0.5
	clouds := make([][]float32, 7) // of two steps
	for step := range 2 {
		in, err := run.inputs(step)
		if err != nil {
			t.Fatal(err)
		}
		for i := range in {
			clouds[i] = append(clouds[i], tensors.MustCopyFlatData[float32](in[i])...)
		}
	}
	flat := func(x *mat.Dense) (v []float32) {
		for _, y := range x.RawMatrix().Data {
			v = append(v, float32(y))
		}
		return v
	}
	s := func(name string) stream.Stream { return stream.New(run.Seed, name) }
	for i, want := range map[int]*mat.Dense{
		1: s("noise").Normals(0, 2*2*6, 2),
		2: s("second noise").Normals(0, 2*2*6, 2),
		4: run.Unconditional(s("unconditional"), 0, 2*2*4),
	} {
		if !slices.Equal(clouds[i], flat(want)) {
			t.Errorf("input %d is not its stream", i)
		}
	}
	var data []float32 // both classes of step 0, then of step 1
	for step := range 2 {
		for c, source := range run.Data {
			data = append(data, flat(source(s(dataStream(c)), 5*step, 5))...)
		}
	}
	if !slices.Equal(clouds[3], data) {
		t.Error("the data are not their streams")
	}
	seen := map[float32]int{}
	for i, cloud := range clouds[1:5] {
		for _, v := range cloud {
			if other, ok := seen[v]; ok && other != i {
				t.Errorf("inputs %d and %d share the number %v", other+1, i+1, v)
			}
			seen[v] = i
		}
	}

	run.Steps = 1
	unguided, n := 0, 0
	for step := range 500 {
		in, err := run.inputs(step)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range tensors.MustCopyFlatData[float32](in[5]) {
			n++
			if a == 1 {
				unguided++
			} else if !(a > 1 && a <= 3) {
				t.Errorf("α is %v, want 1 to 3", a)
			}
		}
	}
	if share := float64(unguided) / float64(n); math.Abs(share-0.5) > 0.08 { // five deviations of 1,000 coins
		t.Errorf("α is 1 in a share of %v, want 0.5", share)
	}
}

// TestResidualStart: before the first step a residual generator is the identity, and FiLM has no effect.
func TestResidualStart(t *testing.T) {
	z := stream.New(1, "z").Normals(0, 10, 2)
	residual := mlp.Network{Noise: 2, Out: 2, Width: 8, Depth: 2, Residual: true}
	g, err := fresh(residual, 1).generator(residual)
	if err != nil {
		t.Fatal(err)
	}
	if x, err := g.Generate(z); err != nil || !mat.Equal(x, z) {
		t.Errorf("f(z) is not z (%v)", err)
	}
	guided := mlp.Network{Noise: 2, Out: 3, Width: 8, Depth: 2, Classes: 2, Guided: true}
	if g, err = fresh(guided, 1).generator(guided); err != nil {
		t.Fatal(err)
	}
	var samples []*mat.Dense
	for c, alpha := range []float64{1, 3} {
		of, err := g.Condition(c, alpha)
		if err != nil {
			t.Fatal(err)
		}
		x, err := of.Generate(z)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, x)
	}
	if !mat.Equal(samples[0], samples[1]) || mat.Norm(samples[0], 2) == 0 {
		t.Error("classes differ before training, or all samples are zero")
	}
}

// TestDeck: every stretch of a deck's length that starts at a multiple of it holds every row once.
func TestDeck(t *testing.T) {
	deck := Deck(mat.NewDense(5, 1, []float64{0, 1, 2, 3, 4}))
	s := stream.New(1, "deck")
	all := deck(s, 0, 15)
	orders := map[string]bool{}
	for k := range 3 {
		var seen [5]bool
		order := ""
		for i := range 5 {
			v := int(all.At(5*k+i, 0))
			seen[v] = true
			order += string(rune('0' + v))
		}
		if seen != [5]bool{true, true, true, true, true} {
			t.Errorf("deck %d is %s", k, order)
		}
		orders[order] = true
	}
	if len(orders) == 1 {
		t.Error("three decks in one order")
	}
	if part := deck(s, 3, 9); !mat.Equal(part, all.Slice(3, 12, 0, 1)) {
		t.Error("samples 3 to 11 depend on where the draw begins")
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

// BenchmarkTrain measures steps of the plane's recipe, without compilation, on XLA if its plugin is named.
func BenchmarkTrain(b *testing.B) {
	backend, line, err := Backend()
	if err != nil {
		b.Fatal(err)
	}
	b.Log(line)
	steps, seconds := 0, 0.0
	for b.Loop() {
		var compiled float64
		_, err := Train(context.Background(), backend, Training{
			Network: mlp.Network{Noise: 2, Out: 2, Width: 256, Depth: 4},
			Data:    []Source{toy.EightGaussians().Draw},
			Steps:   101,
			Report: func(p Progress) {
				switch p.Step {
				case 1:
					compiled = p.Elapsed.Seconds()
				case p.Steps:
					steps, seconds = steps+p.Steps-1, seconds+p.Elapsed.Seconds()-compiled
				}
			},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(steps)/seconds, "steps/s")
}
