package fid

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// Channels and classes of the network, and the side of the images that it sees.
const (
	channels = 2048
	classes  = 1008
	side     = 299
)

// filters returns all convolutions of the network, in the order of the weight file.
func filters() (all []filter) {
	in := 3
	for _, stage := range stages {
		var some []filter
		some, in = stage.convolutions("", in)
		all = append(all, some...)
	}
	return all
}

// Table lists the parameters of the network by the names of the file pt_inception-2015-12-05, in its order. A convolution has no bias,
// but the mean, the variance, the weight and the bias of the batch norm behind it.
func Table() weights.Table {
	var t weights.Table
	for _, f := range filters() {
		t.Add(f.name+".conv.weight", f.out, f.in, f.height, f.width)
		for _, norm := range []string{"weight", "bias", "running_mean", "running_var"} {
			t.Add(f.name+".bn."+norm, f.out)
		}
	}
	t.Add("fc.weight", classes, channels)
	t.Add("fc.bias", classes)
	return t
}

// load puts the network into a scope. A batch norm with mean m, variance v, weight w and bias b is a factor and a sum,
//
//	w (x − m)/√(v + 0.001) + b = g x + (b − g m),   g = w/√(v + 0.001)
//
// so it becomes a part of the convolution before it: there a kernel is g times as large, and has a bias.
func load[T float32 | float64](scope *model.Scope, read func(weights.Parameter) ([]T, error)) error {
	var t weights.Table
	shapes := map[string][]int{}
	for _, f := range filters() {
		shapes[f.name] = []int{f.out, f.in, f.height, f.width}
		t.Add(f.name+".weight", shapes[f.name]...)
		t.Add(f.name+".bias", f.out)
	}
	t.Add("fc.weight", classes, channels)
	t.Add("fc.bias", classes)

	return weights.Load(scope, t, func(p weights.Parameter) ([]T, error) {
		name, leaf := p.Name[:strings.LastIndex(p.Name, ".")], p.Name[strings.LastIndex(p.Name, ".")+1:]
		shape, convolution := shapes[name]
		if !convolution {
			return read(p)
		}
		n := norm[T]{name, shape[0], read}
		if leaf == "bias" {
			return n.bias()
		}
		return n.kernel(weights.Parameter{Name: name + ".conv.weight", Shape: shape})
	})
}

// norm reads the batch norm behind a convolution.
type norm[T float32 | float64] struct {
	name string
	out  int
	read func(weights.Parameter) ([]T, error)
}

// vector returns a parameter of the norm.
func (n norm[T]) vector(leaf string) ([]T, error) {
	p := weights.Parameter{Name: n.name + ".bn." + leaf, Shape: []int{n.out}}
	values, err := n.read(p)
	if err == nil && len(values) != n.out {
		err = fmt.Errorf("%s: %d numbers, want %d", p.Name, len(values), n.out)
	}
	return slices.Clone(values), err
}

// gain returns g.
func (n norm[T]) gain() ([]float64, error) {
	weight, err := n.vector("weight")
	if err != nil {
		return nil, err
	}
	variance, err := n.vector("running_var")
	if err != nil {
		return nil, err
	}
	g := make([]float64, n.out)
	for k := range g {
		g[k] = float64(weight[k]) / math.Sqrt(float64(variance[k])+1e-3)
	}
	return g, nil
}

// kernel returns the kernel, g times as large.
func (n norm[T]) kernel(p weights.Parameter) ([]T, error) {
	g, err := n.gain()
	if err != nil {
		return nil, err
	}
	values, err := n.read(p)
	if err != nil {
		return nil, err
	}
	if len(values) != p.Size() {
		return nil, fmt.Errorf("%s: %d numbers, want %d", p.Name, len(values), p.Size())
	}
	scaled, each := make([]T, len(values)), len(values)/n.out
	for i, v := range values {
		scaled[i] = T(float64(v) * g[i/each])
	}
	return scaled, nil
}

// bias returns b − g m.
func (n norm[T]) bias() ([]T, error) {
	g, err := n.gain()
	if err != nil {
		return nil, err
	}
	mean, err := n.vector("running_mean")
	if err != nil {
		return nil, err
	}
	bias, err := n.vector("bias")
	if err != nil {
		return nil, err
	}
	for k := range bias {
		bias[k] = T(float64(bias[k]) - g[k]*float64(mean[k]))
	}
	return bias, nil
}
