package judge

import (
	"fmt"
	"math"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// A digit is [Side, Side], and has one of so many Classes.
const (
	Side    = 32
	Classes = 10

	numbers = Side * Side
)

// Features is how many numbers the reader has before its last layer.
const Features = 64

// channels are those of the image and of each stage after it. A stage halves the side.
var channels = []int{1, 16, 32, 64}

func stage(k int) string { return fmt.Sprintf("stages.%d", k) }

// table lists the reader's parameters. A convolution is a linear layer on the nine neighbours of a position.
func table() weights.Table {
	var t weights.Table
	linear := func(name string, in, out int) {
		t.Add(name+".weight", out, in)
		t.Add(name+".bias", out)
	}
	side := Side
	for k, in := range channels[:len(channels)-1] {
		linear(stage(k), 9*in, channels[k+1])
		side /= 2
	}
	linear("features", side*side*channels[len(channels)-1], Features)
	linear("classes", Features, Classes)
	return t
}

// initial returns the numbers from which fitting starts: normal weights with variance 2 / inputs, biases 0.
//
// Source: He et al., Delving Deep into Rectifiers (2015).
func initial(seed uint64) func(weights.Parameter) ([]float32, error) {
	return func(p weights.Parameter) ([]float32, error) {
		values := make([]float32, p.Size())
		if strings.HasSuffix(p.Name, ".weight") {
			deviation := math.Sqrt(2 / float64(p.Shape[1]))
			s := stream.New(seed, "weights "+p.Name)
			for i := range values {
				values[i] = float32(deviation * s.Normal(uint64(i)))
			}
		}
		return values, nil
	}
}

// read builds the reader on images [B, Side, Side] from −1 to 1. It returns the features [B, Features] and the logits of the
// classes [B, Classes]:
//
//	h ← SiLU(conv 3×3, stride 2, of h)   three times, from ink (x + 1)/2
//	features = SiLU(W h + b)
//	logits = W features + b
func read(scope *model.Scope, images *graph.Node) (features, logits *graph.Node) {
	linear := func(name string, x *graph.Node) *graph.Node {
		w := weights.Node(scope, x.Graph(), name+".weight")
		x = graph.DotGeneral(x, []int{-1}, nil, w, []int{-1}, nil)
		return graph.Add(x, graph.InsertAxes(weights.Node(scope, x.Graph(), name+".bias"), 0))
	}
	b, side := images.Shape().Dim(0), Side
	h := graph.Reshape(graph.MulScalar(graph.AddScalar(images, 1), 0.5), b, side, side, 1)
	for k := range len(channels) - 1 {
		side /= 2
		h = activation.Swish(linear(stage(k), graph.Reshape(neighbours(h), b*side*side, -1)))
		h = graph.Reshape(h, b, side, side, channels[k+1])
	}
	features = activation.Swish(linear("features", graph.Reshape(h, b, -1)))
	return features, linear("classes", features)
}

// neighbours returns every second position of maps [B, S, S, C], with the channels of the nine positions around it:
// [B, S/2, S/2, 9·C]. Beyond the border, channels are 0.
//
// So a convolution is one matrix product, which the pure Go engine computes about a hundred times as fast.
func neighbours(x *graph.Node) *graph.Node {
	for _, axis := range []int{1, 2} {
		n := x.Shape().Dim(axis)
		border := graph.ZerosLike(graph.SliceAxis(x, axis, graph.AxisElem(0)))
		x = graph.Concatenate([]*graph.Node{border, x}, axis) // the last position needs no border: n is even
		var parts []*graph.Node
		for k := range 3 {
			parts = append(parts, graph.SliceAxis(x, axis, graph.AxisRange(k, k+n-1).Stride(2)))
		}
		x = graph.Concatenate(parts, -1)
	}
	return x
}
