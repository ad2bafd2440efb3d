package sinkhorn

import (
	"fmt"
	"math"
	"runtime"

	"gonum.org/v1/gonum/floats"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// pair is a problem with its clouds centred. Subtracting each cloud's own mean changes the cost ‖x−y‖²/2 by terms of x
// alone and of y alone, which the potentials absorb: with c the difference of the means,
//
//	½‖x−y‖² = ½‖x′−y′‖² + c·x′ − c·y′ + ½‖c‖²,   x′ = x − mean(X),  y′ = y − mean(Y),
//
// so that clouds far apart, or far from the origin, lose no digits. For ‖x−y‖ one centre serves both clouds, and c is 0.
type pair struct {
	x, y      *cloud
	cost      Cost
	mask      bool
	symmetric bool
	workers   int
	c         []float64 // mean(X) − mean(Y) [d]
	spread    float64   // mean of ‖x−y‖²/2 over all pairs, centred
	furthest  float64   // an upper bound of the centred costs, of points with weight
}

func newPair(p Problem, workers int) (*pair, error) {
	a, b, err := p.check()
	if err != nil {
		return nil, err
	}
	x := newCloud(p.X, a, mean(p.X, a))
	if p.Y == nil {
		return newPairOf(x, x, p.Cost, p.MaskDiagonal, workers)
	}
	centre := x.centre
	if p.Cost == HalfSquared {
		centre = mean(p.Y, b)
	}
	return newPairOf(x, newCloud(p.Y, b, centre), p.Cost, p.MaskDiagonal, workers)
}

// newPairOf pairs two clouds; one cloud given twice is the symmetric problem.
func newPairOf(x, y *cloud, cost Cost, mask bool, workers int) (*pair, error) {
	if most := runtime.GOMAXPROCS(0); workers == 0 || workers > most {
		workers = most
	}
	q := &pair{x: x, y: y, cost: cost, mask: mask, symmetric: x == y, workers: workers, c: make([]float64, x.d)}
	floats.SubTo(q.c, x.centre, y.centre)
	q.spread, q.furthest = x.spread()+y.spread(), q.reach()
	if most := 2 * max(x.radius(), y.radius(), floats.Norm(q.c, 2)); math.IsInf(most*most, 1) { // points without weight count, too
		return nil, ErrOverflow
	}
	if mask {
		for i := range min(x.n, y.n) {
			if y.weights[i] == 1 || x.weights[i] == 1 {
				return nil, fmt.Errorf("sinkhorn: MaskDiagonal leaves row %d without a partner: all the weight is on the masked pair", i)
			}
		}
	}
	return q, nil
}

// dot returns c·point.
func (q *pair) dot(point []float64) float64 { return floats.Dot(q.c, point) }

// costOf returns C_ij of the problem as the caller put it, not centred.
func (q *pair) costOf(i, j int) float64 {
	x, y := q.x.row(i), q.y.row(j)
	sum := 0.0
	for k, v := range x {
		d := v - y[k] + q.c[k]
		sum += d * d
	}
	if q.cost == Euclidean {
		return math.Sqrt(sum)
	}
	return sum / 2
}

// meanCost returns Σ_ij a_i b_j C_ij over all pairs, masked ones included.
func (q *pair) meanCost() float64 {
	if q.cost == HalfSquared {
		return q.spread + floats.Dot(q.c, q.c)/2
	}
	return floats.Dot(q.rowSums(func(i int) (s float64) {
		for j, b := range q.y.weights {
			s += b * q.costOf(i, j)
		}
		return s
	}), q.x.weights)
}

// size returns how large centred costs are, about: their mean, or the root of a mean square for ‖x−y‖.
func (q *pair) size() float64 {
	if q.cost == Euclidean {
		return math.Sqrt(2 * q.spread)
	}
	return q.spread
}

// reach returns an upper bound of the centred costs between points that carry mass.
func (q *pair) reach() float64 {
	reach := 0.0
	for _, c := range []*cloud{q.x, q.y} {
		most := 0.0
		for i, w := range c.weights {
			if w > 0 {
				most = max(most, floats.Norm(c.row(i), 2))
			}
		}
		reach += most
	}
	if q.cost == Euclidean {
		return reach
	}
	return reach * reach / 2
}

// rowSums returns sum(i) for every row i [n], the rows in parallel.
func (q *pair) rowSums(sum func(i int) float64) []float64 {
	team := softmin.NewTeam(nil, q.workers)
	defer team.Close()
	rows := make([]float64, q.x.n)
	team.Each(q.x.n, q.y.n, func(first, last, _ int) {
		for i := first; i < last; i++ {
			rows[i] = sum(i)
		}
	})
	return rows
}

// scale returns the factor that the points are multiplied by. Between scaled points ‖x−y‖², or ‖x−y‖ for the Euclidean
// cost, is the cost in units of ε ln 2.
func (q *pair) scale(epsilon float64) float64 {
	if q.cost == Euclidean {
		return 1 / (epsilon * math.Ln2)
	}
	return math.Sqrt(1 / (2 * epsilon * math.Ln2))
}

// defaultEpsilon returns a share of the mean cost. Where all points coincide any ε gives the same answer, and it returns 1.
// A result of 0 means that points differ, but by so little that float64 does not hold the squares of their differences.
func (q *pair) defaultEpsilon() float64 {
	e := defaultEpsilonShare * q.meanCost()
	if e == 0 && !q.apart() {
		return 1
	}
	return e
}

// apart tells whether some point of one cloud differs from some point of the other, both with mass.
func (q *pair) apart() bool {
	for i, a := range q.x.weights {
		for j, b := range q.y.weights {
			for k, c := range q.c {
				if a > 0 && b > 0 && q.x.row(i)[k]-q.y.row(j)[k]+c != 0 {
					return true
				}
			}
		}
	}
	return false
}
