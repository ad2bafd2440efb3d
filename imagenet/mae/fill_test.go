package mae

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// TestFill: what is seen stays, what is hidden is zero before and the decoder's guess after, and the squared error of the guess is the
// loss of pre-training.
func TestFill(t *testing.T) {
	backend, _ := backend(t)
	const batch, side, p = 2, 16, 2
	c := tiny
	c.InputPatch = p
	store := model.NewStore()
	if err := weights.Load(store.RootScope(), c.Table(), func(q weights.Parameter) ([]float64, error) {
		values, err := Initial(1)(q)
		return converted[float64](values), err
	}); err != nil {
		t.Fatal(err)
	}
	square := p * c.Patch // side of a hidden square in pixels
	n := side / square
	x, hidden := normals("x", batch*side*side*c.Channels), make([]float64, batch*n*n)
	for i := range hidden {
		hidden[i] = float64(i % 3 % 2)
	}
	images, squares := tensors.FromFlatDataAndDimensions(x, batch, side, side, c.Channels), tensors.FromFlatDataAndDimensions(hidden, batch, n, n)
	out := call(t, backend, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		seen, filled := c.Fill(scope, in[0], in[1])
		return []*graph.Node{seen, filled}
	}, images, squares)
	seen, filled := out[0], out[1]
	loss := call(t, backend, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		l := c.Losses(scope, in[0], in[1], in[2], in[3])
		return []*graph.Node{l.Reconstruction, l.Total} // GoMLX's pure Go engine fails where the last node has no use
	}, images, squares, tensors.FromFlatDataAndDimensions(make([]int32, batch), batch), tensors.FromScalar(0.0))[0]
	for b := range batch {
		var sum, points float64
		for k := range side * side {
			isHidden := hidden[(b*n+k/side/square)*n+k%side/square] == 1
			for i := (b*side*side + k) * c.Channels; i < (b*side*side+k+1)*c.Channels; i++ {
				switch {
				case isHidden && seen[i] != 0:
					t.Fatalf("number %d is hidden and seen as %v", i, seen[i])
				case isHidden:
					sum += (filled[i] - x[i]) * (filled[i] - x[i])
				case seen[i] != x[i] || filled[i] != x[i]:
					t.Fatalf("number %d is %v, seen as %v and filled in as %v", i, x[i], seen[i], filled[i])
				}
			}
			if isHidden {
				points += 1.0 / (p * p)
			}
		}
		if got := sum / points; math.Abs(got-loss[b]) > 1e-9*loss[b] {
			t.Errorf("image %d: error %v of what is filled in, loss %v", b, got, loss[b])
		}
	}
}
