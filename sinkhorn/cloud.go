package sinkhorn

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// cloud is a point set in the coordinates the solver works in: relative to a centre, row-major.
type cloud struct {
	n, d    int
	points  []float64 // [n·d], centre subtracted
	centre  []float64 // [d]
	weights []float64 // [n], sum 1
	logW    []float64 // [n], −Inf where a weight is 0
}

func newCloud(x *mat.Dense, weights, centre []float64) *cloud {
	n, d := x.Dims()
	c := &cloud{n: n, d: d, centre: centre, weights: weights, points: make([]float64, n*d), logW: make([]float64, n)}
	for i := range n {
		row := c.row(i)
		for k, v := range x.RawRowView(i) {
			row[k] = v - centre[k]
		}
		c.logW[i] = math.Log(weights[i])
	}
	return c
}

func (c *cloud) row(i int) []float64 { return c.points[i*c.d : (i+1)*c.d] }

// spread returns Σ_i w_i ‖x_i‖²/2, half the variance where the centre is the mean.
func (c *cloud) spread() (sum float64) {
	for i, w := range c.weights {
		if w > 0 {
			sum += w * floats.Dot(c.row(i), c.row(i)) / 2
		}
	}
	return sum
}

// radius returns how far the farthest point is from the centre, whether it carries mass or not.
func (c *cloud) radius() (most float64) {
	for i := range c.n {
		most = max(most, floats.Norm(c.row(i), 2))
	}
	return most
}

// average returns Σ_i w_i p_i over the points that carry mass.
func (c *cloud) average(p []float64) (sum float64) {
	for i, w := range c.weights {
		if w > 0 {
			sum += w * p[i]
		}
	}
	return sum
}

// excess returns the mass of the coupling minus 1, Σ_i a_i (exp((f_i − next_i)/ε) − 1), where next is the row potential that
// an update from g gives.
func excess(x *cloud, f, next []float64, epsilon float64) (sum float64) {
	for i, w := range x.weights {
		if w > 0 {
			sum += w * math.Expm1((f[i]-next[i])/epsilon)
		}
	}
	return sum
}

// mean returns Σ_i w_i x_i [d].
func mean(x *mat.Dense, weights []float64) []float64 {
	_, d := x.Dims()
	m := make([]float64, d)
	for i, w := range weights {
		for k, v := range x.RawRowView(i) {
			m[k] += w * v
		}
	}
	return m
}
