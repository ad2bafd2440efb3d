package mae

import (
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// Decode builds the decoder. From the maps of latents with hidden squares it makes latents [B, S, S, Channels], or with
// InputPatch p their grid [B, S/p, S/p, p·p·Channels]:
//
//	bridge:  h = ReLU(norm(conv 3×3 layer4))
//	up:      h = [h at the side of the skip, skip], h = ReLU(norm(conv 3×3 norm(h))), h = ReLU(norm(conv 3×3 h))
//	head:    conv 1×1 h + bias
//
// There are four steps up, with the skips layer3, layer2, layer1 and conv1. Each has as many channels out as its skip. Sides
// are doubled bilinearly between the centres of pixels, and clamped at the border.
//
// Source: arXiv 2602.04770 and its code; Ronneberger et al., U-Net (2015).
func (c Config) Decode(scope *model.Scope, m Maps) *graph.Node {
	n := network{scope}
	h := n.convNormRelu("decoder.bridge", m.Stages[3])
	skips := []*graph.Node{m.Stages[2], m.Stages[1], m.Stages[0], m.Conv1}
	for k, up := range c.ups() {
		skip := skips[k]
		if h.Shape().Dim(1) < skip.Shape().Dim(1) {
			h = double(double(h, 1), 2)
		}
		h = n.norm(up.name+".concat_norm_fn", graph.Concatenate([]*graph.Node{h, skip}, -1))
		h = n.convNormRelu(up.name+".refine", n.convNormRelu(up.name+".proj", h))
	}
	bias := weights.Node(scope, h.Graph(), "decoder.head.bias")
	return graph.Add(graph.ConvertDType(n.conv("decoder.head", h, 1), bias.DType()), graph.ExpandLeftToRank(bias, 4))
}

// up is a step of the decoder: how many channels its skip has, and how many it returns.
type up struct {
	name      string
	skip, out int
}

func (c Config) ups() []up {
	return []up{
		{"decoder.up43", c.width(2), c.width(2)},
		{"decoder.up32", c.width(1), c.width(1)},
		{"decoder.up21", c.width(0), c.width(0)},
		{"decoder.up10", c.Width, c.Width},
	}
}

func (n network) convNormRelu(name string, x *graph.Node) *graph.Node {
	return relu(n.norm(name+".gn", n.conv(name+".conv", x, 1)))
}

// double makes an axis of length n one of length 2n. It interpolates linearly between centres: the value at k + ½ gives way
// to values at k + ¼ and k + ¾.
func double(x *graph.Node, axis int) *graph.Node {
	n := x.Shape().Dim(axis)
	first, last := graph.SliceAxis(x, axis, graph.AxisRange(0, 1)), graph.SliceAxis(x, axis, graph.AxisRange(n-1, n))
	clamped := graph.Concatenate([]*graph.Node{first, x, last}, axis)
	towards := func(from int) *graph.Node {
		y := graph.SliceAxis(clamped, axis, graph.AxisRange(from, from+n))
		return graph.Add(graph.MulScalar(x, 0.75), graph.MulScalar(y, 0.25))
	}
	dims := slices.Clone(x.Shape().Dimensions)
	dims[axis] = 2 * n
	return graph.Reshape(graph.Stack([]*graph.Node{towards(0), towards(2)}, axis+1), dims...)
}
