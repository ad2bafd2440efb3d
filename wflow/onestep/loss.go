package onestep

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/sinkhorn/batched"
	"github.com/wflowlab/wflowlab/wflow"
)

// Batch is b problems inside a graph, one per class, with the roles of wflow.Clouds.
type Batch struct {
	Particles     *graph.Node // [b, n, d], what the generator made; the loss's gradient goes here and nowhere else
	Self          *graph.Node // an independent second batch [b, n', d]; nil: the particles themselves
	Data          *graph.Node // [b, m, d]
	Unconditional *graph.Node // [b, u, d]; nil: no guidance
	Alpha         *graph.Node // guidance scales α [b]; nil: no guidance
}

// Goal is what Loss returns, the graph's wflow.Goal.
type Goal struct {
	Loss       *graph.Node   // [b], mean of V² over a problem's particles and coordinates
	Velocity   *graph.Node   // V [b, n, d], on the scaled clouds; a constant
	Scale      *graph.Node   // scalar: the root mean square distance, or the mean one where ε goes with √d
	S          *graph.Node   // scalar: s = max(Scale/√d, 1e-3), which divides the clouds
	MeanSquare []*graph.Node // scalars: mean V_R² before normalisation, one per R
}

// Loss builds the loss of one-step training for a batch of problems that share one scale, with x = batch.Particles:
//
//	loss = mean ‖x/s − sg(x/s + V)‖²,   V = Σ_R V_R/θ_R,   θ_R = √(max(mean V_R², 1e-8))
//
// where V_R is the field's velocity on the clouds divided by s, at ε = R·d (R·√d for the cost ‖x−y‖ and for Drifting's
// temperature). Everything but x/s is a constant, so ∂ mean(loss)/∂x = −2V/(b·n·d·s). It is wflow.Objective.Goal as a
// graph, with R as scalar nodes because training anneals it; the field's own ε or temperature is not used.
//
// The field is a *wflow.Sinkhorn with fixed Iterations, a *wflow.KL, *wflow.MMD or *wflow.Drifting; anything else, and
// clouds whose shapes do not fit, panic with an error that GoMLX's executors return.
//
// Source: arXiv 2605.11755, equation 14 and algorithm 1, and its code for the normalisations.
func Loss(field wflow.Field, r []*graph.Node, batch Batch) Goal {
	batch.check(len(r))
	constant := batch.each(graph.StopGradient)
	goal := Goal{Scale: constant.scale(field)}
	d := float64(batch.Particles.Shape().Dim(2))
	goal.S = graph.MaxScalar(graph.DivScalar(goal.Scale, math.Sqrt(d)), 1e-3)
	scaled := constant.each(func(x *graph.Node) *graph.Node { return graph.Div(x, goal.S) })
	for _, r := range r {
		v := scaled.velocity(field, graph.MulScalar(r, epsilonPerR(field, d)))
		meanSquare := graph.ReduceAllMean(meanSquares(v))
		goal.MeanSquare = append(goal.MeanSquare, meanSquare)
		v = graph.Div(v, graph.Sqrt(graph.MaxScalar(meanSquare, 1e-8)))
		if goal.Velocity != nil {
			v = graph.Add(goal.Velocity, v)
		}
		goal.Velocity = v
	}
	x := graph.Div(batch.Particles, goal.S)
	target := graph.StopGradient(graph.Add(x, goal.Velocity))
	goal.Loss = meanSquares(graph.Sub(x, target))
	return goal
}

// meanSquares returns the mean of x² over all axes but the first. Axes are reduced one by one, because the pure Go
// engine adds the numbers of a reduction in one chain, whose float32 rounding grows with its length.
func meanSquares(x *graph.Node) *graph.Node {
	return graph.ReduceMean(graph.ReduceMean(graph.Square(x), 2), 1)
}

// epsilonPerR returns ε/R in d dimensions.
func epsilonPerR(field wflow.Field, d float64) float64 {
	if euclidean(field) {
		return math.Sqrt(d)
	}
	return d
}

// euclidean says whether the field measures distances and not their squares.
func euclidean(field wflow.Field) bool {
	switch f := field.(type) {
	case *wflow.Sinkhorn:
		return f.Cost == sinkhorn.Euclidean
	case *wflow.Drifting:
		return true
	}
	return false
}

func guidanceOf(field wflow.Field) wflow.Guidance {
	switch f := field.(type) {
	case *wflow.Sinkhorn:
		return f.Guidance
	case *wflow.KL:
		return f.Guidance
	case *wflow.MMD:
		return f.Guidance
	}
	return wflow.ByDistribution // Drifting
}

// velocity returns the field's velocity [b, n, d] at regularisation or temperature ε.
func (b Batch) velocity(field wflow.Field, epsilon *graph.Node) *graph.Node {
	if f, ok := field.(*wflow.Drifting); ok {
		if f.Bare {
			exceptions.Panicf("onestep: the Drifting field has Bare set, which is for flows")
		}
		return b.drifting(epsilon)
	}
	term := termOf(field)
	data, self, away := b.problems(field, epsilon)
	toData := term(data)
	v := graph.Sub(toData, term(self))
	if away.Y == nil {
		return v
	}
	w := graph.Reshape(graph.SubScalar(b.Alpha, 1), -1, 1, 1)
	return graph.Add(v, graph.Mul(w, graph.Sub(toData, term(away))))
}

