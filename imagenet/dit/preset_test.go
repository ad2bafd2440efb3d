package dit_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// What a released configuration asks for.
func ExampleFromPreset() {
	p := must.M1(preset.Named("gen/latent_sota_XL_ot_8node"))
	c := must.M1(dit.FromPreset(p.Generator))
	fmt.Println(c.Table().Size(), "parameters, bfloat16", c.BFloat16)
	c.BFloat16, c.Recompute = false, false // of no use for samples on a CPU
	fmt.Println("XL/2:", c == dit.XL())
	// Output:
	// 678929872 parameters, bfloat16 true
	// XL/2: true
}

// Every preset of a generator leads to a network with as many parameters as the preset says. The released ones lead to the
// sizes whose tables TestGoldenTables compares with PyTorch's.
func TestFromPreset(t *testing.T) {
	sizes := map[string]dit.Config{
		"gen/ablation_ot_1node":       dit.B(),
		"gen/latent_sota_B_ot_1node":  dit.B(),
		"gen/latent_sota_B_ot_8node":  dit.B(),
		"gen/latent_sota_L_ot_1node":  dit.L(),
		"gen/latent_sota_L_ot_8node":  dit.L(),
		"gen/latent_sota_XL_ot_1node": dit.XL(),
		"gen/latent_sota_XL_ot_8node": dit.XL(),
	}
	var released []string
	for _, listed := range preset.List() {
		name := listed.Name
		g := must.M1(preset.Named(name)).Generator
		if g == nil {
			continue
		}
		if g.Model.Network != "dit" {
			if _, err := dit.FromPreset(g); err == nil {
				t.Errorf("%s: no error for the network %s, want one", name, g.Model.Network)
			}
			continue
		}
		c, err := dit.FromPreset(g)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := c.Table().Size(); n != g.Parameters() {
			t.Errorf("%s: %d parameters, want the %d of the preset", name, n, g.Parameters())
		}
		if listed.Origin == preset.Released {
			released = append(released, name)
			want := sizes[name]
			want.BFloat16, want.Float32Attention, want.Recompute = true, name == "gen/ablation_ot_1node", sizes[name] != dit.B()
			if c != want {
				t.Errorf("%s: %+v, want %+v", name, c, want)
			}
		}

		g.Model.OutChannels++
		if _, err := dit.FromPreset(g); err == nil {
			t.Errorf("%s with another out_channels: no error, want one", name)
		}
	}
	if want := slices.Sorted(maps.Keys(sizes)); !slices.Equal(released, want) {
		t.Errorf("released generators are %q, want %q", released, want)
	}
}

// From a preset by way of a file as W-Flow's training writes it to latents: the same as with the weights themselves.
func TestPresetToLatents(t *testing.T) {
	g := must.M1(preset.Named("gen/ablation_ot_1node")).Generator
	g.Model.BFloat16 = false
	g.Model.Width, g.Model.Condition, g.Model.Depth, g.Model.Heads, g.Model.Size, g.Data.Classes = 48, 48, 2, 2, 8, 10
	c, err := dit.FromPreset(g)
	if err != nil {
		t.Fatal(err)
	}
	table := c.Table()
	if table.Size() != g.Parameters() {
		t.Errorf("%d parameters, want the %d of the preset", table.Size(), g.Parameters())
	}

	random := func(p weights.Parameter) ([]float32, error) { // a last layer that is not zero, unlike Initial's
		return c.Initial(uint64(len(p.Name)))(weights.Parameter{Name: "model.cls_embed", Shape: p.Shape})
	}
	file := safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	for _, p := range table {
		file.Tensors["ema_model._orig_mod."+p.Name] = safetensors.Tensor{Shape: p.Shape, Data: must.M1(random(p))}
	}
	path := filepath.Join(t.TempDir(), "state.safetensors")
	if err := file.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := hub.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	view, err := f.View(hub.WFlow, table)
	if err != nil {
		t.Fatal(err)
	}

	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	latents := func(read func(weights.Parameter) ([]float32, error)) []float32 {
		store := model.NewStore()
		if err := weights.Load(store.RootScope(), table, read); err != nil {
			t.Fatal(err)
		}
		noise := make([]float32, 2*8*8*4)
		for i := range noise {
			noise[i] = float32(i%7) - 3
		}
		out, err := model.CallOnce(backend, store, func(scope *model.Scope, in []*graph.Node) *graph.Node {
			return c.Generate(scope, in[0], in[1], in[2], in[3])
		}, tensors.FromFlatDataAndDimensions(noise, 2, 8, 8, 4), []int32{3, 7},
			tensors.FromFlatDataAndDimensions(make([]int32, 2*c.Codebooks), 2, c.Codebooks), []float32{1, 2})
		if err != nil {
			t.Fatal(err)
		}
		return tensors.MustCopyFlatData[float32](out)
	}
	got, want := latents(view.Read), latents(random)
	if !slices.Equal(got, want) || slices.Max(got) == 0 {
		t.Errorf("from the file %v…, want %v…, not all of them 0", got[:4], want[:4])
	}
}
