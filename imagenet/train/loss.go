package train

import (
	"cmp"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/onestep"
)

// loss builds the loss of one chunk of classes: the weighted mean over features of onestep.Loss, whose problems are the vectors of a
// feature of each class. Its inputs are those of [Stepper.inputs]. Behind the loss it returns, as [features], the scales and then
// mean V² of each R.
func (t *Stepper) loss(scope *model.Scope, in []*graph.Node) []*graph.Node {
	next := t.reader(scope, in)
	regularisations, labels, alpha := next(true), next(true), next(true)
	noise, styles := next(true), next(t.styled())
	secondNoise, secondStyles := next(!t.OneBatch), next(!t.OneBatch && t.styled())
	still := []*graph.Node{next(true)} // images without a gradient: data, unconditional data, second batch
	if t.Unconditional > 0 {
		still = append(still, next(true))
	}

	network := scope.Store().Scope(generatorScope)
	particles := t.generate(network, labels, alpha, noise, styles)
	if !t.OneBatch {
		second := t.generate(network, labels, alpha, secondNoise, secondStyles)
		still = append(still, graph.StopGradient(second))
	}
	moving := t.compared(scope.Store(), particles)
	fixed := t.compared(scope.Store(), graph.StopGradient(graph.Concatenate(still, 1)))
	sets := t.alike(moving)

	shares := t.shares(len(moving))
	out := make([]*graph.Node, 2+t.Regularisations)
	for _, set := range sets {
		c := clouds{particles: pick(moving, set)}
		from := 0
		take := func(n int) (list []*graph.Node) {
			for _, x := range pick(fixed, set) {
				list = append(list, graph.Slice(x, graph.AxisRange(), graph.AxisRange(from, from+n)))
			}
			from += n
			return list
		}
		c.real = take(t.Real)
		if t.Unconditional > 0 {
			c.unconditional = take(t.Unconditional)
		}
		if !t.OneBatch {
			c.self = take(t.Particles)
		}
		share := graph.ConvertDType(graph.Const(alpha.Graph(), shares[:len(set)]), alpha.DType())
		shares = shares[len(set):]
		for i, x := range t.compare(c, share, regularisations, alpha) {
			switch {
			case out[i] == nil:
				out[i] = x
			case i == 0:
				out[i] = graph.Add(out[i], x)
			default:
				out[i] = graph.Concatenate([]*graph.Node{out[i], x}, 0)
			}
		}
	}
	return out
}

// shares returns what each of count features counts in the loss; the sum is 1. The image itself is the first of them.
func (s Step) shares(count int) []float32 {
	list := make([]float32, count)
	for i := range list {
		list[i] = 1
	}
	list[0] = float32(cmp.Or(s.ImageWeight, 1))
	sum := list[0] + float32(count-1)
	for i := range list {
		list[i] /= sum
	}
	return list
}

// styled says whether the generator takes styles.
func (s Step) styled() bool { return s.Generator.Shape().Codebooks > 0 }

// reader returns a function that returns the next of a graph's inputs, in the precision of the weights, or nil if it is not wanted.
func (t *Stepper) reader(scope *model.Scope, in []*graph.Node) func(wanted bool) *graph.Node {
	precision := t.precision(scope, in[0].Graph())
	return func(wanted bool) *graph.Node {
		if !wanted {
			return nil
		}
		node := in[0]
		in = in[1:]
		if node.DType().IsFloat() {
			node = graph.ConvertDType(node, precision)
		}
		return node
	}
}

// precision returns the type of the generator's weights.
func (t *Stepper) precision(scope *model.Scope, g *graph.Graph) dtypes.DType {
	return weights.Node(scope.Store().Scope(generatorScope), g, t.Generator.Table()[0].Name).DType()
}

// clouds are some features of one shape, [C, n, vectors, channels] each, by what their n images are. Nil means that there are none.
type clouds struct{ particles, real, unconditional, self []*graph.Node }

// pick returns the values of some features.
func pick(list []feature, indices []int) []*graph.Node {
	values := make([]*graph.Node, len(indices))
	for i, k := range indices {
		values[i] = list[k].value
	}
	return values
}

// compare builds what some features of one shape add to the loss with their shares [features], their scales, and mean V² of each R.
func (t *Stepper) compare(c clouds, shares, regularisations, alpha *graph.Node) []*graph.Node {
	count := len(c.particles)
	r := make([]*graph.Node, t.Regularisations)
	for k := range r {
		r[k] = graph.Reshape(graph.Slice(regularisations, graph.AxisElem(k)))
	}
	b := onestep.Batch{Particles: t.problems(c.particles), Self: t.problems(c.self), Data: t.problems(c.real),
		Unconditional: t.problems(c.unconditional), Groups: t.Chunk / t.Group * count}
	if b.Unconditional != nil {
		vectors := c.particles[0].Shape().Dim(2)
		each := graph.BroadcastToDims(graph.Reshape(alpha, -1, 1, t.Group, 1), t.Chunk/t.Group, count, t.Group, vectors)
		b.Alpha = graph.Reshape(each, -1)
	}
	goal := onestep.Loss(t.Field, r, b)
	perFeature := func(x *graph.Node) *graph.Node { // means over groups of classes
		return graph.ReduceMean(graph.Reshape(x, -1, count), 0)
	}
	each := graph.ReduceMean(graph.Reshape(goal.Loss, t.Chunk/t.Group, count, -1), 0, 2) // [features]
	out := []*graph.Node{graph.ReduceAllSum(graph.Mul(each, shares)), perFeature(goal.Scale)}
	for _, meanSquare := range goal.MeanSquare {
		out = append(out, perFeature(meanSquare))
	}
	return out
}

// problems returns features [C, n, vectors, channels] of one shape as problems of n points in as many dimensions as there are
// channels: [group, feature, class of the group, vector] in one axis, n, channels. It returns nil if there are none.
func (t *Stepper) problems(features []*graph.Node) *graph.Node {
	if features == nil {
		return nil
	}
	c, n, vectors, channels := features[0].Shape().Dim(0), features[0].Shape().Dim(1), features[0].Shape().Dim(2), features[0].Shape().Dim(3)
	groups := make([]*graph.Node, len(features))
	for i, x := range features {
		groups[i] = graph.Reshape(graph.TransposeAllAxes(x, 0, 2, 1, 3), c/t.Group, t.Group*vectors, n, channels)
	}
	return graph.Reshape(graph.Concatenate(groups, 1), len(features)*c*vectors, n, channels)
}
