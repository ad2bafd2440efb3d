package mae

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// squares rearranges images [b, side, side, channels] by hand: [b, side/p, side/p, p·p·channels].
func squares(x []float64, b, side, channels, p int) []float64 {
	out := make([]float64, len(x))
	n := side / p
	for k := range b {
		for i := range side {
			for j := range side {
				for c := range channels {
					square, within := (k*n+i/p)*n+j/p, (i%p*p+j%p)*channels+c
					out[square*p*p*channels+within] = x[((k*side+i)*side+j)*channels+c]
				}
			}
		}
	}
	return out
}

// TestInputPatch: an encoder with InputPatch is one without it on images that were rearranged, in all but the features of the image
// itself, which is compared as it is; and so is its pre-training.
func TestInputPatch(t *testing.T) {
	backend, _ := backend(t)
	const batch, side, p = 2, 16, 2
	patched, plain := tiny, tiny
	patched.InputPatch, plain.Channels = p, p*p*tiny.Channels
	if got, want := patched.Table().SHA256(), plain.Table().SHA256(); got != want {
		t.Fatalf("another table of weights than with as many channels")
	}
	x := normals("x", batch*side*side*tiny.Channels)
	hidden := make([]float64, batch*(side/p/tiny.Patch)*(side/p/tiny.Patch))
	for i := range hidden {
		hidden[i] = float64(i % 2)
	}
	outputs := func(c Config, x []float64, side int) ([][]float64, [][]float64) {
		store := model.NewStore()
		if err := weights.Load(store.RootScope(), c.Table(), func(q weights.Parameter) ([]float64, error) {
			values, err := Initial(1)(q)
			return converted[float64](values), err
		}); err != nil {
			t.Fatal(err)
		}
		images := tensors.FromFlatDataAndDimensions(x, batch, side, side, c.Channels)
		features := call(t, backend, store, func(scope *model.Scope, in []*graph.Node) (list []*graph.Node) {
			for _, f := range c.Features(scope, in[0], preset.ReleasedFeatures())[2:] {
				list = append(list, f.Value)
			}
			return list
		}, images)
		squares := side / c.InputPatch / c.Patch
		losses := call(t, backend, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
			l := c.Losses(scope, in[0], in[1], in[2], in[3])
			return []*graph.Node{l.Total, l.Reconstruction, l.CrossEntropy}
		}, images, tensors.FromFlatDataAndDimensions(hidden, batch, squares, squares),
			tensors.FromFlatDataAndDimensions([]int32{1, 4}, batch), tensors.FromScalar(0.25))
		return features, losses
	}
	features, losses := outputs(patched, x, side)
	wantFeatures, wantLosses := outputs(plain, squares(x, batch, side, tiny.Channels, p), side/p)
	for i, want := range wantFeatures {
		near(t, "a feature", features[i], want)
	}
	for i, want := range wantLosses {
		near(t, "a loss", losses[i], want)
	}

	image := call(t, backend, model.NewStore(), func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		return []*graph.Node{patched.grid(in[0])}
	}, tensors.FromFlatDataAndDimensions(x, batch, side, side, tiny.Channels))[0]
	near(t, "the grid", image, squares(x, batch, side, tiny.Channels, p))
}
