package sinkhorn

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// iteration is the state of Sinkhorn's iteration at one ε. It holds the potentials f and g of the centred problem, and
// next, the row potential that an update from g gives. Where next differs from f, the row marginal is off. For a symmetric
// problem f and g are the same slice.
type iteration struct {
	*pair
	epsilon      float64
	f, g         []float64
	next, damped []float64 // damped is what image returns for a symmetric problem
	h            []float64 // what score returns
	trace        []float64
	iterations   int
	team         *softmin.Team
	precision    precision
	halves       [2]halves // one for each precision, made when it is first used
}

func (q *pair) newIteration(ctx context.Context) *iteration {
	it := &iteration{pair: q, f: make([]float64, q.x.n), next: make([]float64, q.x.n), h: make([]float64, max(q.x.n, q.y.n)),
		team: softmin.NewTeam(ctx.Done(), q.workers)}
	it.g, it.damped = it.f, make([]float64, q.y.n)
	if !q.symmetric {
		it.g = make([]float64, q.y.n)
	}
	return it
}

// end frees what only further steps need: goroutines, and the memory that is kept for them.
func (it *iteration) end() { it.team.Close() }

// start begins from the potential g of another problem. It ignores a g that varies more than the costs of this problem do:
// no solution of this problem varies so much.
func (it *iteration) start(g []float64) {
	constant := 0.0
	if !it.symmetric {
		constant = it.y.average(g)
	}
	if floats.Max(g)-constant > it.furthest || constant-floats.Min(g) > it.furthest {
		return
	}
	copy(it.g, g)
	floats.AddConst(-constant, it.g)
}

// switchTo sets ε and the precision of the steps that follow.
func (it *iteration) switchTo(epsilon float64, p precision) {
	it.epsilon, it.precision = epsilon, p
	half := &it.halves[p]
	if half.rows == nil {
		half.rows = it.sums(it.x, it.y)
		if !it.symmetric {
			half.columns = it.sums(it.y, it.x)
		}
	}
	half.rows.Scale(it.scale(epsilon))
	if !it.symmetric {
		half.columns.Scale(it.scale(epsilon))
	}
}

// score returns p_j/(ε ln 2) + log2 w_j for every point j of the cloud c, whose potential is p and whose weights are w. It is
// the part of the scores against point j that does not depend on the cost.
func (it *iteration) score(p []float64, c *cloud) []float64 {
	h, scale := it.h[:c.n], 1/(it.epsilon*math.Ln2)
	for j, w := range c.weights {
		h[j] = math.Inf(-1)
		if w > 0 { // where there is no mass, the potential may be anything
			h[j] = p[j]*scale + c.logW[j]*math.Log2E
		}
	}
	return h
}

// updateRows sets next_i = −ε log Σ_j b_j exp((g_j − c(x_i, y_j))/ε).
func (it *iteration) updateRows() {
	rows := it.halves[it.precision].rows
	rows.SetScores(it.score(it.g, it.y))
	rows.LogSum(it.next)
	it.toPotential(it.next)
}

// updateBoth sets g from f, and next from that g.
func (it *iteration) updateBoth() {
	columns := it.halves[it.precision].columns
	columns.SetScores(it.score(it.f, it.x))
	both := columns.LogSums(it.g, it.next, it.y.weights)
	it.toPotential(it.g)
	if both {
		it.toPotential(it.next)
	} else {
		it.updateRows()
	}
}

// toPotential turns logarithms of sums, to base 2, into a potential, in place.
func (it *iteration) toPotential(logSum []float64) { floats.Scale(-it.epsilon*math.Ln2, logSum) }

// image returns what one plain iteration makes of f.
func (it *iteration) image() []float64 {
	if !it.symmetric {
		return it.next
	}
	for i, v := range it.next {
		it.damped[i] = (it.f[i] + v) / 2
	}
	return it.damped
}

// follow brings g and next up to date with f, which makes the column marginal exact.
func (it *iteration) follow() {
	if it.symmetric {
		it.updateRows()
	} else {
		it.updateBoth()
	}
}

// step makes a plain iteration.
func (it *iteration) step() {
	copy(it.f, it.image())
	it.follow()
}

// rowSum returns the sum of row i of the coupling at the present potentials: a_i exp((f_i − next_i)/ε).
func (it *iteration) rowSum(i int) float64 {
	if it.x.weights[i] == 0 {
		return 0
	}
	return it.x.weights[i] * math.Exp((it.f[i]-it.next[i])/it.epsilon)
}

// marginalError returns the L1 error of the row marginal at the present potentials.
func (it *iteration) marginalError() float64 {
	e := 0.0
	for i, w := range it.x.weights {
		e += math.Abs(it.rowSum(i) - w)
	}
	return e
}

// value returns the dual value. Where the column marginal is exact the mass of the coupling is 1, and the term for it is 0.
func (it *iteration) value() float64 {
	v := it.x.average(it.f) + it.y.average(it.g)
	if it.symmetric {
		v -= it.epsilon * excess(it.x, it.f, it.next, it.epsilon)
	}
	return v
}
