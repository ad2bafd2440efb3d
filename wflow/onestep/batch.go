package onestep

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/wflow"
)

// Batch is b problems inside a graph, such as one per class, with the roles of wflow.Clouds.
type Batch struct {
	Particles     *graph.Node // [b, n, d], what the generator made; the loss's gradient goes here and nowhere else
	Self          *graph.Node // an independent second batch [b, n', d]; nil: the particles themselves
	Data          *graph.Node // [b, m, d]
	Unconditional *graph.Node // [b, u, d]; nil: no guidance
	Alpha         *graph.Node // guidance scales α [b]; nil: no guidance

	// Groups is how many groups of b/Groups consecutive problems there are. The problems of a group share their scale and
	// the normalisation of their velocity, and know nothing of other groups. 0 means 1.
	Groups int
}

// groups returns the number of groups.
func (b Batch) groups() int { return max(b.Groups, 1) }

// groupMean returns the means [groups] over all axes of x [b, ...] within each group.
func (b Batch) groupMean(x *graph.Node) *graph.Node {
	for x.Rank() > 1 { // axis by axis, because the pure Go engine adds the numbers of a reduction in one chain
		x = graph.ReduceMean(x, -1)
	}
	return graph.ReduceMean(graph.Reshape(x, b.groups(), -1), -1)
}

// perProblem returns numbers [groups] as [b, 1, 1], so that each problem meets the number of its group.
func (b Batch) perProblem(x *graph.Node) *graph.Node {
	problems := b.Particles.Shape().Dim(0)
	each := graph.BroadcastToDims(graph.InsertAxes(x, -1), b.groups(), problems/b.groups())
	return graph.Reshape(each, problems, 1, 1)
}

// cloud is points [b, m, d] with weights [b, m], nil where all are 1.
type cloud struct{ points, weights *graph.Node }

// allWeights returns the weights [b, m], also where they are all 1.
func (c cloud) allWeights() *graph.Node {
	if c.weights != nil {
		return c.weights
	}
	x := c.points
	return graph.BroadcastToDims(graph.ScalarOne(x.Graph(), x.DType()), x.Shape().Dim(0), x.Shape().Dim(1))
}

// joined returns clouds one below the other. It has weights if one of them has.
func joined(clouds ...cloud) cloud {
	var points, weights []*graph.Node
	weighted := false
	for _, c := range clouds {
		points = append(points, c.points)
		weighted = weighted || c.weights != nil
	}
	all := cloud{points: graph.Concatenate(points, 1)}
	if weighted {
		for _, c := range clouds {
			weights = append(weights, c.allWeights())
		}
		all.weights = graph.Concatenate(weights, 1)
	}
	return all
}

func (b Batch) guided() bool { return b.Unconditional != nil && b.Alpha != nil }

// dimension returns d.
func (b Batch) dimension() float64 { return float64(b.Particles.Shape().Dim(2)) }

// negatives returns the cloud that the self term couples to. Under guidance by distribution the unconditional data are
// part of it, with weight (α−1)(n−1)/u each.
func (b Batch) negatives(g wflow.Guidance) cloud {
	own := b.Self
	if own == nil {
		own = b.Particles
	}
	if !b.guided() || g != wflow.ByDistribution {
		return cloud{points: own}
	}
	n, u := own.Shape().Dim(1), b.Unconditional.Shape().Dim(1)
	weight := graph.MulScalar(graph.SubScalar(b.Alpha, 1), float64(n-1)/float64(u))
	return joined(cloud{points: own},
		cloud{b.Unconditional, graph.BroadcastToDims(graph.InsertAxes(weight, -1), own.Shape().Dim(0), u)})
}

// apply returns the batch with f applied to the clouds.
func (b Batch) apply(f func(*graph.Node) *graph.Node) Batch {
	for _, x := range []**graph.Node{&b.Particles, &b.Self, &b.Data, &b.Unconditional} {
		if *x != nil {
			*x = f(*x)
		}
	}
	return b
}

func (b Batch) check() {
	if b.Particles == nil || b.Data == nil {
		exceptions.Panicf("onestep: Batch.Particles and Data must not be nil")
	}
	want := b.Particles.Shape()
	for _, c := range []struct {
		name string
		x    *graph.Node
	}{{"Particles", b.Particles}, {"Self", b.Self}, {"Data", b.Data}, {"Unconditional", b.Unconditional}} {
		if c.x == nil {
			continue
		}
		s := c.x.Shape()
		if s.Rank() != 3 || want.Rank() != 3 || s.Dim(0) != want.Dim(0) || s.Dim(2) != want.Dim(2) || s.DType != want.DType {
			exceptions.Panicf("onestep: Batch.%s is %s, Particles are %s: want [b, ·, d] of one type", c.name, s, want)
		}
	}
	if b.Groups < 0 || want.Dim(0)%b.groups() != 0 {
		exceptions.Panicf("onestep: Batch.Groups is %d, want a divisor of the %d problems", b.Groups, want.Dim(0))
	}
	if b.Alpha != nil && (b.Alpha.Rank() != 1 || b.Alpha.Shape().Dim(0) != want.Dim(0)) {
		exceptions.Panicf("onestep: Batch.Alpha is %s, want [%d]", b.Alpha.Shape(), want.Dim(0))
	}
}
