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
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/toy"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestResume: interrupted, a run keeps its last step; the next call goes on to the bytes and reports of an uninterrupted one.
func TestResume(t *testing.T) {
	onBackends(t, func(t *testing.T, b compute.Backend) {
		whole, inParts := [][]float64{}, [][]float64{}
		run := small()
		run.Report = func(p Progress) { whole = append(whole, p.MeanSquare) }
		want := trained(t, b, run)
		run = small()
		run.Checkpoint = filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		steps := 0
		run.Report = func(p Progress) {
			inParts = append(inParts, p.MeanSquare)
			if steps++; p.Step == 5 {
				cancel()
			}
		}
		g, err := Train(ctx, b, run)
		stopped(t, g, err, run)
		if steps != 5 || !strings.Contains(err.Error(), "stopped after step 5 of 11") {
			t.Fatalf("%d steps, error %v, want 5 steps and to be stopped after step 5 of 11", steps, err)
		}
		if !bytes.Equal(want, trained(t, b, run)) {
			t.Error("the resumed run ends with other bytes, want those of one run")
		}
		if steps != run.Steps {
			t.Errorf("%d steps in both parts, want %d", steps, run.Steps)
		}
		if !slices.EqualFunc(whole, inParts, slices.Equal) {
			t.Errorf("mean squares %v in two parts, want %v", inParts, whole)
		}
	})
}

// TestStoppedBefore: a context that has ended before the first step leaves what there was: the generator that training starts
// from, which for a residual one is the identity, or that of the checkpoint.
func TestStoppedBefore(t *testing.T) {
	b := goBackend(t)
	run := Training{Network: mlp.Network{Noise: 2, Out: 2, Width: 4, Depth: 1, Residual: true}, Data: []Source{toy.EightGaussians().Draw},
		Batch: Sizes{Particles: 4, Data: 4}, Steps: 3, Checkpoint: filepath.Join(t.TempDir(), "run")}
	ended, end := context.WithCancel(context.Background())
	end()
	run.Report = func(p Progress) { t.Errorf("step %d, want none", p.Step) }
	g, err := Train(ended, b, run)
	if g == nil || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after step 0 of 3") {
		t.Fatalf("generator %v, error %v, want one, stopped after step 0 of 3", g != nil, err)
	}
	z := mat.NewDense(3, 2, []float64{1, -2, 0.5, 0, 3, 0.25})
	if x, err := g.Generate(z); err != nil || !mat.Equal(x, z) {
		t.Errorf("generates %v, error %v, want the inputs", x, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	run.Report = func(Progress) { cancel() }
	g, err = Train(ctx, b, run)
	stopped(t, g, err, run)
	run.Report = func(p Progress) { t.Errorf("step %d, want none", p.Step) }
	g, err = Train(ended, b, run)
	stopped(t, g, err, run)
}

// stopped checks what an interrupted run returns and keeps.
func stopped(t *testing.T, g *mlp.Generator, err error, run Training) {
	t.Helper()
	if g == nil || !errors.Is(err, context.Canceled) {
		t.Fatalf("generator %v, error %v, want a generator and context.Canceled", g != nil, err)
	}
	kept, err := mlp.ReadFile(run.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := g.File().Encode()
	k, _ := kept.File().Encode()
	if !bytes.Equal(a, k) {
		t.Error("the checkpoint has other bytes than the generator returned, want the same")
	}
}

// endless is a training whose schedules do not depend on its length.
func endless() Training {
	run := small()
	run.R = []Annealing{{0.2, 0.2}}
	run.Rate.Decay = false
	return run
}

// TestInterrupt: the user's interrupt ends a run after some step, which is kept. When it comes is up to the system, so the
// run would be endless without it.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a program cannot interrupt itself there")
	}
	b := goBackend(t)
	run := endless()
	run.Steps, run.Checkpoint = math.MaxInt32, filepath.Join(t.TempDir(), "run")
	last := 0
	run.Report = func(p Progress) {
		if last = p.Step; p.Step == 5 {
			interrupt(t)
		}
	}
	g, err := Train(context.Background(), b, run)
	stopped(t, g, err, run)
	if last < 5 {
		t.Errorf("it ended at step %d, want 5 or later", last)
	}
	run.Report = nil
	run.Steps = last + 3
	resumed := trained(t, b, run)
	run.Checkpoint = ""
	if !bytes.Equal(resumed, trained(t, b, run)) {
		t.Error("the resumed run ends with other bytes, want those of one run")
	}
}

// interrupt does what the user does by Ctrl-C.
func interrupt(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(os.Interrupt)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSteps: where no schedule depends on it, Steps may grow after the end, and shrink to what was done; the bytes are
// those of one run. Where one does, the error names it.
func TestSteps(t *testing.T) {
	b := goBackend(t)
	run := endless()
	want := trained(t, b, run)
	run.Checkpoint = filepath.Join(t.TempDir(), "run")
	run.Steps = 4
	trained(t, b, run)
	run.Steps = 11
	if !bytes.Equal(want, trained(t, b, run)) {
		t.Error("4 steps and then 7 end with other bytes than 11, want the same")
	}
	run.Steps = 10
	refused(t, b, run, "it has done 11 steps already, and Steps is 10", "want Steps of 11 or more")
	for name, change := range map[string]func(*Training){
		"Rate.Decay follows them":               func(t *Training) { t.Rate.Decay = true },
		"R[1] falls with them from 0.2 to 0.05": func(t *Training) { t.R = []Annealing{{0.1, 0.1}, {0.2, 0.05}} },
	} {
		run := endless()
		change(&run)
		run.Checkpoint = filepath.Join(t.TempDir(), "run")
		trained(t, b, run)
		run.Steps = 12
		refused(t, b, run, "Steps is 11 there, and 12 now", name, "Set Steps back")
	}
}

// refused checks that a training's checkpoint is refused in these words, and by its name.
func refused(t *testing.T, b compute.Backend, run Training, want ...string) {
	t.Helper()
	_, err := Train(context.Background(), b, run)
	for _, w := range append(want, run.Checkpoint) {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %v, want one with %q", err, w)
		}
	}
}

