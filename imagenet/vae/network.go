package vae

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/imagenet/internal/convolution"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// Scale is the factor of latents. It makes their standard deviation over ImageNet about 1.
const Scale = 0.18215

// Encode builds the normal distribution of the latents of images [b, h, w, 3] in [−1, 1]: its means and the logarithms of its
// variances, both [b, h/Factor, w/Factor, Latent] and not scaled. The logarithms are clamped to [−30, 20]. Encode panics, as
// graph building does, if h or w is no multiple of Factor, or if the scope lacks a parameter of the Table.
func (c Config) Encode(scope *model.Scope, image *graph.Node) (mean, logVariance *graph.Node) {
	n := c.network(scope, image, 3, c.Factor())
	last := len(c.Widths) - 1
	x := n.convolve("encoder.conv_in", image)
	for i := range c.Widths {
		for j := range c.Layers {
			x = n.residual(fmt.Sprintf("encoder.down_blocks.%d.resnets.%d", i, j), x)
		}
		if i < last {
			x = n.halve(fmt.Sprintf("encoder.down_blocks.%d.downsamplers.0.conv", i), x)
		}
	}
	x = n.middle("encoder.mid_block", x)
	x = n.convolve("encoder.conv_out", n.normSiLU("encoder.conv_norm_out", x))
	moments := graph.Split(n.convolve("quant_conv", x), -1, 2)
	return moments[0], graph.ClipScalar(moments[1], -30, 20)
}

// Sample builds the latents (mean + exp(logVariance/2) · noise) · Scale. Noise is normal and has the shape of mean.
func Sample(mean, logVariance, noise *graph.Node) *graph.Node {
	deviation := graph.Exp(graph.MulScalar(logVariance, 0.5))
	return graph.MulScalar(graph.Add(mean, graph.Mul(deviation, noise)), Scale)
}

// Decode builds the images [b, Factor·h, Factor·w, 3] of latents [b, h, w, Latent] that are scaled as those of [Sample]. The
// images are about in [−1, 1]: see [Unit]. Decode panics as [Config.Encode] does.
func (c Config) Decode(scope *model.Scope, latent *graph.Node) *graph.Node {
	n := c.network(scope, latent, c.Latent, 1)
	last := len(c.Widths) - 1
	x := n.convolve("post_quant_conv", graph.DivScalar(latent, Scale))
	x = n.middle("decoder.mid_block", n.convolve("decoder.conv_in", x))
	for i := range c.Widths {
		for j := range c.Layers + 1 {
			x = n.residual(fmt.Sprintf("decoder.up_blocks.%d.resnets.%d", i, j), x)
		}
		if i < last {
			x = n.double(fmt.Sprintf("decoder.up_blocks.%d.upsamplers.0.conv", i), x)
		}
	}
	return n.convolve("decoder.conv_out", n.normSiLU("decoder.conv_norm_out", x))
}

// Unit maps an image from [−1, 1] to [0, 1] and clamps it.
func Unit(image *graph.Node) *graph.Node {
	return graph.ClipScalar(graph.MulScalar(graph.AddScalar(image, 1), 0.5), 0, 1)
}

// network builds layers, all of which work on [b, h, w, channels].
type network struct {
	scope  *model.Scope
	groups int
}

func (c Config) network(scope *model.Scope, x *graph.Node, channels, multiple int) network {
	if err := c.Validate(); err != nil {
		exceptions.Panicf("%v", err)
	}
	s := x.Shape()
	if s.Rank() != 4 || s.Dim(1)%multiple != 0 || s.Dim(2)%multiple != 0 || s.Dim(3) != channels {
		exceptions.Panicf("vae: input %s, want [b, h, w, %d] with h and w multiples of %d", s, channels, multiple)
	}
	return network{scope, c.Groups}
}

// parameters returns the weight and the bias of a layer.
func (n network) parameters(g *graph.Graph, layer string) (weight, bias *graph.Node) {
	return weights.Node(n.scope, g, layer+".weight"), weights.Node(n.scope, g, layer+".bias")
}

// plus adds a vector of channels everywhere.
func plus(x, channels *graph.Node) *graph.Node {
	return graph.Add(x, graph.ExpandLeftToRank(channels, x.Rank()))
}

// convolve is a convolution with bias that keeps height and width.
func (n network) convolve(layer string, x *graph.Node) *graph.Node {
	kernel, bias := n.parameters(x.Graph(), layer)
	return plus(convolved(x, kernel, 1, convolution.Around(kernel)), bias)
}

// halve is a convolution with bias and stride 2, which pads below and to the right only.
func (n network) halve(layer string, x *graph.Node) *graph.Node {
	kernel, bias := n.parameters(x.Graph(), layer)
	return plus(convolved(x, kernel, 2, convolution.Padding{{0, 1}, {0, 1}}), bias)
}

// convolved is a convolution. If it keeps an even height and width and has many channels, [winograd] is faster.
func convolved(x, kernel *graph.Node, stride int, p convolution.Padding) *graph.Node {
	square := kernel.Shape().Dim(0) == 3 && stride == 1 && p == convolution.Around(kernel)
	even := x.Shape().Dim(1)%2 == 0 && x.Shape().Dim(2)%2 == 0
	if square && even && min(kernel.Shape().Dim(2), kernel.Shape().Dim(3)) >= wide {
		return winograd(x, kernel)
	}
	return convolution.Convolve(x, kernel, stride, p)
}

