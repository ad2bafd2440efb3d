package mae

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/imagenet/internal/convolution"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// Maps are what the encoder makes of latents [B, S, S, Channels]. Each is [B, side, side, channels]. Stage k, from 0, has
// side S/(p·2ᵏ), where p is InputPatch, and 2ᵏ·Width channels.
type Maps struct {
	Conv1  *graph.Node      // after the stem: side S/p, Width channels
	Stages [4]*graph.Node   // after each stage and the norm that ends it
	Blocks [4][]*graph.Node // after each block of each stage
}

// Encode builds the encoder on latents [B, S, S, Channels], where S is a multiple of 8·InputPatch, in the type of the weights in
// scope, or with BFloat16 in that. With InputPatch p, it works on the grid of S/p × S/p squares:
//
//	stem:   ReLU(norm(conv 3×3 x))
//	block:  ReLU(norm(conv 3×3 ReLU(norm(conv 3×3 x))) + skip), skip = x or norm(conv 1×1 x)
//	stage:  norm(block(… block(x))), the first block of all stages but the first with stride 2
//
// Here norm is GroupNorm with ε = 1e-5. The released weights were trained with 1e-6; W-Flow then used them with 1e-5.
//
// Source: arXiv 2605.11755 and its code; He et al., Deep Residual Learning (2016).
func (c Config) Encode(scope *model.Scope, x *graph.Node) Maps {
	if err := c.Validate(); err != nil {
		exceptions.Panicf("%v", err)
	}
	if s := x.Shape(); s.Rank() != 4 || s.Dim(1) != s.Dim(2) || s.Dim(1)%c.side() != 0 || s.Dim(3) != c.Channels {
		exceptions.Panicf("mae: latents %v, want [B, S, S, %d] with S a multiple of %d", s.Dimensions, c.Channels, c.side())
	}
	return c.encode(scope, c.grid(x))
}

// encode builds the encoder on a grid.
func (c Config) encode(scope *model.Scope, x *graph.Node) Maps {
	n := network{scope}
	if c.BFloat16 {
		x = graph.ConvertDType(x, dtypes.BFloat16)
	}
	var m Maps
	m.Conv1 = relu(n.norm("encoder.gn1", n.conv("encoder.conv1", x, 1)))
	h := m.Conv1
	for stage, blocks := range c.Layers {
		for block := range blocks {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			h = n.block(blockName(stage, block), h, stride)
			m.Blocks[stage] = append(m.Blocks[stage], h)
		}
		h = n.norm(stageNorm(stage), h)
		m.Stages[stage] = h
	}
	return m
}

// grid returns the squares [B, S/p, S/p, p·p·Channels] of latents [B, S, S, Channels], where p is InputPatch. A square's numbers
// lie row by row.
func (c Config) grid(x *graph.Node) *graph.Node {
	p := c.inputPatch()
	if p == 1 {
		return x
	}
	b, side := x.Shape().Dim(0), x.Shape().Dim(1)/p
	x = graph.TransposeAllAxes(graph.Reshape(x, b, side, p, side, p, c.Channels), 0, 1, 3, 2, 4, 5)
	return graph.Reshape(x, b, side, side, c.points())
}

func blockName(stage, block int) string { return fmt.Sprintf("encoder.stages.%d.%d", stage, block) }
func stageNorm(stage int) string        { return fmt.Sprintf("encoder.layer%d_norm", stage+1) }

// network builds layers on the weights of a scope. A layer returns the type of its input.
type network struct{ scope *model.Scope }

// block is a residual block.
func (n network) block(name string, x *graph.Node, stride int) *graph.Node {
	h := relu(n.norm(name+".gn1", n.conv(name+".conv1", x, stride)))
	h = n.norm(name+".gn2", n.conv(name+".conv2", h, 1))
	if stride > 1 {
		x = n.norm(name+".proj_gn", n.conv(name+".proj_conv", x, stride))
	}
	return relu(graph.Add(h, x))
}

// conv is a convolution of side 3 or 1 without bias, padded so that stride 1 keeps the side.
func (n network) conv(name string, x *graph.Node, stride int) *graph.Node {
	kernel := graph.ConvertDType(weights.Node(n.scope, x.Graph(), name+".weight"), x.DType())
	return convolution.Convolve(x, kernel, stride, convolution.Around(kernel))
}

const epsilon = 1e-5

// norm is GroupNorm: (x − mean)/√(variance + ε) over the positions and the channels of a group, times the weight of the
// channel, plus its bias. It is computed in the type of the weights.
//
// Source: Wu and He, Group Normalization (2018).
func (n network) norm(name string, x *graph.Node) *graph.Node {
	b, side, channels := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(-1)
	members := channels / groups(channels)
	weight := graph.ExpandLeftToRank(weights.Node(n.scope, x.Graph(), name+".weight"), 4)
	bias := graph.ExpandLeftToRank(weights.Node(n.scope, x.Graph(), name+".bias"), 4)
	of := x.DType()
	x = graph.ConvertDType(x, weight.DType())
	// Means over the members of a group as a product, for XLA compiles it eight times as fast as a sum and a broadcast.
	share := graph.Scalar(x.Graph(), x.DType(), 1/float64(side*side*members))
	share = graph.BroadcastToDims(share, members, members)
	mean := func(x *graph.Node) *graph.Node { // [B, 1, 1, channels]
		x = graph.ReduceSum(graph.ReduceSum(x, 2), 1) // two short sums round less than a long one
		return graph.Reshape(graph.MatMul(graph.Reshape(x, -1, members), share), b, 1, 1, channels)
	}
	centred := graph.Sub(x, mean(x))
	variance := mean(graph.Square(centred))
	scale := graph.Div(weight, graph.Sqrt(graph.AddScalar(variance, epsilon)))
	return graph.ConvertDType(graph.Add(graph.Mul(centred, scale), bias), of)
}

// groups returns the number of groups that GroupNorm makes: the largest divisor of channels up to 32.
func groups(channels int) int {
	g := min(32, channels)
	for channels%g != 0 {
		g--
	}
	return g
}

func relu(x *graph.Node) *graph.Node { return activation.Relu(x) }