// TestOtherSamples: a source that changes after its first samples, or in a few of many rows, is noticed.
func TestOtherSamples(t *testing.T) {
	b := goBackend(t)
	points := toy.EightGaussians().Sample(1, 1000)
	run := Training{Network: mlp.Network{Noise: 2, Out: 2, Width: 4, Depth: 1}, Data: []Source{Deck(points)}, Batch: Sizes{Particles: 4, Data: 4}, Steps: 2,
		Checkpoint: filepath.Join(t.TempDir(), "run")}
	trained(t, b, run)
	changed := mat.DenseCopyOf(points)
	changed.SetRow(77, []float64{-5, 7})
	run.Data = []Source{Deck(changed)}
	refused(t, b, run, "the sources of Data or Unconditional give other samples", "name another path")
	late := func(s stream.Stream, first, n int) *mat.Dense {
		x := Deck(points)(s, first, n)
		for i := range n {
			if first+i > 100 {
				x.SetRow(i, []float64{100, 100})
			}
		}
		return x
	}
	run.Data = []Source{late}
	refused(t, b, run, "the sources of Data or Unconditional give other samples")
}

// TestCheckpointErrors: a torn file, a foreign shape, another training and a path that cannot be written are errors that
// say so, and what was there stays.
func TestCheckpointErrors(t *testing.T) {
	b := goBackend(t)
	run := small()
	run.Checkpoint = filepath.Join(t.TempDir(), "run")
	end := trained(t, b, run)
	whole, err := os.ReadFile(run.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(_ string, run Training, want ...string) {
		t.Helper()
		refused(t, b, run, want...)
	}
	wide := run
	wide.Network.Width = 9
	expect("foreign shape", wide, `tensor "layer0.weight": shape [2 8], want [2 9]`)
	slow := run
	slow.Rate.Peak = 0.02
	expect("other setting", slow, "Rate is ", `"Peak":0.01`, `"Peak":0.02`)
	field := run
	field.Field = &wflow.KL{}
	expect("other field", field, "another training", "Field")
	data := run
	data.Data = []Source{run.Data[1], run.Data[0]}
	expect("other data", data, "another training", "other samples")
	if now, err := os.ReadFile(run.Checkpoint); err != nil || !bytes.Equal(now, whole) {
		t.Errorf("a refused checkpoint was changed (error %v), want it as it was", err)
	}

	f, err := safetensors.Decode(whole)
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(key, value string) {
		t.Helper()
		old := f.Meta[key]
		f.Meta[key] = value
		if err := f.WriteFile(run.Checkpoint); err != nil {
			t.Fatal(err)
		}
		f.Meta[key] = old
	}
	rewrite(stepKey, "12")
	expect("step", run, "it has done 12 steps already, and Steps is 11")
	rewrite(stepKey, "-1")
	expect("no step", run, `it is damaged: its number of steps done is "-1"`)
	rewrite(trainingKey, strings.Replace(f.Meta[trainingKey], `"Engine":"pure Go"`, `"Engine":"XLA"`, 1))
	expect("other engine", run, `Engine is "XLA", want "pure Go". Engines round differently. Go on with the former`)
	rewrite(trainingKey, "")
	expect("a generator", run, "it is no checkpoint of a training")
	rewrite(trainingKey, "{")
	expect("damaged", run, trainingKey)
	earlier := regexp.MustCompile(`,"Engine".*]`).ReplaceAllString(f.Meta[trainingKey], `,"DataHash":["1","2","3"]`)
	rewrite(trainingKey, earlier)
	if earlier == f.Meta[trainingKey] || !bytes.Equal(trained(t, b, run), end) {
		t.Errorf("a checkpoint of an earlier version ends with other bytes, want those of one run: %s", earlier)
	}
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
	nowhere.Report = func(Progress) {
		t.Error("trained for a checkpoint that cannot be written, want an error before the first step")
	}
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
			t.Errorf("folder lost at step %d: generator %v, error %v, want a generator and an error with the path %s", lost, g != nil, err, run.Checkpoint)
			continue
		}
		if got, err := g.File().Encode(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("folder lost at step %d: the generator has other bytes (error %v), want those of the last step", lost, err)
		}
	}
}

// TestStaleTemporaries: what killed saves of this checkpoint have left is removed once it is old, and nothing else is.
func TestStaleTemporaries(t *testing.T) {
	run := small()
	folder := t.TempDir()
	run.Checkpoint = filepath.Join(folder, "run")
	old, young := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) // whatever the clock says
	temporary := func(number int, of string, at time.Time) string {                                        // as atomicfile names them
		name := fmt.Sprintf(".%s.%016x.tmp", of, number)
		path := filepath.Join(folder, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	temporary(1, "run", old)
	want := []string{"run", temporary(2, "run", young), temporary(3, "ran", old), ".run20260101"}
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