// double repeats every pixel twice in height and in width, and then convolves. Along an axis, two of the kernel's three taps
// meet the same pixel. Which two depends on whether the output is odd or even. So kernels of 2×2 taps on the small image do
// the same with 4/9 of the multiplications. They are a product of matrices here because GoMLX's gradient of convolutions is
// wrong for even kernels.
func (n network) double(layer string, x *graph.Node) *graph.Node {
	kernel, bias := n.parameters(x.Graph(), layer)
	in, out := kernel.Shape().Dim(2), kernel.Shape().Dim(3)
	fold := func(kernel *graph.Node, axis int) *graph.Node { // out becomes odd outputs, then even ones
		tap := func(i int) *graph.Node { return graph.SliceAxis(kernel, axis, graph.AxisElem(i)) }
		odd := graph.Concatenate([]*graph.Node{graph.Add(tap(0), tap(1)), tap(2)}, axis)
		even := graph.Concatenate([]*graph.Node{tap(0), graph.Add(tap(1), tap(2))}, axis)
		return graph.Concatenate([]*graph.Node{odd, even}, 3)
	}
	kernel = graph.Reshape(fold(fold(kernel, 0), 1), 4*in, 4*out)

	for _, axis := range []int{1, 2} {
		x = graph.GrowLeft(graph.GrowRight(x, axis, 1, 0), axis, 1, 0)
	}
	b, h, w := x.Shape().Dim(0), x.Shape().Dim(1)-1, x.Shape().Dim(2)-1
	var patches []*graph.Node
	for i := range 2 {
		for j := range 2 {
			patches = append(patches, graph.Slice(x, graph.AxisRange(), graph.AxisRange(i, i+h), graph.AxisRange(j, j+w)))
		}
	}
	x = graph.MatMul(graph.Reshape(graph.Concatenate(patches, 3), b*h*w, 4*in), kernel)

	// Each of the h places between two rows of the small image gives an odd row and the even one after it; the first
	// and the last of these are outside. Likewise for columns.
	x = graph.TransposeAllAxes(graph.Reshape(x, b, h, w, 2, 2, out), 0, 1, 4, 2, 3, 5)
	x = graph.Slice(graph.Reshape(x, b, 2*h, 2*w, out), graph.AxisRange(), graph.AxisRange(1, 2*h-1), graph.AxisRange(1, 2*w-1))
	return plus(x, bias)
}

// norm is GroupNorm with ε = 1e-6: every group of channels gets mean 0 and variance 1 over the whole image, and then each
// channel its weight and its bias.
func (n network) norm(layer string, x *graph.Node) *graph.Node {
	weight, bias := n.parameters(x.Graph(), layer)
	b, channels := x.Shape().Dim(0), x.Shape().Dim(3)
	mean := func(x *graph.Node) *graph.Node { // [b, h, w, channels] to [b, 1, 1, channels]
		x = graph.Reshape(graph.ReduceMean(x, 1, 2), b, n.groups, channels/n.groups)
		x = graph.BroadcastToDims(graph.ReduceAndKeep(x, graph.ReduceMean, 2), b, n.groups, channels/n.groups)
		return graph.Reshape(x, b, 1, 1, channels)
	}
	x = graph.Sub(x, mean(x))
	gain := graph.Reciprocal(graph.Sqrt(graph.AddScalar(mean(graph.Square(x)), 1e-6)))
	return plus(graph.Mul(x, graph.Mul(gain, graph.ExpandLeftToRank(weight, 4))), bias)
}

func (n network) normSiLU(layer string, x *graph.Node) *graph.Node {
	return activation.Swish(n.norm(layer, x))
}

// residual is x + f(x). If f changes the number of channels, x goes through a 1×1 convolution.
func (n network) residual(name string, x *graph.Node) *graph.Node {
	y := n.convolve(name+".conv1", n.normSiLU(name+".norm1", x))
	y = n.convolve(name+".conv2", n.normSiLU(name+".norm2", y))
	if x.Shape().Dim(-1) != y.Shape().Dim(-1) {
		x = n.convolve(name+".conv_shortcut", x)
	}
	return graph.Add(x, y)
}

// middle is a residual layer, then attention, then another residual layer.
func (n network) middle(name string, x *graph.Node) *graph.Node {
	x = n.residual(name+".resnets.0", x)
	x = n.attend(name+".attentions.0.", x)
	return n.residual(name+".resnets.1", x)
}

// attention lists the linear layers of self-attention: query, key, value and output.
var attention = []string{"to_q", "to_k", "to_v", "to_out.0"}

// attend is x + the self-attention of all pixels, with one head.
func (n network) attend(name string, x *graph.Node) *graph.Node {
	s := x.Shape()
	linear := func(layer string, x *graph.Node) *graph.Node {
		weight, bias := n.parameters(x.Graph(), name+layer)
		return plus(graph.Einsum("bnc,dc->bnd", x, weight), bias)
	}
	y := graph.Reshape(n.norm(name+"group_norm", x), s.Dim(0), s.Dim(1)*s.Dim(2), s.Dim(3))
	query, key, value := linear(attention[0], y), linear(attention[1], y), linear(attention[2], y)
	scores := graph.MulScalar(graph.Einsum("bnc,bmc->bnm", query, key), 1/math.Sqrt(float64(s.Dim(3))))
	y = linear(attention[3], graph.Einsum("bnm,bmc->bnc", graph.Softmax(scores), value))
	return graph.Add(x, graph.Reshape(y, s.Dimensions...))
}
