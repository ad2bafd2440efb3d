package sinkhorn

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// acceleration is Anderson's method for the fixed point of a map x → S(x). Among the affine combinations of the last
// iterates it takes the one whose residual S(x) − x would be smallest if the residual were linear in x. It goes on from
// the image of that combination. For a linear map this is GMRES. Slow modes, such as points or groups of points that
// hardly couple with the rest, then cost about an iteration each, where the plain map spends thousands on them.
//
// An extrapolation may fail. The dual value judges it, since the plain map never lowers that value. Where the value has
// changed by less than its rounding, the marginal error judges instead. An iterate that fails is replaced by the plain
// image of the last accepted one, and the next extrapolation stays closer to its plain image.
//
// Source: Anderson, Iterative procedures for nonlinear integral equations (1965); Walker and Ni, Anderson acceleration
// for fixed-point iterations (2011).
type acceleration struct {
	weights []float64
	free    bool // adding a constant to x changes nothing

	last, residual []float64 // the last accepted iterate, and its residual
	value, least   float64   // its dual value, and the smallest error so far
	seen, plain    bool      // there is a last iterate; the present one is a plain image
	steady         bool      // the last two residuals are equal, up to rounding

	steps, changes [][]float64 // differences of iterates, and of their residuals, scaled to norm 1
	count, oldest  int         // how many there are, and where the next one goes
	gram           *mat.SymDense

	direction      []float64 // what was added to the plain image
	length, radius float64   // the largest entry of direction, in size, and the bound of it
	near, far      float64   // the radius below which the differences are given up, and the first radius
}

const (
	accelerationDepth = 20      // differences at most
	accelerationSize  = 1 << 22 // numbers in them at most, beyond the first few
	steadyChange      = 1e-6    // of the residual, as a share of it: a smaller change counts as none
	accelerationRidge = 1e-13   // added to the diagonal of the Gram matrix of unit vectors
)

// newAcceleration returns the acceleration of a map of vectors whose entries count by their weights. With free, adding a
// constant to a vector changes nothing. At first no extrapolation is longer than far; successes raise that bound and
// failures lower it. Where it falls below near, the acceleration begins anew.
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

// accepts tells whether to go on from an iterate, by its marginal error e and its dual value, which is known to within
// rounding. The value has to grow; where it has changed by less than rounding, e may be twice the least error so far. A
// plain image is always accepted, and so is the first iterate, as there is none to go back to.
func (a *acceleration) accepts(e, value, rounding float64) bool {
	gain := value - a.value
	return !a.seen || a.plain || gain > rounding || gain >= -rounding && e <= 2*a.least
}

// next replaces an accepted iterate x by the next one. The image is that of x, e its marginal error, value its dual value.
func (a *acceleration) next(x, image []float64, e, value float64) {
	if a.length > 0.9*a.radius {
		a.radius *= 2
	}
	a.remember(x, image)
	a.value, a.least = value, min(a.least, e)
	a.extrapolate()
	floats.AddTo(x, image, a.direction)
	a.plain = a.length == 0
}

// fallBack replaces an iterate x that was not accepted by the plain image of the last one that was.
func (a *acceleration) fallBack(x []float64) {
	floats.AddTo(x, a.last, a.residual)
	a.plain = true
	if a.radius = a.length / 4; a.radius < a.near {
		a.count, a.oldest, a.seen = 0, 0, false
	}
}

// remember makes x the last iterate and keeps the step to it. Where there is no room for one more step, the oldest goes.
func (a *acceleration) remember(x, image []float64) {
	step, change := a.steps[a.oldest], a.changes[a.oldest]
	floats.SubTo(step, x, a.last)
	for i, r := range a.residual {
		change[i] = image[i] - x[i] - r
	}
	copy(a.last, x)
	floats.SubTo(a.residual, image, x)
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

// extrapolate sets direction to the vector that is added to the plain image of the last iterate.
//
// Near the fixed point the whole step, residual and direction together, makes an acute angle with the residual, since the
// map is self-adjoint with eigenvalues below 1. A direction against that is reversed. On a plateau, where mass travels far
// at a steady pace, differences of residuals are all rounding. The direction is then that of the residual, and as long as
// the radius allows.
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

// coefficients returns the γ that minimise ‖residual − Σ_k γ_k change_k‖, or none where there are no changes or float64 does
// not tell them apart.
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
