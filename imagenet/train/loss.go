package train

import (
	"cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/onestep"
)

// loss builds the loss of one chunk of classes: the weighted mean over features of onestep.Loss, whose problems are the vectors of a
// feature of each class. Its inputs are those of [Stepper.inputs]. Behind the loss it returns, as [features], the scales and then
// mean V² of each R.
func (t *Stepper) loss(scope *model.Scope, in []*graph.Node) []*graph.Node {
	precision := weights.Node(scope.Store().Scope(generatorScope), in[0].Graph(), t.Generator.Table()[0].Name).DType()
	next := func(wanted bool) *graph.Node {
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
	styled := t.Generator.Shape().Codebooks > 0
	regularisations := next(true)
	labels, alpha := next(true), next(true)
	noise, styles := next(true), next(styled)
	secondNoise, secondStyles := next(!t.OneBatch), next(!t.OneBatch && styled)
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

	r := make([]*graph.Node, t.Regularisations)
	for k := range r {
		r[k] = graph.Reshape(graph.Slice(regularisations, graph.AxisElem(k)))
	}
	var loss *graph.Node
	measures := make([][]*graph.Node, 1+len(r)) // scales, and mean V² of each R
	t.features, t.channels = nil, nil
	for like := range alike(moving) {
		goal := onestep.Loss(t.Field, r, t.problems(moving, fixed, like, alpha))
		perFeature := func(x *graph.Node) *graph.Node { // means over groups of classes
			return graph.ReduceMean(graph.Reshape(x, -1, len(like)), 0)
		}
		measures[0] = append(measures[0], perFeature(goal.Scale))
		for i, meanSquare := range goal.MeanSquare {
			measures[1+i] = append(measures[1+i], perFeature(meanSquare))
		}
		each := graph.ReduceMean(graph.Reshape(goal.Loss, t.Chunk/t.Group, len(like), -1), 0, 2) // [features]
		shares := make([]float64, len(like))
		for i, k := range like {
			shares[i] = t.weight(moving, k)
		}
		part := graph.ReduceAllSum(graph.Mul(each, graph.ConvertDType(graph.Const(each.Graph(), shares), each.DType())))
		if loss != nil {
			part = graph.Add(loss, part)
		}
		loss = part
		for _, k := range like {
			t.features = append(t.features, moving[k].name)
			t.channels = append(t.channels, moving[k].value.Shape().Dim(-1))
		}
	}
	out := []*graph.Node{loss}
	for _, list := range measures {
		out = append(out, graph.Concatenate(list, 0))
	}
	return out
}

// weight returns the share of feature k in the loss. The image itself is the first of several.
func (s Step) weight(list []feature, k int) float64 {
	image := cmp.Or(s.ImageWeight, 1)
	sum := image + float64(len(list)-1)
	if k == 0 {
		return image / sum
	}
	return 1 / sum
}

// problems returns the clouds of some features of one shape, by their indices: those of the particles, moving, and of data,
// unconditional data and second batch, fixed, in this order along the axis of images.
func (t *Stepper) problems(moving, fixed []feature, like []int, alpha *graph.Node) onestep.Batch {
	var particles, others []*graph.Node
	for _, k := range like {
		particles, others = append(particles, moving[k].value), append(others, fixed[k].value)
	}
	from := 0
	take := func(n int) *graph.Node {
		if n == 0 {
			return nil
		}
		images := make([]*graph.Node, len(others))
		for i, x := range others {
			images[i] = graph.Slice(x, graph.AxisRange(), graph.AxisRange(from, from+n))
		}
		from += n
		return t.clouds(images)
	}
	b := onestep.Batch{Particles: t.clouds(particles), Groups: t.Chunk / t.Group * len(like)}
	b.Data = take(t.Real)
	if b.Unconditional = take(t.Unconditional); b.Unconditional != nil {
		vectors := particles[0].Shape().Dim(2)
		each := graph.BroadcastToDims(graph.Reshape(alpha, -1, 1, t.Group, 1), t.Chunk/t.Group, len(like), t.Group, vectors)
		b.Alpha = graph.Reshape(each, -1)
	}
	if !t.OneBatch {
		b.Self = take(t.Particles)
	}
	return b
}

// clouds returns features [C, n, vectors, channels] of one shape as clouds of n points in as many dimensions as there are
// channels: [group, feature, class of the group, vector] in one axis, n, channels.
func (t *Stepper) clouds(features []*graph.Node) *graph.Node {
	c, n, vectors, channels := features[0].Shape().Dim(0), features[0].Shape().Dim(1), features[0].Shape().Dim(2), features[0].Shape().Dim(3)
	groups := make([]*graph.Node, len(features))
	for i, x := range features {
		groups[i] = graph.Reshape(graph.TransposeAllAxes(x, 0, 2, 1, 3), c/t.Group, t.Group*vectors, n, channels)
	}
	return graph.Reshape(graph.Concatenate(groups, 1), len(features)*c*vectors, n, channels)
}
