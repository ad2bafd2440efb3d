package sinkhorn

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// Potential is a dual variable as a function of the plane, or of whatever space the clouds live in: the potential f
// that belongs to X, or g that belongs to Y. Away from the sample it is the extension that the other potential fixes,
//
//	f(x) = −ε log Σ_j b_j exp((g_j − c(x, y_j))/ε),
//
// in the unit of the cost. Potentials are defined up to a constant that moves between the two; here
// Σ_i a_i f_i = Σ_j b_j g_j.
type Potential struct {
	values   []float64
	cost     Cost
	own, to  *cloud    // the potential's cloud and the other one
	h        []float64 // score of each point of the other cloud
	linear   []float64 // what centring took from the cost: linear·(x − centre) + constant
	constant float64
	epsilon  float64
}

// F returns the potential of X.
func (s *Solution) F() Potential {
	half := floats.Dot(s.c, s.c) / 2
	return s.potential(s.f, s.x, s.g, s.y, 1, s.gauge()+half)
}

// G returns the potential of Y.
func (s *Solution) G() Potential {
	return s.potential(s.g, s.y, s.f, s.x, -1, -s.gauge())
}

// gauge returns the constant to add to f and take from g so that ⟨a, f⟩ = ⟨b, g⟩.
func (s *Solution) gauge() float64 {
	return (s.y.average(s.g) - s.x.average(s.f) - floats.Dot(s.c, s.c)/2) / 2
}

// potential returns the Potential whose values at the points of own are p. Elsewhere the potential other, of the cloud to,
// extends it. Centring took the term sign·c·x from p; potential puts it back and adds the constant.
func (s *Solution) potential(p []float64, own *cloud, other []float64, to *cloud, sign, constant float64) Potential {
	linear := make([]float64, own.d)
	floats.AddScaled(linear, sign, s.c)
	values := make([]float64, own.n)
	for i := range values {
		values[i] = p[i] + floats.Dot(linear, own.row(i)) + constant
	}
	return Potential{values: values, cost: s.cost, own: own, to: to, h: s.logWeighted(other, to),
		linear: linear, constant: constant, epsilon: s.epsilon}
}

// Values returns the potential at the points of its own cloud.
func (p Potential) Values() []float64 { return append([]float64(nil), p.values...) }

const badPoint = "sinkhorn: the point's dimension is not that of the clouds"

// At returns the potential at a point [d] of its own space. At a point of the sample it equals the value there as far
// as the solution has converged.
func (p Potential) At(point []float64) float64 {
	x, scores, largest := p.scores(point)
	return -p.epsilon*(largest+math.Log(sumExp(scores, largest))) + floats.Dot(p.linear, x) + p.constant
}

// Gradient returns the gradient at a point, [d]: x − T(x) for the cost ‖x−y‖²/2, with T the barycentric projection,
// and the mean unit vector from the coupled points to x for ‖x−y‖.
func (p Potential) Gradient(point []float64) []float64 {
	x, scores, largest := p.scores(point)
	grad := make([]float64, len(x))
	sum := 0.0
	for j, v := range scores {
		if v -= largest; v <= negligible {
			continue
		}
		w := exp(v)
		sum += w
		y := p.to.row(j)
		length := 1.0
		if p.cost == Euclidean {
			if length = floats.Distance(x, y, 2); length == 0 {
				continue
			}
		}
		for k := range grad {
			grad[k] += w * (x[k] - y[k]) / length
		}
	}
	floats.Scale(1/sum, grad)
	floats.Add(grad, p.linear)
	return grad
}

// scores returns the point relative to the centre and its scores against the other cloud. No pair is masked.
func (p Potential) scores(point []float64) (x, dst []float64, largest float64) {
	if len(point) != p.own.d {
		panic(badPoint)
	}
	x = make([]float64, p.own.d)
	floats.SubTo(x, point, p.own.centre)
	dst = make([]float64, p.to.n)
	return x, dst, scores(dst, x, p.to, p.cost, p.h, p.epsilon)
}
