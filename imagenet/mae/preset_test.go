package mae_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// What a released configuration asks for.
func ExampleFromPreset() {
	p := must.M1(preset.Named("mae/latent_640"))
	c, pretraining, err := mae.FromPreset(p.MAE)
	must.M(err)
	fmt.Println(c.Table().Size(), "parameters,", c.Table().Under("encoder.").Size(), "of the encoder")
	fmt.Println(pretraining.Steps, "steps of", pretraining.Batch)
	// Output:
	// 2687866604 parameters, 2126036480 of the encoder
	// 200000 steps of 8192
}

// Every preset of an encoder leads to a network with as many parameters as the preset says. The released ones lead to those
// whose tables TestGoldenTable compares with PyTorch's, and all released generators ask for ReleasedFeatures.
func TestFromPreset(t *testing.T) {
	widths := map[string]int{"mae/latent_640": 640, "mae/latent_ablation_256": 256}
	var released []string
	for _, listed := range preset.List() {
		name, ofRelease := listed.Name, listed.Origin == preset.Released
		p := must.M1(preset.Named(name))
		if p.MAE == nil {
			if f := p.Generator.Train.Features; ofRelease && !reflect.DeepEqual(f, preset.ReleasedFeatures()) {
				t.Errorf("%s: %+v, want %+v", name, f, preset.ReleasedFeatures())
			}
			continue
		}
		c, pretraining, err := mae.FromPreset(p.MAE)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := c.Table().Size(); n != p.MAE.Parameters() {
			t.Errorf("%s: %d parameters, want the %d of the preset", name, n, p.MAE.Parameters())
		}
		if ofRelease {
			released = append(released, name)
			width := widths[name]
			want := mae.Released(width)
			want.BFloat16 = true
			if c != want || !reflect.DeepEqual(pretraining, mae.ReleasedPretraining(width)) {
				t.Errorf("%s: %+v, %+v, want %+v, %+v", name, c, pretraining, want, mae.ReleasedPretraining(width))
			}
		}
	}
	if want := slices.Sorted(maps.Keys(widths)); !slices.Equal(released, want) {
		t.Errorf("released encoders are %q, want %q", released, want)
	}
	for want, change := range map[string]func(m *preset.MAE){
		"dropout_prob 0.1":   func(m *preset.MAE) { m.Model.Dropout = 0.1 },
		"of 3 stages":        func(m *preset.MAE) { m.Model.Layers = m.Model.Layers[1:] },
		"mask_ratio_max 0.9": func(m *preset.MAE) { m.Train.Masking.Most = 0.9 },
		"lambda_cls 0.2":     func(m *preset.MAE) { m.Train.Masking.Classification = 0.2 },
		"Width is 0":         func(m *preset.MAE) { m.Model.Width = 0 },
		"until step 100000, want the total_steps 200000": func(m *preset.MAE) { m.Optimizer.Rate.Schedule = "cosine" },
	} {
		m := must.M1(preset.Named("mae/latent_640")).MAE
		change(m)
		if _, _, err := mae.FromPreset(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// The preset of the digits leads to an encoder of pixels [32, 32, 1] whose rate falls, and preset.MAE.Features counts
// the features that it makes.
func TestDigits(t *testing.T) {
	m := must.M1(preset.Named("mae/mnist")).MAE
	c, pretraining, err := mae.FromPreset(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := (mae.Config{Width: 40, Layers: [4]int{1, 1, 1, 1}, Channels: 1, Classes: 10, Patch: 1, InputPatch: 4}); c != want || !pretraining.Rate.Decay {
		t.Errorf("%+v, a rate that falls %v, want %+v and true", c, pretraining.Rate.Decay, want)
	}
	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	if err := weights.Load(store.RootScope(), c.Table().Under("encoder."), mae.Initial(3)); err != nil {
		t.Fatal(err)
	}
	features := must.M1(preset.Named("gen/mnist")).Generator.Train.Features
	for _, f := range []preset.Features{features, preset.ReleasedFeatures(), {EveryBlock: 1, MeanPatches: []int{3, 4}}} {
		vectors, numbers := 0, 0
		must.M1(model.CallOnce(backend, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
			all := c.Features(scope, x, f)
			vectors, numbers = 0, 0
			for _, f := range all {
				vectors += f.Value.Shape().Dim(1)
				numbers += f.Value.Shape().Dim(1) * f.Value.Shape().Dim(2)
			}
			return all[0].Value
		}, tensors.FromShape(shapes.Make(dtypes.Float32, 1, 32, 32, 1))))
		if v, n := m.Features(32, f); v != vectors || n != numbers {
			t.Errorf("%+v: %d vectors of %d numbers by the preset, want the %d of %d that are made", f, v, n, vectors, numbers)
		}
	}
}

// Every key of the features, changed alone, makes other features, and another line of the report.
func TestEveryFeatureHasItsKey(t *testing.T) {
	g := must.M1(preset.Named("gen/ablation_ot_1node")).Generator
	features := &g.Train.Features
	report := func() string {
		lines := (&preset.Preset{Name: "changed", Generator: g}).Report()
		return lines[slices.IndexFunc(lines, func(l preset.Line) bool { return l.Name == "features" })].Text
	}
	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	c := mae.Config{Width: 6, Layers: [4]int{1, 2, 3, 6}, Channels: 3, Classes: 5, Patch: 2, InputPatch: 1}
	store := model.NewStore()
	if err := weights.Load(store.RootScope(), c.Table().Under("encoder."), mae.Initial(3)); err != nil {
		t.Fatal(err)
	}
	names := func() (names []string) {
		must.M1(model.CallOnce(backend, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
			all := c.Features(scope, x, *features)
			for _, f := range all {
				names = append(names, f.Name)
			}
			return all[0].Value
		}, tensors.FromShape(shapes.Make(dtypes.Float32, 1, 16, 16, 3))))
		return names
	}
	before, made, text := *features, names(), report()
	for field, value := range reflect.ValueOf(features).Elem().Fields() {
		switch value.Kind() {
		case reflect.Bool:
			value.SetBool(!value.Bool())
		case reflect.Int:
			value.SetInt(value.Int() + 1)
		case reflect.Float64:
			value.SetFloat(value.Float() + 1)
		case reflect.String:
			value.SetString(value.String() + "x")
		case reflect.Slice:
			value.Set(reflect.Append(value, reflect.ValueOf(16)))
		default:
			t.Errorf("%s: a %s, want a kind that this test can change", field.Name, value.Kind())
		}
		if got := names(); slices.Equal(got, made) {
			t.Errorf("%s is %v: the features %q as before, want others: make them in imagenet/mae/features.go", field.Name, value, got)
		}
		if got := report(); got == text {
			t.Errorf("%s is %v: features reported as %q as before, want another line: name it in imagenet/preset/features.go", field.Name, value, got)
		}
		*features = before
	}
}

// From a preset by way of a weight file to features: the same as with the weights themselves.
func TestPresetToFeatures(t *testing.T) {
	m := must.M1(preset.Named("mae/latent_ablation_256")).MAE
	m.Model.Width, m.Model.Layers, m.Data.Classes = 6, []int{1, 2, 1, 1}, 10
	c, _, err := mae.FromPreset(m)
	if err != nil {
		t.Fatal(err)
	}
	if c.Table().Size() != m.Parameters() {
		t.Errorf("%d parameters, want the %d of the preset", c.Table().Size(), m.Parameters())
	}
	file := safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	for _, p := range c.Table() {
		file.Tensors[p.Name] = safetensors.Tensor{Shape: p.Shape, Data: must.M1(mae.Initial(3)(p))}
	}
	path := filepath.Join(t.TempDir(), "encoder.safetensors")
	if err := file.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := hub.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	view, err := f.View(hub.Official, c.Table())
	if err != nil {
		t.Fatal(err)
	}

	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	features := func(read func(weights.Parameter) ([]float32, error)) []float32 {
		store := model.NewStore()
		if err := weights.Load(store.RootScope(), c.Table().Under("encoder."), read); err != nil {
			t.Fatal(err)
		}
		x := make([]float32, 2*8*8*4)
		for i := range x {
			x[i] = float32(i%7) - 3
		}
		out, err := model.CallOnce(backend, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
			all := c.Features(scope, x, preset.ReleasedFeatures())
			return all[len(all)-1].Value // layer2_blk2_std_4
		}, tensors.FromFlatDataAndDimensions(x, 2, 8, 8, 4))
		if err != nil {
			t.Fatal(err)
		}
		return tensors.MustCopyFlatData[float32](out)
	}
	if got, want := features(view.Under("encoder.").Read), features(mae.Initial(3)); !slices.Equal(got, want) || slices.Max(got) == 0 {
		t.Errorf("from the file %v…, want %v…, not all of them 0", got[:4], want[:4])
	}
}
