package train

import (
	"errors"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/internal/devices"
	"github.com/wflowlab/wflowlab/internal/descent"
)

// parts takes the gradient of a chunk of classes whose images are too many for one graph. It has three kinds of graphs:
//
//	features   φ of some of the images, without gradient
//	compare    the loss of a set of features of one shape, of all images, and its gradient ∂loss/∂φ
//	pull       the gradient of Σ φ·∂loss/∂φ, of some of the particles, whose φ are computed again
//
// The sum of what the last kind gives is the gradient of the loss. Memory has to hold φ of all images, and what a backward pass
// keeps of some of them; the price is a second forward pass of the particles.
//
// Source: Gao et al., Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup (2021).
type parts struct {
	backend   compute.Backend
	devices   devices.Set
	generated *model.Exec // features of what the generator makes
	given     *model.Exec // features of images
	compare   *model.Exec
	sizes     []int // of the sets of features
}

// startParts makes the first two kinds of graphs. The third is that of the Descent.
func (t *Stepper) startParts(backend compute.Backend) (err error) {
	p := &parts{backend: backend, devices: t.descent.Devices()}
	t.parts = p
	for _, e := range []struct {
		exec   **model.Exec
		build  func(*model.Scope, []*graph.Node) []*graph.Node
		common int // outputs that are the same on all devices
	}{{&p.generated, t.generatedGraph, 0}, {&p.given, t.givenGraph, 0}, {&p.compare, t.compareGraph, 2 + t.Regularisations}} {
		if *e.exec, err = model.NewExec(backend, t.store, e.build); err != nil {
			return err
		}
		p.devices.Deal(*e.exec, e.common)
		(*e.exec).SetMaxCache(-1) // there is a graph for each shape of features
	}
	return nil
}

// finalize frees the graphs.
func (p *parts) finalize() {
	for _, e := range []*model.Exec{p.generated, p.given, p.compare} {
		if e != nil {
			e.Finalize()
		}
	}
}

// atOnce returns how many of the n images of a class are taken at once: as many as Images allows, with no rest.
func (s Step) atOnce(n int) int {
	if s.Images == 0 || s.Images >= n {
		return n
	}
	k := s.Images
	for n%k != 0 {
		k--
	}
	return k
}

// cuts returns how many parts n images of a class are taken in.
func (s Step) cuts(n int) int {
	if n == 0 {
		return 0
	}
	return n / s.atOnce(n)
}

// generatedGraph builds the features of generated images from labels, guidance scales, noise and styles.
func (t *Stepper) generatedGraph(scope *model.Scope, in []*graph.Node) []*graph.Node {
	return t.sorted(t.generatedFeatures(scope, t.reader(scope, in)))
}

func (t *Stepper) generatedFeatures(scope *model.Scope, next func(wanted bool) *graph.Node) []feature {
	labels, alpha, noise, styles := next(true), next(true), next(true), next(t.styled())
	return t.compared(scope.Store(), t.generate(scope.Store().Scope(generatorScope), labels, alpha, noise, styles))
}

// givenGraph builds the features of images.
func (t *Stepper) givenGraph(scope *model.Scope, in []*graph.Node) []*graph.Node {
	return t.sorted(t.compared(scope.Store(), t.reader(scope, in)(true)))
}

// sorted returns the values of features, set by set.
func (t *Stepper) sorted(list []feature) (values []*graph.Node) {
	t.parts.sizes = nil
	for _, set := range t.alike(list) {
		t.parts.sizes = append(t.parts.sizes, len(set))
		values = append(values, pick(list, set)...)
	}
	return values
}

// pull builds Σ φ·∂loss/∂φ of some of the particles, times the number of parts, whose mean the Descent takes. Behind the inputs of
// generatedGraph come ∂loss/∂φ.
func (t *Stepper) pull(scope *model.Scope, in []*graph.Node) []*graph.Node {
	next := t.reader(scope, in)
	var sum *graph.Node
	for _, value := range t.sorted(t.generatedFeatures(scope, next)) {
		product := graph.ReduceAllSum(graph.Mul(value, next(true)))
		if sum != nil {
			product = graph.Add(sum, product)
		}
		sum = product
	}
	return []*graph.Node{graph.MulScalar(sum, float64(t.cuts(t.Particles)))}
}

// images returns how many images of a class a step compares: particles, data, unconditional data and the second batch.
func (s Step) images() [4]int {
	n := [4]int{s.Particles, s.Real, s.Unconditional, s.Particles}
	if s.OneBatch {
		n[3] = 0
	}
	return n
}

// compareGraph builds what [Stepper.compare] returns for a set of features, and behind it the gradient with respect to those of
// the particles. Its inputs are R, the shares of the features, the guidance scales, and the features: for each kind of images, part
// by part.
func (t *Stepper) compareGraph(_ *model.Scope, in []*graph.Node) []*graph.Node {
	precision := in[3].DType()
	r, shares, alpha := graph.ConvertDType(in[0], precision), graph.ConvertDType(in[1], precision), graph.ConvertDType(in[2], precision)
	in = in[3:]
	all := 0
	for _, n := range t.images() {
		all += t.cuts(n)
	}
	size := len(in) / all // features of the set
	particles := in[:t.cuts(t.Particles)*size]
	var whole [4][]*graph.Node
	for kind, n := range t.images() {
		cuts := t.cuts(n)
		for i := range size {
			var list []*graph.Node
			for part := range cuts {
				list = append(list, in[part*size+i])
			}
			if cuts > 0 {
				whole[kind] = append(whole[kind], graph.Concatenate(list, 1))
			}
		}
		in = in[cuts*size:]
	}
	out := t.compare(clouds{whole[0], whole[1], whole[2], whole[3]}, shares, r, alpha)
	gradients := graph.Gradient(out[0], particles...)
	for i, x := range out {
		out[i] = graph.ConvertDType(x, dtypes.Float32)
	}
	return append(out, gradients...)
}

