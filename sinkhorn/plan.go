package sinkhorn

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Plan is an optimal coupling of exact transport: at most n + m − 1 pairs carry mass.
type Plan struct {
	// Rows, Columns and Mass list the pairs that carry mass: Mass[k] goes from row Rows[k] of X to row Columns[k] of Y.
	Rows, Columns []int
	Mass          []float64

	// F [n] and G [m] are dual potentials, in the unit of the cost: F_i + G_j ≤ C_ij, with equality on the pairs above. Both
	// hold to the rounding of C_ij, F_i and G_j.
	F, G []float64

	cost        float64
	halfSquared bool
}

// Cost returns ⟨P, C⟩, the cost of transport without entropy, in the unit of the cost.
func (p *Plan) Cost() float64 { return p.cost }

// W2 returns the Wasserstein distance √(2 ⟨P, C⟩), in the unit of the coordinates. It panics for the cost ‖x−y‖.
func (p *Plan) W2() float64 {
	if !p.halfSquared {
		panic("sinkhorn: W2 asked of a plan whose cost is not HalfSquared")
	}
	return math.Sqrt(2 * max(p.cost, 0))
}

// Coupling returns the plan as a matrix [n, m].
func (p *Plan) Coupling() *mat.Dense {
	c := mat.NewDense(len(p.F), len(p.G), nil)
	for k, mass := range p.Mass {
		c.Set(p.Rows[k], p.Columns[k], c.At(p.Rows[k], p.Columns[k])+mass)
	}
	return c
}

// extend sets the potentials of the points without weight to the largest feasible ones.
func (p *Plan) extend(q Problem, a, b []float64) {
	for i, w := range a {
		if w > 0 {
			continue
		}
		p.F[i] = math.Inf(1)
		for j, g := range p.G {
			if b[j] > 0 {
				p.F[i] = min(p.F[i], q.Cost.At(q.X.RawRowView(i), q.Y.RawRowView(j))-g)
			}
		}
	}
	for j, w := range b {
		if w > 0 {
			continue
		}
		p.G[j] = math.Inf(1)
		for i, f := range p.F {
			p.G[j] = min(p.G[j], q.Cost.At(q.X.RawRowView(i), q.Y.RawRowView(j))-f)
		}
	}
}
