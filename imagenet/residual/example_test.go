package residual_test

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/residual"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// Two digits, a 3 and a 7, of a network that has not been trained: their images are all 0, which is grey.
func Example() {
	c := residual.Digits()
	fmt.Println(c.Table().Size(), "parameters")
	store := model.NewStore()
	must.M(weights.Load(store.RootScope(), c.Table(), c.Initial(1)))

	noise, styles := c.Shape().Draw(1, "example", 0, 2)
	inputs := c.Shape().Tensors(noise, styles, 2)
	backend, _ := must.M2(engine.Find())
	images := must.M1(model.CallOnce(backend, store,
		func(scope *model.Scope, noise, styles, labels, alpha *graph.Node) *graph.Node {
			return c.Generate(scope, noise, labels, styles, alpha)
		},
		inputs[0], inputs[1], []int32{3, 7}, []float32{1, 1.5}))
	fmt.Println(images.Shape())
	// Output:
	// 2058752 parameters
	// (Float32)[2, 32, 32, 1]
}
