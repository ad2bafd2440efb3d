package hub_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// What is in a file, and one of its tensors.
func ExampleOpen() {
	f := must.M1(hub.Open("testdata/state_00000007.pt"))
	defer f.Close()
	fmt.Println(f.Format(), "after step", f.Meta()["step"])
	for _, t := range f.Tensors()[:2] {
		fmt.Println(t.Name, t.Type, t.Shape)
	}
	bias := make([]float32, 2)
	must.M(f.Floats("ema_model.model._orig_mod.head.bias", bias))
	fmt.Println(bias)
	// Output:
	// PyTorch after step 7
	// model._orig_mod.embed.weight F32 [3 4]
	// model._orig_mod.model.head.weight F32 [2 4]
	// [0.08187473 -0.14099878]
}

// The parameters of a network out of a training state, into a scope.
func ExampleFile_View() {
	f := must.M1(hub.Open("testdata/state_00000007.pt"))
	defer f.Close()
	table := weights.Table{{Name: "embed.weight", Shape: []int{3, 4}}, {Name: "model.head.weight", Shape: []int{2, 4}}}
	_, err := f.View(hub.WFlow, table)
	fmt.Println(err)

	table.Add("model.head.bias", 2)
	v := must.M1(f.View(hub.WFlow, table))
	scope := model.NewStore().RootScope()
	must.M(v.Load(scope))
	fmt.Println(scope.GetVariable("model.head.bias").Shape())
	// Output:
	// hub: testdata/state_00000007.pt: of 2 parameters, 1 left over: "ema_model.model._orig_mod.head.bias"
	// (Float32)[2]
}

// A released encoder, written as safetensors under its official names.
func ExampleView_WriteSafetensors() {
	f := must.M1(hub.Open("testdata/ema_params.msgpack"))
	defer f.Close()
	v := must.M1(f.View(hub.Drifting, weights.Table{
		{Name: "encoder.conv1.weight", Shape: []int{6, 4, 3, 3}},
		{Name: "encoder.gn1.weight", Shape: []int{6}},
		{Name: "encoder.gn1.bias", Shape: []int{6}},
		{Name: "encoder.stages.1.0.proj_conv.weight", Shape: []int{12, 6, 1, 1}},
		{Name: "fc.weight", Shape: []int{5, 12}},
		{Name: "fc.bias", Shape: []int{5}},
	}))
	dir := must.M1(os.MkdirTemp("", ""))
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "encoder.safetensors")
	must.M(v.WriteSafetensors(path, hub.F32, nil))

	written := must.M1(hub.Open(path))
	defer written.Close()
	fmt.Println(written.Format(), "of", written.Meta()["source"])
	for _, t := range written.Tensors()[:2] {
		fmt.Println(t.Name, t.Shape)
	}
	// Output:
	// safetensors of ema_params.msgpack
	// encoder.conv1.weight [6 4 3 3]
	// encoder.gn1.weight [6]
}

// The autoencoder that turns images into latents, 335 MB, from the cache or the network.
func ExampleFetch() {
	path, err := hub.Fetch(context.Background(), hub.Remote{
		Repo:     "stabilityai/sd-vae-ft-mse",
		File:     "diffusion_pytorch_model.safetensors",
		Revision: "31f26fdeee1355a5c34592e401dd41e45d25a493",
	}, &hub.Watch{
		Progress: func(done, total int64) { fmt.Printf("\r%d of %d MB", done>>20, total>>20) },
		Notice:   func(text string) { fmt.Println(text) },
	})
	if err != nil {
		fmt.Println(err) // offline, and not in the cache: what to put where
		return
	}
	fmt.Println(path)
}
