package fid

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/internal/convolution"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// part is a part of the network: it turns numbers [n, h, w, in] into [n, h', w', out]. It says which convolutions it has, in the
// order of the weight file, and builds itself as a graph.
type part interface {
	convolutions(block string, in int) (all []filter, out int)
	build(scope *model.Scope, block string, x *graph.Node) *graph.Node
}

// filter is a convolution with its number of channels.
type filter struct {
	name                   string
	out, in, height, width int
}

// chain is parts one after another.
type chain []part

func (c chain) convolutions(block string, in int) (all []filter, out int) {
	out = in
	for _, p := range c {
		var some []filter
		some, out = p.convolutions(block, out)
		all = append(all, some...)
	}
	return all, out
}

func (c chain) build(scope *model.Scope, block string, x *graph.Node) *graph.Node {
	for _, p := range c {
		x = p.build(scope, block, x)
	}
	return x
}

// beside is parts that all see the same numbers. Their results lie one after another on the axis of the channels.
type beside []part

func (b beside) convolutions(block string, in int) (all []filter, out int) {
	for _, p := range b {
		some, n := p.convolutions(block, in)
		all, out = append(all, some...), out+n
	}
	return all, out
}

func (b beside) build(scope *model.Scope, block string, x *graph.Node) *graph.Node {
	var parts []*graph.Node
	for _, p := range b {
		parts = append(parts, p.build(scope, block, x))
	}
	return graph.Concatenate(parts, -1)
}

// named is parts side by side whose names begin with that of their block.
type named struct {
	name  string
	parts beside
}

func (b named) convolutions(_ string, in int) ([]filter, int) {
	return b.parts.convolutions(b.name+".", in)
}

func (b named) build(scope *model.Scope, _ string, x *graph.Node) *graph.Node {
	return b.parts.build(scope, b.name+".", x)
}

// conv is a convolution, the batch norm behind it, and max(·, 0). It keeps height and width, unless it is valid: then the kernel stays
// within the image, at every stride-th position.
type conv struct {
	name               string
	out, height, width int
	valid              bool
	stride             int // 0 is 1
}

func (c conv) convolutions(block string, in int) ([]filter, int) {
	return []filter{{block + c.name, c.out, in, c.height, c.width}}, c.out
}

func (c conv) build(scope *model.Scope, block string, x *graph.Node) *graph.Node {
	kernel := weights.Node(scope, x.Graph(), block+c.name+".weight")
	bias := weights.Node(scope, x.Graph(), block+c.name+".bias")
	padding := convolution.Around(kernel)
	if c.valid {
		padding = convolution.Padding{}
	}
	y := convolution.Convolve(x, kernel, max(c.stride, 1), padding)
	return activation.Relu(graph.Add(y, graph.ExpandLeftToRank(bias, 4)))
}

// pool takes of every 3 × 3 positions the largest or the mean number of each channel.
type pool int

const (
	halve   pool = iota // the largest, at every second position, within the image
	largest             // the largest, at every position; beyond the image there is nothing
	mean                // the mean, at every position, over those of the nine that are in the image
)

func (p pool) convolutions(_ string, in int) ([]filter, int) { return nil, in }

func (p pool) build(_ *model.Scope, _ string, x *graph.Node) *graph.Node {
	switch p {
	case halve:
		return graph.MaxPool(x).Window(3).Strides(2).NoPadding().Done()
	case largest:
		return graph.MaxPool(x).Window(3).Strides(1).PadSame().Done()
	default:
		return graph.MeanPool(x).Window(3).Strides(1).PadSame().Done()
	}
}
