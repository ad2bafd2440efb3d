package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

const number = 9

// line fits w·x + v to 3x by Adam, with an average of the weights, and returns all variables in the end, and what was reported.
func line(t *testing.T, ctx context.Context, c Checkpoint, each func(step int)) (all map[string][]float32, values []float64, err error) {
	t.Helper()
	backend, err := gobackend.New("parallelism=-1")
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	for _, name := range []string{"/w", "/v"} {
		if _, err := store.CreateVariable(name, tensors.FromScalar(float32(1))); err != nil {
			t.Fatal(err)
		}
	}
	network := func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		g := in[0].Graph()
		descent.Average(scope, g, 0.9)
		y := graph.Add(graph.Mul(scope.GetVariable("w").NodeValue(g), in[0]), scope.GetVariable("v").NodeValue(g))
		loss := graph.Square(graph.Sub(y, graph.MulScalar(in[0], 3)))
		return []*graph.Node{loss, loss}
	}
	loss := func(_, predictions []*graph.Node) *graph.Node { return predictions[0] }
	value := func(_ *model.Scope, _, predictions []*graph.Node) *graph.Node { return predictions[1] }
	metrics := []metric.Interface{metric.NewBaseMetric("value", "v", "v", value, nil)}
	trainer := train.NewTrainer(compute.Backend(backend), store, network, loss, optimizer.Adam().LearningRate(0.1).Done(), metrics, nil)
	batch := func(step int) ([]*tensors.Tensor, error) {
		return []*tensors.Tensor{tensors.FromScalar(float32(step%3) - 1)}, nil
	}
	_, err = Run(ctx, store, c, number, Taker(trainer, batch), func(step int, value float64) {
		values = append(values, value)
		each(step)
	})
	all = map[string][]float32{}
	for _, name := range []string{"/w", "/v", descent.AverageScope + "/w", descent.AverageScope + "/v"} {
		if v := store.GetVariable(name); v != nil {
			all[name] = tensors.MustCopyFlatData[float32](v.MustValue())
		}
	}
	return all, values, err
}

// TestGoesOn: stopped after any step, or killed between two checkpoints, a training goes on to the numbers of one in one go.
func TestGoesOn(t *testing.T) {
	want, wanted, err := line(t, t.Context(), Checkpoint{}, func(int) {})
	if err != nil || len(wanted) != number {
		t.Fatalf("%d steps, error %v", len(wanted), err)
	}
	for _, at := range []int{0, 3, 4, number - 1} {
		for _, killed := range []bool{false, true} {
			c := Checkpoint{Path: filepath.Join(t.TempDir(), "state"), Every: 4, Of: `{"x":1}`}
			ctx, cancel := context.WithCancel(t.Context())
			var saved []byte // what a kill leaves: the file of the last checkpoint
			_, first, err := line(t, ctx, c, func(step int) {
				if step == at {
					saved, _ = os.ReadFile(c.Path)
					cancel()
				}
			})
			if at < number-1 && (!errors.Is(err, context.Canceled) || len(first) != at+1) {
				t.Errorf("%d steps, error %v, want %d and to be stopped", len(first), err, at+1)
			}
			if killed {
				if err := os.WriteFile(c.Path, saved, 0o600); err != nil {
					t.Fatal(err)
				}
				if first = first[:at/4*4]; saved == nil {
					os.Remove(c.Path)
				}
			}
			got, second, err := line(t, t.Context(), c, func(int) {})
			if err != nil {
				t.Error(err)
			}
			if all := append(first, second...); !slices.Equal(all, wanted) {
				t.Errorf("at %d, killed %v: reports %v, want %v", at, killed, all, wanted)
			}
			for name := range want {
				if !slices.Equal(got[name], want[name]) {
					t.Errorf("at %d, killed %v: %s is %v, want %v", at, killed, name, got[name], want[name])
				}
			}
		}
	}
}