// termOf returns what the field makes of one problem; its velocity is the difference of two.
func termOf(field wflow.Field) func(batched.Problem) *graph.Node {
	switch f := field.(type) {
	case *wflow.Sinkhorn:
		if f.Iterations < 1 {
			exceptions.Panicf("onestep: the Sinkhorn field has Iterations %d, want 1 or more", f.Iterations)
		}
		return func(p batched.Problem) *graph.Node { return batched.Project(p, f.Iterations) }
	case *wflow.KL:
		return func(p batched.Problem) *graph.Node { return batched.Project(p, 0) }
	case *wflow.MMD:
		return batched.MMD
	}
	exceptions.Panicf("onestep: a field of type %T, want *wflow.Sinkhorn, *KL, *MMD or *Drifting", field)
	return nil
}

// problems returns the couplings of the particles to the data, to the self term's cloud and, under guidance by
// velocity, to the unconditional data (else its Y is nil).
func (b Batch) problems(field wflow.Field, epsilon *graph.Node) (data, self, away batched.Problem) {
	p := batched.Problem{X: b.Particles, Epsilon: epsilon}
	if f, ok := field.(*wflow.Sinkhorn); ok {
		p.Cost = f.Cost
	}
	data, self, away = p, p, p
	data.Y = b.Data
	self.Y, self.B = b.negatives(guidanceOf(field))
	switch f := field.(type) {
	case *wflow.Sinkhorn:
		self.MaskDiagonal = f.MaskDiagonal
	case *wflow.KL:
		self.MaskDiagonal = f.MaskDiagonal
	}
	if b.guided() && guidanceOf(field) == wflow.ByVelocity {
		away.Y = b.Unconditional
	}
	return data, self, away
}

func (b Batch) guided() bool { return b.Unconditional != nil && b.Alpha != nil }

func (b Batch) own() *graph.Node {
	if b.Self != nil {
		return b.Self
	}
	return b.Particles
}

// negatives returns the cloud that the self term couples to and its weights [b, ·], nil where all are 1. Under guidance
// by distribution the unconditional data are part of it, with weight (α−1)(n−1)/u each.
func (b Batch) negatives(g wflow.Guidance) (cloud, weights *graph.Node) {
	own := b.own()
	if !b.guided() || g != wflow.ByDistribution {
		return own, nil
	}
	problems, n, u := own.Shape().Dim(0), own.Shape().Dim(1), b.Unconditional.Shape().Dim(1)
	each := graph.MulScalar(graph.SubScalar(b.Alpha, 1), float64(n-1)/float64(u))
	weights = graph.Concatenate([]*graph.Node{
		graph.BroadcastToDims(graph.ScalarOne(own.Graph(), own.DType()), problems, n),
		graph.BroadcastToDims(graph.InsertAxes(each, -1), problems, u),
	}, 1)
	return graph.Concatenate([]*graph.Node{own, b.Unconditional}, 1), weights
}

// scale returns the weighted mean over problems, particles and targets of the squared distance, rooted, or of the
// distance for fields that measure those. Targets are the particles themselves (not for Drifting), the self term's
// cloud and the data.
func (b Batch) scale(field wflow.Field) *graph.Node {
	cloud, weights := b.negatives(guidanceOf(field))
	clouds := []*graph.Node{b.Particles, cloud, b.Data}
	least := 0.0
	if _, ok := field.(*wflow.Drifting); ok {
		clouds, least = clouds[1:], leastSquare
	}
	targets := graph.Concatenate(clouds, 1)
	if weights != nil {
		all := make([]*graph.Node, len(clouds))
		for i, c := range clouds {
			all[i] = graph.BroadcastToDims(graph.ScalarOne(c.Graph(), c.DType()), c.Shape().Dim(0), c.Shape().Dim(1))
			if c == cloud {
				all[i] = weights
			}
		}
		weights = graph.Concatenate(all, 1)
	}
	if !euclidean(field) {
		return graph.Sqrt(meanSquaredDistance(b.Particles, targets, weights))
	}
	return weightedMean(graph.ReduceMean(distances(b.Particles, targets, least), 1), weights)
}

// meanSquaredDistance returns the mean over problems and pairs of w_j‖x_i − y_j‖² over the mean weight, in n + m and not
// n·m operations:
//
//	mean_i ‖x_i − y_j‖² = ‖y_j − x̄‖² + mean_i ‖x_i − x̄‖²,   x̄ the mean of x
func meanSquaredDistance(x, y, weights *graph.Node) *graph.Node {
	centre := graph.ReduceAndKeep(x, graph.ReduceMean, 1)
	spread := graph.ReduceMean(graph.ReduceSum(graph.Square(graph.Sub(x, centre)), -1), 1)
	toCentre := graph.ReduceSum(graph.Square(graph.Sub(y, centre)), -1)
	return weightedMean(graph.Add(toCentre, graph.InsertAxes(spread, -1)), weights)
}

// weightedMean returns mean(w·x)/(mean(w) + 1e-8); nil weights are 1.
func weightedMean(x, weights *graph.Node) *graph.Node {
	if weights == nil {
		return graph.DivScalar(graph.ReduceAllMean(x), 1+1e-8)
	}
	return graph.Div(graph.ReduceAllMean(graph.Mul(x, weights)), graph.AddScalar(graph.ReduceAllMean(weights), 1e-8))
}

// each applies f to the clouds.
func (b Batch) each(f func(*graph.Node) *graph.Node) Batch {
	for _, x := range []**graph.Node{&b.Particles, &b.Self, &b.Data, &b.Unconditional} {
		if *x != nil {
			*x = f(*x)
		}
	}
	return b
}

func (b Batch) check(r int) {
	if r == 0 {
		exceptions.Panicf("onestep: no R, want one regularisation or more")
	}
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
	if b.Alpha != nil && (b.Alpha.Rank() != 1 || b.Alpha.Shape().Dim(0) != want.Dim(0)) {
		exceptions.Panicf("onestep: Batch.Alpha is %s, want [%d]", b.Alpha.Shape(), want.Dim(0))
	}
}
