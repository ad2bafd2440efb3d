package sinkhorn

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// acceleration is Anderson's, for the fixed point of a map x → S(x). Of the affine combinations of the last iterates it
// takes the one whose residual S(x) − x, were it linear in x, would be smallest, and goes on from its image. For a linear
// map this is GMRES: a few slow modes, such as points or groups of them that hardly couple with the rest, cost an
// iteration or so each instead of the thousands that the plain map spends on them.
//
// An extrapolation may fail. The dual value, which the plain map never lowers, judges it, and the error does where the
// value is all rounding: an iterate that is worse is dropped for the plain image of the last one, and the next goes less
// far from its plain image.
//
// Source: Anderson, Iterative procedures for nonlinear integral equations (1965); Walker and Ni, Anderson acceleration
// for fixed-point iterations (2011).
type acceleration struct {
	weights []float64
	free    bool // x and x + constant stand for the same

	last, residual []float64 // the last iterate and its residual
	value, least   float64   // its dual value, and the smallest error so far
	seen, plain    bool      // there is a last iterate; the present one is a plain image
	steady         bool      // the last residual is, to rounding, the one before

	steps, changes [][]float64 // differences of iterates, and of their residuals, scaled to norm 1
	count, oldest  int         // how many there are, and where the next one goes
	gram           *mat.SymDense

	direction      []float64 // what was added to the plain image
	length, radius float64   // its largest entry, and how large that may be
	near, far      float64   // where the differences are given up, and what the radius begins with
}

const (
	accelerationDepth = 20      // differences at most
	accelerationSize  = 1 << 22 // numbers in them at most, beyond the first few
	steadyChange      = 1e-6    // of the residual: what is less is no change
	accelerationRidge = 1e-13   // added to the diagonal of the Gram matrix of unit vectors
)

// newAcceleration accelerates a map of vectors whose entries count by their weights. An extrapolation of length near or
// less is no longer worth shortening, one longer than far is not tried.
func newAcceleration(weights []float64, free bool, near, far float64) *acceleration {
	n := len(weights)
	depth := min(accelerationDepth, n, max(5, accelerationSize/n))
	vectors := func(k int) [][]float64 {
		v := make([][]float64, k)
		for i := range v {
			v[i] = make([]float64, n)
		}
		return v
	}
	a := &acceleration{weights: weights, free: free, steps: vectors(depth), changes: vectors(depth),
		gram: mat.NewSymDense(depth, nil), least: math.Inf(1), radius: far, near: near, far: far}
	own := vectors(3)
	a.last, a.residual, a.direction = own[0], own[1], own[2]
	return a
}

// accepts judges an iterate by its error and its dual value, known to within rounding. Without a last iterate to go back
// to, or where it is a plain image, there is nothing to judge.
func (a *acceleration) accepts(e, value, rounding float64) bool {
	gain := value - a.value
	return !a.seen || a.plain || gain > rounding || gain >= -rounding && e <= 2*a.least
}

// next replaces an accepted iterate x, whose image is to, by the next one.
func (a *acceleration) next(x, to []float64, e, value float64) {
	if a.length > 0.9*a.radius {
		a.radius *= 2
	}
	a.remember(x, to)
	a.value, a.least = value, min(a.least, e)
	a.extrapolate()
	floats.AddTo(x, to, a.direction)
	a.plain = a.length == 0
}

// fallBack replaces an iterate that was not accepted by the plain image of the last one.
func (a *acceleration) fallBack(x []float64) {
	floats.AddTo(x, a.last, a.residual)
	a.plain = true
	if a.radius = a.length / 4; a.radius < a.near {
		a.count, a.oldest, a.seen = 0, 0, false
	}
}

// remember makes x the last iterate, and keeps the step to it in the place of the oldest if there are many.
func (a *acceleration) remember(x, to []float64) {
	step, change := a.steps[a.oldest], a.changes[a.oldest]
	floats.SubTo(step, x, a.last)
	for i, r := range a.residual {
		change[i] = to[i] - x[i] - r
	}
	copy(a.last, x)
	floats.SubTo(a.residual, to, x)
	for i, w := range a.weights {
		if w == 0 { // potentials are anything where there is no mass
			step[i], change[i], a.residual[i] = 0, 0, 0
		}
	}
	norm := math.Sqrt(a.dot(change, change))
	a.steady = a.seen && norm <= steadyChange*math.Sqrt(a.dot(a.residual, a.residual))
	if first := !a.seen; first || a.steady || math.IsInf(norm, 0) {
		a.seen = true
		return
	}
	floats.Scale(1/norm, step)
	floats.Scale(1/norm, change)
	a.count = max(a.count, a.oldest+1)
	for k, c := range a.changes[:a.count] {
		a.gram.SetSym(a.oldest, k, a.dot(change, c))
	}
	a.gram.SetSym(a.oldest, a.oldest, 1+accelerationRidge)
	a.oldest = (a.oldest + 1) % len(a.steps)
}

// extrapolate sets direction to what is to be added to the plain image of the last iterate.
//
// Near the fixed point the whole step goes along the residual, since the map is self-adjoint with eigenvalues below 1. On a
// plateau, where mass is to travel far at a steady pace, differences of residuals are rounding: then it is the residual
// itself that is gone along, as far as the radius allows.
func (a *acceleration) extrapolate() {
	clear(a.direction)
	for k, c := range a.coefficients() {
		floats.AddScaled(a.direction, -c, a.steps[k])
		floats.AddScaled(a.direction, -c, a.changes[k])
	}
	along := a.dot(a.residual, a.residual)
	if most := floats.Norm(a.residual, math.Inf(1)); a.steady && most > 0 {
		floats.ScaleTo(a.direction, a.radius/most, a.residual)
	} else if a.dot(a.residual, a.direction)+along < 0 {
		floats.Scale(-1, a.direction)
	}
	if a.free {
		floats.AddConst(-floats.Dot(a.weights, a.direction), a.direction) // massless points, too, may move by a constant
	}
	a.length = floats.Norm(a.direction, math.Inf(1))
	if a.length > a.radius {
		floats.Scale(a.radius/a.length, a.direction)
		a.length = a.radius
	}
}

// coefficients returns the γ that minimise ‖residual − Σ_k γ_k change_k‖; none where there is nothing to combine.
func (a *acceleration) coefficients() []float64 {
	if a.count == 0 {
		return nil
	}
	right := mat.NewVecDense(a.count, nil)
	for k, c := range a.changes[:a.count] {
		right.SetVec(k, a.dot(c, a.residual))
	}
	var cholesky mat.Cholesky
	var solution mat.VecDense
	if !cholesky.Factorize(a.gram.SliceSym(0, a.count)) || cholesky.SolveVecTo(&solution, right) != nil {
		return nil
	}
	return solution.RawVector().Data
}

// dot is the inner product in which the entries count by their weights.
func (a *acceleration) dot(x, y []float64) (sum float64) {
	for i, w := range a.weights {
		sum += w * x[i] * y[i]
	}
	return sum
}
