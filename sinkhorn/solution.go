package sinkhorn

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// Solution is the answer of Solve and of Iterate: dual potentials, converged or not. Its methods compute everything else
// from them. A Solution does not change, and several goroutines may call its methods at a time.
type Solution struct {
	*pair
	epsilon       float64
	f, g          []float64 // potentials of the centred problem; the same slice for a symmetric one
	next          []float64 // the row potential that an update from g gives
	marginalError float64
	converged     bool
	iterations    int
	trace         []float64
}

// Dims returns the number of points of X and of Y and their dimension.
func (s *Solution) Dims() (n, m, d int) { return s.x.n, s.y.n, s.x.d }

// Epsilon returns the regularisation that was used, in the unit of the cost.
func (s *Solution) Epsilon() float64 { return s.epsilon }

// Converged tells whether MarginalError is within the tolerance that was asked for.
func (s *Solution) Converged() bool { return s.converged }

// MarginalError returns Σ_i |Σ_j P_ij − a_i|, computed in float64 by one more pass over all pairs. Where the rounding of the
// potentials to float64 may change the marginals by more than that, MarginalError returns this larger error instead: 1e-4
// at cost/ε = 10¹². The column marginal is exact to rounding, except in a symmetric problem, whose two marginals are the
// same.
func (s *Solution) MarginalError() float64 { return s.marginalError }

// Iterations returns the number of updates of each potential, annealing included.
func (s *Solution) Iterations() int { return s.iterations }

// Trace returns the L1 error of the row marginal after every iteration at the final ε. Each error is computed from the sums
// of its iteration and has their precision: float32 at first, float64 in the end. In place of an error that overflows
// stands the largest float64. After Iterate, Trace()[k−1] is the error after k iterations.
func (s *Solution) Trace() []float64 { return append([]float64(nil), s.trace...) }

// logWeighted returns p/ε + log w [n], where w are the weights of the cloud c.
func (s *Solution) logWeighted(p []float64, c *cloud) []float64 {
	h := make([]float64, c.n)
	for j := range h {
		h[j] = p[j]/s.epsilon + c.logW[j]
	}
	return h
}

// eachRow calls do for every row i with its coupling P_i· [m], in order of i.
func (s *Solution) eachRow(do func(i int, row []float64)) {
	h := s.logWeighted(s.g, s.y)
	row := make([]float64, s.y.n)
	for i := range s.x.n {
		s.couplingRow(row, i, h)
		do(i, row)
	}
}

// couplingRow writes row i of the coupling, P_i· [m]; h is logWeighted of g.
func (s *Solution) couplingRow(dst []float64, i int, h []float64) {
	if s.x.weights[i] == 0 {
		clear(dst)
		return
	}
	scores(dst, s.x.row(i), s.y, s.cost, h, s.epsilon)
	if s.mask && i < len(dst) {
		dst[i] = math.Inf(-1)
	}
	own := s.f[i]/s.epsilon + s.x.logW[i]
	for j, v := range dst {
		dst[j] = math.Exp(own + v)
	}
}

// Coupling returns the transport plan P [n, m],
//
//	P_ij = a_i b_j exp((f_i + g_j − C_ij)/ε).
//
// It is the only method that needs memory for all pairs.
func (s *Solution) Coupling() *mat.Dense {
	p := mat.NewDense(s.x.n, s.y.n, nil)
	s.eachRow(func(i int, row []float64) { p.SetRow(i, row) })
	return p
}

// Marginals returns the row sums [n] and the column sums [m] of the coupling.
func (s *Solution) Marginals() (rows, columns []float64) {
	rows, columns = make([]float64, s.x.n), make([]float64, s.y.n)
	s.eachRow(func(i int, row []float64) {
		rows[i] = floats.Sum(row)
		floats.Add(columns, row)
	})
	return rows, columns
}

