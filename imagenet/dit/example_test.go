package dit_test

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

func Example() {
	c := dit.B()
	fmt.Println(c.Table().Size(), "parameters")

	c.Size, c.Width, c.Depth, c.Heads, c.Codebooks = 8, 32, 1, 2, 0 // small enough for an example
	store := model.NewStore()
	must.M(weights.Load(store.RootScope(), c.Table(), c.Initial(1)))

	noise := stream.New(1, "noise").Normals(0, 2, 8*8*4).RawMatrix().Data
	backend, _ := must.M2(engine.Find())
	latents := must.M1(model.CallOnce(backend, store,
		func(scope *model.Scope, noise, labels, alpha *graph.Node) *graph.Node {
			noise = graph.ConvertDType(noise, dtypes.Float32)
			return c.Generate(scope, noise, labels, nil, alpha)
		},
		tensors.FromFlatDataAndDimensions(noise, 2, 8, 8, 4), []int32{207, 985}, []float32{1, 1.5}))
	fmt.Println(latents.Shape())
	// Output:
	// 132708880 parameters
	// (Float32)[2, 8, 8, 4]
}
