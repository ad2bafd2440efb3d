package mae_test

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// The features of three latents, with the weights that training starts from.
func ExampleConfig_Features() {
	backend, _, err := engine.Find()
	must.M(err)
	c := mae.Config{Width: 8, Layers: [4]int{1, 1, 1, 2}, Channels: 4, Classes: 10, Patch: 2, InputPatch: 1}
	store := model.NewStore()
	must.M(weights.Load(store.RootScope(), c.Table().Under("encoder."), mae.Initial(1)))

	var names []string
	exec := model.MustNewExec(backend, store, func(scope *model.Scope, latents *graph.Node) (values []*graph.Node) {
		for _, f := range c.Features(scope, latents, preset.ReleasedFeatures()) {
			names, values = append(names, f.Name), append(values, f.Value)
		}
		return values
	})
	latents := tensors.FromFlatDataAndDimensions(make([]float32, 3*32*32*4), 3, 32, 32, 4)
	vectors := 0
	for i, f := range exec.MustCall(latents) {
		if strings.HasPrefix(names[i], "layer4_blk2") {
			fmt.Println(names[i], f.Shape().Dimensions)
		}
		vectors += f.Shape().Dim(1)
	}
	fmt.Println(len(names), "groups,", vectors, "vectors of each latent")
	// Output:
	// layer4_blk2 [3 16 64]
	// layer4_blk2_mean [3 1 64]
	// layer4_blk2_std [3 1 64]
	// layer4_blk2_mean_2 [3 4 64]
	// layer4_blk2_mean_4 [3 1 64]
	// layer4_blk2_std_2 [3 4 64]
	// layer4_blk2_std_4 [3 1 64]
	// 44 groups, 3914 vectors of each latent
}
