package train

import (
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// Encoder is the frozen network whose features are compared.
type Encoder struct {
	Config   mae.Config
	Features preset.Features
	Weights  func(weights.Parameter) ([]float32, error) `json:"-"` // numbers of a parameter of the encoder, in the official layout
}

// table lists the parameters that features need.
func (e *Encoder) table() weights.Table { return e.Config.Table().Under("encoder.") }

// feature is a group of feature vectors of images [C, n, ...]: [C, n, vectors, channels].
type feature struct {
	name     string
	value    *graph.Node
	constant bool // the same for all images
}

// compared builds the features in which images [C, n, Side, Side, Channels] are compared.
func (t *Stepper) compared(store *model.Store, images *graph.Node) []feature {
	c, n := images.Shape().Dim(0), images.Shape().Dim(1)
	if t.Encoder == nil || t.alone {
		return []feature{{name: "global", value: graph.Reshape(images, c, n, 1, -1)}}
	}
	shape := t.Generator.Shape()
	flat := graph.Reshape(images, c*n, shape.Side, shape.Side, shape.Channels)
	var list []feature
	for _, f := range t.Encoder.Config.Features(store.Scope(encoderScope), flat, t.Encoder.Features) {
		vectors, channels := f.Value.Shape().Dim(1), f.Value.Shape().Dim(2)
		list = append(list, feature{f.Name, graph.Reshape(f.Value, c, n, vectors, channels), f.Constant})
	}
	return list
}

// alike returns the sets of features that have one shape, by their indices, and keeps the names of all in the order of the sets.
// Transport treats a set as one batch: the graph is then a fifth as large, and compiles as much faster.
func (t *Stepper) alike(list []feature) (sets [][]int) {
	t.features, t.channels, t.constant = nil, nil, nil
	for i, f := range list {
		same := func(g feature) bool { return g.value.Shape().Equal(f.value.Shape()) }
		if slices.IndexFunc(list, same) < i {
			continue // it was among those of an earlier one
		}
		var set []int
		for k, g := range list {
			if same(g) {
				set = append(set, k)
				t.features = append(t.features, g.name)
				t.channels = append(t.channels, g.value.Shape().Dim(-1))
				t.constant = append(t.constant, g.constant)
			}
		}
		sets = append(sets, set)
	}
	return sets
}