// gradient adds the gradient of chunk k of a batch in parts, and returns what [Stepper.loss] returns for a chunk.
func (p *parts) gradient(t *Stepper, b Batch, k int) ([][]float32, error) {
	phi, err := p.features(t, b, k)
	if err != nil {
		return nil, err
	}
	values, pulls, err := p.loss(t, b, k, phi)
	if err != nil {
		return nil, err
	}
	return values, p.pull(t, b, k, pulls)
}

// phi are features of the kinds of images that [Step.images] counts, part by part.
type phi [4][][]devices.Array

// features computes those of all images of a chunk.
func (p *parts) features(t *Stepper, b Batch, k int) (all phi, err error) {
	for kind, n := range t.images() {
		count := t.atOnce(n)
		for from := 0; from < n; from += count {
			var part []devices.Array
			switch kind {
			case 0:
				part, err = p.call(p.generated, t.drawn(b, k, from, count, b.Noise, b.Styles))
			case 1:
				part, err = p.call(p.given, t.pictures(b.Real, k, from, count, n))
			case 2:
				part, err = p.call(p.given, t.pictures(b.Unconditional, k, from, count, n))
			case 3:
				part, err = p.call(p.generated, t.drawn(b, k, from, count, b.SecondNoise, b.SecondStyles))
			}
			if err != nil {
				return all, err
			}
			all[kind] = append(all[kind], part)
		}
	}
	return all, nil
}

// loss computes the loss set by set, and ∂loss/∂φ of the particles part by part. It frees the features.
func (p *parts) loss(t *Stepper, b Batch, k int, all phi) (values [][]float32, pulls [][]devices.Array, err error) {
	pulls = make([][]devices.Array, t.cuts(t.Particles))
	common, from, shares := 2+t.Regularisations, 0, t.shares(len(t.features))
	for _, size := range p.sizes {
		in := []devices.Array{tensors.FromFlatDataAndDimensions(b.R, len(b.R)),
			tensors.FromFlatDataAndDimensions(shares[from:from+size], size), chunkOf(b.Alpha, t, k)}
		for _, parts := range all {
			for _, features := range parts {
				in = append(in, features[from:from+size]...)
			}
		}
		from += size
		out, err := p.devices.Call(p.compare, 2, in)
		if err != nil {
			return nil, nil, descent.Plain(err)
		}
		for i, x := range out[:common] {
			numbers, err := tensors.CopyFlatData[float32](x)
			switch {
			case err != nil:
				return nil, nil, descent.Plain(err)
			case len(values) < common:
				values = append(values, numbers)
			case i == 0:
				values[0][0] += numbers[0]
			default:
				values[i] = append(values[i], numbers...)
			}
		}
		gradients, err := p.devices.Dealt(out, common)
		if err == nil {
			err = free(in)
		}
		if err != nil {
			return nil, nil, descent.Plain(err)
		}
		for i := range pulls {
			pulls[i] = append(pulls[i], gradients[i*size:(i+1)*size]...)
		}
	}
	return values, pulls, nil
}

// pull adds the gradient, part by part.
func (p *parts) pull(t *Stepper, b Batch, k int, pulls [][]devices.Array) error {
	count := t.atOnce(t.Particles)
	for i, pull := range pulls {
		in := t.drawn(b, k, i*count, count, b.Noise, b.Styles)
		if _, err := t.descent.Gradient(k*len(pulls)+i, append(in, pull...)...); err != nil {
			return err
		}
	}
	return nil
}

// call runs a graph of the first kind, and frees its inputs.
func (p *parts) call(e *model.Exec, in []devices.Array) ([]devices.Array, error) {
	out, err := p.devices.Call(e, 0, in)
	if err != nil {
		return nil, descent.Plain(err)
	}
	features, err := p.devices.Dealt(out, 0)
	if err == nil {
		err = free(in)
	}
	return features, err
}

func free(list []devices.Array) (err error) {
	for _, x := range list {
		err = errors.Join(err, x.FinalizeAll())
	}
	return err
}

// drawn returns the inputs of generatedGraph for some images of each class of chunk k.
func (t *Stepper) drawn(b Batch, k, from, count int, noise []float32, styles []int32) []devices.Array {
	shape := t.Generator.Shape()
	in := []devices.Array{chunkOf(b.Labels, t, k), chunkOf(b.Alpha, t, k), some(noise, t, k, from, count, t.Particles, shape.Noise...)}
	if t.styled() {
		in = append(in, some(styles, t, k, from, count, t.Particles, shape.Codebooks))
	}
	return in
}

// pictures returns the input of givenGraph for some of the n images of each class of chunk k.
func (t *Stepper) pictures(values []float32, k, from, count, n int) []devices.Array {
	shape := t.Generator.Shape()
	return []devices.Array{some(values, t, k, from, count, n, shape.Side, shape.Side, shape.Channels)}
}

// some returns images from … from+count−1 of each class of chunk k, of an array [Classes, n, of...].
func some[T float32 | int32](values []T, t *Stepper, k, from, count, n int, of ...int) *tensors.Tensor {
	size := len(values) / (t.Classes * n)
	var list []T
	for c := k * t.Chunk; c < (k+1)*t.Chunk; c++ {
		list = append(list, values[(c*n+from)*size:(c*n+from+count)*size]...)
	}
	return tensors.FromFlatDataAndDimensions(list, append([]int{t.Chunk, count}, of...)...)
}
