package sinkhorn

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// costMatrix holds the costs of all pairs of points that carry weight. If the cost is ‖x−y‖²/2 and the clouds are further
// from each other than they are wide, these are the costs of the centred clouds, as pair describes them. Coordinates
// relative to a centre are twofold, so that centring costs no digits.
type costMatrix struct {
	rows, columns []int     // the row of X that a row stands for, and the row of Y that a column does
	cost          []float64 // [rows, columns]
	largest       float64

	// What the centring took: C_ij = cost_ij + fromRow_i − fromColumn_j.
	fromRow, fromColumn []twofold
}

// lookEvery is how many coordinates, or arcs, are worked on between two looks at a context: some milliseconds.
const lookEvery = 1 << 20

// newCostMatrix computes the costs between points that carry weight, or returns ErrOverflow where sums of a few of them
// leave float64.
func newCostMatrix(ctx context.Context, p Problem, a, b []float64) (*costMatrix, error) {
	m := &costMatrix{rows: support(a), columns: support(b)}
	x, y := centres(p, a, b)
	from, to := relativeTo(p.X, m.rows, x), relativeTo(p.Y, m.columns, y)
	m.fill(ctx, from, to, p.Cost)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sinkhorn: the costs of exact transport: %w", err)
	}
	// ‖x−y‖²/2 = ‖x′−y′‖²/2 + c·x′ + ‖c‖²/2 − c·y′, with c the difference of the centres.
	c, half := make([]twofold, len(x)), twofold{}
	for k := range c {
		c[k] = sumOf(x[k], -y[k])
		half = half.plusProduct(c[k], twofold{c[k].high / 2, c[k].low / 2})
	}
	m.fromRow, m.fromColumn = from.products(c, half), to.products(c, twofold{})
	if !(2*m.largest+2*m.taken() < math.Inf(1)) { // NaN, too
		return nil, ErrOverflow
	}
	return m, nil
}

// centres returns what to subtract from X and from Y: their means, or zeros where means would make the costs no smaller.
func centres(p Problem, a, b []float64) (x, y []float64) {
	x, y = mean(p.X, a), mean(p.Y, b)
	between, within := 0.0, 0.0
	for k, v := range x {
		between += (v - y[k]) * (v - y[k])
	}
	for i, w := range a {
		within += w * 2 * HalfSquared.At(p.X.RawRowView(i), x)
	}
	for j, w := range b {
		within += w * 2 * HalfSquared.At(p.Y.RawRowView(j), y)
	}
	if p.Cost != HalfSquared || between <= within {
		return make([]float64, len(x)), make([]float64, len(x))
	}
	return x, y
}

// taken returns the largest number that the centring took, in size.
func (m *costMatrix) taken() (most float64) {
	for _, side := range [][]twofold{m.fromRow, m.fromColumn} {
		for _, v := range side {
			most = max(most, math.Abs(v.high))
		}
	}
	return most
}

// centred returns the cost in the matrix of row i of X and row j of Y, both of which carry weight.
func (m *costMatrix) centred(i, j int) float64 {
	row, _ := slices.BinarySearch(m.rows, i)
	column, _ := slices.BinarySearch(m.columns, j)
	return m.cost[row*len(m.columns)+column]
}

// support lists the points of positive weight.
func support(weights []float64) (points []int) {
	for i, w := range weights {
		if w > 0 {
			points = append(points, i)
		}
	}
	return points
}

// parallel calls do for 0 to n−1, on all processors.
func parallel(n int, do func(i int)) {
	team := softmin.NewTeam(nil, min(runtime.GOMAXPROCS(0), n))
	defer team.Close()
	team.Tasks(n, func(i, _ int) { do(i) })
}

// fill computes the costs, the rows in parallel. A cancelled context leaves the rest undone.
func (m *costMatrix) fill(ctx context.Context, from, to *relative, cost Cost) {
	columns := len(m.columns)
	m.cost = make([]float64, len(m.rows)*columns)
	largest := make([]float64, len(m.rows))
	parallel(len(m.rows), func(i int) {
		high, low := from.point(i)
		left := 0
		for j := range columns {
			if left -= from.d; left < 0 {
				if ctx.Err() != nil {
					return
				}
				left = lookEvery
			}
			h, l := to.point(j)
			sum := 0.0
			for k, v := range high {
				u := (v - h[k]) + (low[k] - l[k])
				sum += u * u
			}
			if cost == Euclidean {
				sum = 2 * math.Sqrt(sum)
			}
			m.cost[i*columns+j] = sum / 2
			largest[i] = max(largest[i], sum/2)
		}
	})
	for _, v := range largest {
		m.largest = max(m.largest, v)
	}
}