// TestRefuses: a checkpoint of another training, of another shape, or a damaged one is an error that says so, and stays as it was.
func TestRefuses(t *testing.T) {
	c := Checkpoint{Path: filepath.Join(t.TempDir(), "state"), Of: `{"a":1,"x":1}`}
	if _, _, err := line(t, t.Context(), c, func(int) {}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(c Checkpoint, want string) {
		t.Helper()
		_, reported, err := line(t, t.Context(), c, func(int) {})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), c.Path) || len(reported) > 0 {
			t.Errorf("%d steps, error %v, want %q, the path and no step", len(reported), err, want)
		}
	}
	other := c
	other.Of = `{"a":1,"x":2}`
	refused(other, "another training: x is 1, want 2")
	nested := Checkpoint{Path: filepath.Join(t.TempDir(), "state"), Of: `{"Settings":[{"Batch":8,"Steps":6},{"Width":40}]}`}
	if _, _, err := line(t, t.Context(), nested, func(int) {}); err != nil {
		t.Fatal(err)
	}
	nested.Of = `{"Settings":[{"Batch":8,"Steps":9},{"Width":40}]}`
	refused(nested, "another training: Steps is 6, want 9.")
	nested.Extendable = []string{"Steps"}
	refused(nested, "Steps is 6 there, and 9 now. Set it back, ask to extend the training")
	if now, _ := os.ReadFile(c.Path); !bytes.Equal(now, whole) {
		t.Error("a refused checkpoint was changed")
	}
	spoil := func(change func(f *safetensors.File)) {
		f, err := safetensors.Decode(whole)
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		if err := f.WriteFile(c.Path); err != nil {
			t.Fatal(err)
		}
	}
	spoil(func(f *safetensors.File) { f.Meta[stepKey] = "10" })
	refused(c, `it is damaged: its number of steps done is "10", of 9`)
	spoil(func(f *safetensors.File) { f.Tensors["/w"].Data.([]float32)[0]++ })
	refused(c, "it is damaged: its SHA-256")
	spoil(func(f *safetensors.File) {
		f.Tensors["/w"] = safetensors.Tensor{Shape: []int{1}, Data: []float32{1}}
		delete(f.Meta, sumKey) // as older files have none
	})
	refused(c, `tensor "/w"`)
	spoil(func(f *safetensors.File) { f.Meta = nil })
	refused(c, "it is no checkpoint of such a training")
	if err := os.WriteFile(c.Path, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	refused(c, "safetensors: ")
}

// TestExtended: where only what may be extended differs, a training that is to be extended goes on, and its file keeps each change
// with the step after which it holds.
func TestExtended(t *testing.T) {
	c := Checkpoint{Path: filepath.Join(t.TempDir(), "state"), Every: 1, Of: `{"Settings":[{"Batch":8,"Rate":{"Peak":1}},{"Width":40,"BFloat16":true}]}`}
	stopped := func(at, steps int) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if _, reported, err := line(t, ctx, c, func(step int) {
			if step == at {
				cancel()
			}
		}); !errors.Is(err, context.Canceled) || len(reported) != steps {
			t.Fatalf("%d steps, error %v, want %d and to be stopped", len(reported), err, steps)
		}
	}
	stopped(2, 3)
	c.Extend, c.Extendable = true, []string{"BFloat16", "Rate"}
	c.Of = `{"Settings":[{"Batch":8,"Rate":{"Peak":2}},{"Width":40}]}`
	stopped(5, 3)
	c.Of = `{"Settings":[{"Batch":8,"Rate":{"Peak":3}},{"Width":40}]}`
	if _, reported, err := line(t, t.Context(), c, func(int) {}); err != nil || len(reported) != number-6 {
		t.Fatalf("%d steps, error %v, want the last %d", len(reported), err, number-6)
	}
	f, err := safetensors.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"step":3,"setting":"BFloat16","from":true,"to":null},{"step":3,"setting":"Rate","from":{"Peak":1},"to":{"Peak":2}},` +
		`{"step":6,"setting":"Rate","from":{"Peak":2},"to":{"Peak":3}}]`
	if got := f.Meta[changesKey]; got != want {
		t.Errorf("changes %s, want %s", got, want)
	}
	c.Of = `{"Settings":[{"Batch":9,"Rate":{"Peak":3}},{"Width":40}]}`
	if _, _, err := line(t, t.Context(), c, func(int) {}); err == nil || !strings.Contains(err.Error(), "another training: Batch is 8, want 9.") {
		t.Errorf("error %v, want that Batch differs", err)
	}
}

// TestNotFinite: numbers that are not finite are not written. The error names the file, the step and the variable, and
// the file stays.
func TestNotFinite(t *testing.T) {
	store := model.NewStore()
	v, err := store.CreateVariable("/w", tensors.FromValue([]float32{1, 2}))
	if err != nil {
		t.Fatal(err)
	}
	c := Checkpoint{Path: filepath.Join(t.TempDir(), "state"), Of: "{}"}
	if err := c.save(store, 1); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if err := v.SetValue(tensors.FromValue([]float32{1, float32(bad)})); err != nil {
			t.Fatal(err)
		}
		if err, want := c.save(store, 2), fmt.Sprintf("checkpoint %s of step 2: variable /w: number 1 is %v", c.Path, bad); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	step, err := c.load(store, 3)
	if got := tensors.MustCopyFlatData[float32](v.MustValue()); err != nil || step != 1 || !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("step %d, %v, error %v, want those of step 1", step, got, err)
	}
}

// TestOf: what describes a training differs with its settings and with its first batch.
func TestOf(t *testing.T) {
	backend, err := gobackend.New("parallelism=-1")
	if err != nil {
		t.Fatal(err)
	}
	of := func(x float32, settings any) string {
		text, err := Of(backend, []*tensors.Tensor{tensors.FromScalar(x)}, settings)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	one, again, settings, samples := of(1, 2), of(1, 2), of(1, 3), of(3, 2)
	if one != again || one == settings || one == samples {
		t.Errorf("%s, %s, %s, %s, want two that are equal and two that differ", one, again, settings, samples)
	}
}
