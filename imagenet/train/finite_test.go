package train

import (
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/internal/steps"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/internal/finite"
	"github.com/wflowlab/wflowlab/internal/lockfile"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// good reads the checkpoints in a folder, and holds all their numbers to be finite. It returns their steps.
func good(t *testing.T, folder string) []int {
	t.Helper()
	list, err := Checkpoints(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if _, err := readManifest(c.Path); err != nil {
			t.Error(err)
		}
		for _, name := range []string{generatorFile, trainingFile} {
			f, err := safetensors.ReadFile(filepath.Join(c.Path, name))
			if err != nil {
				t.Fatal(err)
			}
			for tensor, values := range f.Tensors {
				if numbers, ok := values.Data.([]float32); ok && finite.Check(numbers) != nil {
					t.Errorf("%s of step %d: %s: %v", name, c.Step, tensor, finite.Check(numbers))
				}
			}
		}
	}
	return checkpointSteps(t, folder)
}

// TestNotFinite: a training that diverges names its step and what is not finite, and leaves checkpoints that are.
func TestNotFinite(t *testing.T) {
	tr := small()
	tr.Folder, tr.SaveEvery, tr.Rate.Peak, tr.Rate.WarmUp, tr.Steps = filepath.Join(t.TempDir(), "run"), 1, 1e30, 0, 50
	_, err := tr.Run(t.Context(), pureGo(t))
	if want := regexp.MustCompile(`^train: step 2: (feature global: its (scale|mean V²) is|the loss is|the gradient is not finite: its norm is) (NaN|[+-]Inf)$`); err == nil || !want.MatchString(err.Error()) {
		t.Errorf("error %v, want %v", err, want)
	}
	if list := good(t, tr.Folder); !slices.Equal(list, []int{1}) {
		t.Errorf("checkpoints of steps %v, want 1", list)
	}
}

// TestWeightsNotFinite: a step whose gradient is finite may yet lead to weights that are not: here its rate is beyond
// float32. They are not written, and the error names the step and the parameter.
func TestWeightsNotFinite(t *testing.T) {
	tr := small()
	tr.Folder, tr.SaveEvery, tr.Rate.Peak, tr.Rate.WarmUp = filepath.Join(t.TempDir(), "run"), 1, 1e40, 2
	_, err := tr.Run(t.Context(), pureGo(t))
	if want := regexp.MustCompile(`^train: checkpoint of step 2: moving average: weights: "(.*)": number \d+ is (NaN|[+-]Inf)$`); err == nil || !want.MatchString(err.Error()) {
		t.Errorf("error %v, want %v", err, want)
	} else if name := want.FindStringSubmatch(err.Error())[1]; !named(tr, name) {
		t.Errorf("%v: %q is no parameter", err, name)
	}
	if list := good(t, tr.Folder); !slices.Equal(list, []int{1}) {
		t.Errorf("checkpoints of steps %v, want 1", list)
	}
}

// named says whether a parameter of the generator has a name.
func named(tr Training, name string) bool {
	for _, p := range tr.Generator.Table() {
		if p.Name == name {
			return true
		}
	}
	return false
}

// TestSpoilt: a checkpoint with a NaN is refused, whether it is among the weights, their moving average or the moments,
// and the one before stays.
func TestSpoilt(t *testing.T) {
	tr := small()
	tr.Folder, tr.Devices = filepath.Join(t.TempDir(), "run"), 1
	stepper, err := NewStepper(pureGo(t), 1, tr.Step, tr.Generator.Initial(tr.Seed))
	if err != nil {
		t.Fatal(err)
	}
	defer stepper.Finalize()
	r := &run{Training: tr, stepper: stepper, source: newSource(tr)}
	batch, err := r.source.batch(0)
	if err == nil {
		_, err = stepper.Take(batch)
	}
	release, claimed := lockfile.Claim(r.Folder)
	if err != nil || claimed != nil {
		t.Fatal(err, claimed)
	}
	defer release()
	save := func(step int) error {
		r.done = step
		return r.save(r.source.bank.State())
	}
	if err := save(1); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for v := range stepper.store.IterVariables() {
		kind := "moments"
		for _, scope := range []string{generatorScope, descent.AverageScope, steps.GradientScope} {
			if strings.HasPrefix(v.Path(), scope+"/") {
				kind = scope
			}
		}
		if kind == steps.GradientScope || kinds[kind] || v.DType() != dtypes.Float32 || v.Shape().Size() < 2 {
			continue
		}
		kinds[kind] = true
		spoilt(t, v, func() {
			if err := save(2); err == nil || !strings.Contains(err.Error(), "train: checkpoint of step 2: ") ||
				!strings.Contains(err.Error(), v.Name()) || !strings.Contains(err.Error(), "number 1 is NaN") {
				t.Errorf("NaN in %s: error %v, want the step, its name and its number 1", v.Path(), err)
			}
		})
	}
	if len(kinds) != 3 {
		t.Errorf("spoilt %v, want weights, average and moments", kinds)
	}
	if list := good(t, tr.Folder); !slices.Equal(list, []int{1}) {
		t.Errorf("checkpoints of steps %v, want 1", list)
	}
	if err := save(2); err != nil {
		t.Errorf("when all is finite again: %v", err)
	}
}

// spoilt calls a function while number 1 of a variable is NaN.
func spoilt(t *testing.T, v *model.Variable, check func()) {
	t.Helper()
	before := tensors.MustCopyFlatData[float32](v.MustValue())
	bad := slices.Clone(before)
	bad[1] = float32(math.NaN())
	set := func(values []float32) {
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	set(bad)
	check()
	set(before)
}