// Project returns the barycentric projection [n, d], row i being the mean of Y under the coupling given x_i:
//
//	T(x_i) = Σ_j P_ij y_j / Σ_j P_ij = softmax_j((g_j − C_ij)/ε + log b_j) · Y.
//
// For cost ‖x−y‖²/2 it is x − ∇F(x). Exact for the current potentials, converged or not, and defined where a_i = 0 too.
//
// Source: Peyré and Cuturi, Computational Optimal Transport (2019), §4.
func (s *Solution) Project() *mat.Dense {
	team := softmin.NewTeam(nil, s.workers)
	defer team.Close()
	mean := newSum[float64](s.pair, s.x, s.y, team)
	scale := s.scale(s.epsilon)
	mean.Scale(scale)
	h, expected := s.logWeighted(s.g, s.y), make([]float64, s.x.n)
	floats.Scale(math.Log2E, h)
	floats.AddScaled(expected, -1/(s.epsilon*math.Ln2), s.next)
	mean.SetScores(h)
	mean.Expect(expected)
	t := mat.NewDense(s.x.n, s.x.d, nil)
	mean.Mean(t.RawMatrix().Data, scale)
	for i := range s.x.n {
		floats.Add(t.RawRowView(i), s.y.centre)
	}
	return t
}

// LinearCost returns ⟨P, C⟩, the cost of the coupling without its entropy, in the unit of the cost.
func (s *Solution) LinearCost() float64 {
	h := s.logWeighted(s.g, s.y)
	return floats.Sum(s.rowSums(func(i int) (cost float64) {
		row := make([]float64, s.y.n)
		s.couplingRow(row, i, h)
		for j, p := range row {
			if p > 0 {
				cost += p * s.costOf(i, j)
			}
		}
		return cost
	}))
}

// Dual returns the dual value at the potentials,
//
//	⟨a, f⟩ + ⟨b, g⟩ − ε (Σ_ij P_ij − 1) ≤ OT_ε,
//
// a lower bound of the regularised transport value, converged or not, and the value itself at convergence. Both hold up to
// rounding, which is about 1e-14 × (value + ε).
func (s *Solution) Dual() float64 {
	return s.x.average(s.f) + s.y.average(s.g) + floats.Dot(s.c, s.c)/2 - s.epsilon*excess(s.x, s.f, s.next, s.epsilon)
}

// relativeEntropy returns r log r − r + 1, whose mean is the Kullback-Leibler divergence of measures of equal mass. It is
// never negative: no terms cancel, and a huge ε does not magnify the rounding of a sum.
func relativeEntropy(r float64) float64 {
	if r == 0 {
		return 1
	}
	return r*math.Log(r) - (r - 1)
}

// Primal returns the primal value ⟨P, C⟩ + ε KL(P | a⊗b) of the coupling rounded to exact marginals: an upper bound of
// OT_ε, converged or not, so that Primal − Dual certifies the distance to the optimum. It computes every row of the
// coupling twice, and three times with a mask. Rounding gives every pair (i, j) a share of the mass that row i and
// column j lack.
//
// A masked pair (i, i) gets no mass. The mass meant for it goes to pairs (i, l) and (k, i), and pairs (k, l) give up as
// much. If these have too little, Primal is +Inf, and so it is where the mask leaves no coupling at all. It is never NaN.
//
// Source: Altschuler, Weed and Rigollet, Near-linear time approximation algorithms for optimal transport via Sinkhorn
// iteration (2017), algorithm 2.
func (s *Solution) Primal() float64 {
	c, ok := s.rounded()
	if !ok {
		return math.Inf(1)
	}
	a, b := s.x.weights, s.y.weights
	values := make([]float64, s.x.n)
	s.eachRow(func(i int, row []float64) {
		c.round(i, row)
		value := 0.0
		for j, p := range row {
			switch product := a[i] * b[j]; {
			case product == 0:
			case s.mask && i == j:
				value += s.epsilon * product
			default:
				value += p*s.costOf(i, j) + s.epsilon*product*relativeEntropy(p/product)
			}
		}
		values[i] = value
	})
	return floats.SumCompensated(values)
}
