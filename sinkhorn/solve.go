package sinkhorn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"

	"gonum.org/v1/gonum/floats"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// ErrOverflow is returned when potentials leave the range of float64, or are so large, in units of ε, that float64 no
// longer resolves the coupling they stand for; where all points are so near each other that the squares of their distances
// leave it, below 1e-150; and by Exact when it does not tell costs apart.
var ErrOverflow = errors.New("sinkhorn: costs or potentials overflow what float64 resolves: rescale the clouds, look for points far from all others, or give Solve a larger Epsilon")

// Solve runs Sinkhorn's iteration in the log domain,
//
//	f_i ← −ε log Σ_j b_j exp((g_j − C_ij)/ε),   g_j ← −ε log Σ_i a_i exp((f_i − C_ij)/ε),
//
// until the L1 error of the row marginal, recomputed from the potentials, is at most the tolerance. With a nil Y it
// iterates one potential instead, f ← ½(f − ε log Σ_j a_j exp((f_j − C_ij)/ε)), which contracts by at least ½ each time.
// Anderson acceleration and falling ε make that few iterations at small ε too, where the plain ones would be thousands.
// They run in float32 as far as it reaches and end in float64, in which errors and values are computed.
//
// Running out of iterations is no error: the solution says so by Converged and MarginalError, and its bounds hold all
// the same. Solve returns an error for clouds, weights or settings that make no problem, naming the argument, the row
// and the value; for a cancelled context; and ErrOverflow.
//
// Source: Cuturi, Sinkhorn Distances (2013); the symmetric form: Feydy et al., Interpolating between Optimal
// Transport and MMD using Sinkhorn Divergences (2019), §3.2.
func Solve(ctx context.Context, p Problem, s *Settings) (*Solution, error) {
	set, err := s.resolved()
	if err != nil {
		return nil, err
	}
	q, err := newPair(p, set.Workers)
	if err != nil {
		return nil, err
	}
	if set.Epsilon == 0 {
		set.Epsilon = q.defaultEpsilon()
	}
	return q.solve(ctx, set)
}

// Iterate runs exactly L plain iterations, rows first, as networks are trained with: without annealing or stop, from
// scalings of 1, that is g_j = −ε log b_j. After them the column marginal is exact and the row marginal is what it is.
//
// L = 0 leaves g = 0 and normalises the rows only: then Project is the softmax of the KL field, and weights in B act.
//
// Errors are those of Solve; epsilon must be positive and L ≥ 0.
//
// Source: arXiv 2605.11755 and its code (log_u = log_v = 0 at the start).
func Iterate(ctx context.Context, p Problem, epsilon float64, L int) (*Solution, error) {
	if err := checkIterate(epsilon, L); err != nil {
		return nil, err
	}
	if p.Y == nil {
		p.Y, p.B = p.X, p.A // the plain iteration, also for a cloud against itself
	}
	q, err := newPair(p, 0)
	if err != nil {
		return nil, err
	}
	it := q.newIteration(ctx)
	defer it.end()
	it.at(epsilon, double)
	for j := range it.g {
		it.g[j] = q.dot(q.y.row(j))
		if w := q.y.weights[j]; L > 0 && w > 0 {
			it.g[j] -= epsilon * math.Log(w)
		}
	}
	it.updateRows()
	for range L {
		if ctx.Err() != nil {
			break
		}
		it.step()
		it.iterations++
		it.trace = append(it.trace, min(it.marginalError(), math.MaxFloat64))
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sinkhorn: %w", err)
	}
	if L == 0 {
		copy(it.f, it.next)
	}
	return it.solution(defaultTolerance)
}

// pair is a problem with its clouds centred. Subtracting each cloud's own mean changes the cost ‖x−y‖²/2 by terms of x
// alone and of y alone, which the potentials absorb: with c the difference of the means,
//
//	½‖x−y‖² = ½‖x′−y′‖² + c·x′ − c·y′ + ½‖c‖²,   x′ = x − mean(X),  y′ = y − mean(Y),
//
// so clouds far apart, or far from the origin, cost no digits. For ‖x−y‖ one centre serves both and c is 0.
type pair struct {
	x, y      *cloud
	cost      Cost
	mask      bool
	symmetric bool
	workers   int
	c         []float64 // mean(X) − mean(Y) [d]
	spread    float64   // mean of ‖x−y‖²/2 over all pairs, centred
	furthest  float64   // bounds the centred costs
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
	if most := 2 * max(x.radius(), y.radius(), floats.Norm(q.c, 2)); math.IsInf(most*most, 1) { // of points without weight, too
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

func (q *pair) dot(point []float64) float64 { return floats.Dot(q.c, point) }

// costOf returns C_ij of the problem as it was put.
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

// meanCost returns Σ_ij a_i b_j C_ij, of all pairs.
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

// size returns the size of a centred cost.
func (q *pair) size() float64 {
	if q.cost == Euclidean {
		return math.Sqrt(2 * q.spread)
	}
	return q.spread
}

// reach bounds the centred costs.
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

// rowSums returns what of gives for every row [n], the rows in parallel.
func (q *pair) rowSums(of func(i int) float64) []float64 {
	team := softmin.NewTeam(nil, q.workers)
	defer team.Close()
	rows := make([]float64, q.x.n)
	team.Each(q.x.n, q.y.n, func(first, last, _ int) {
		for i := first; i < last; i++ {
			rows[i] = of(i)
		}
	})
	return rows
}

// scale returns the factor that makes ‖x−y‖², or ‖x−y‖, the cost in units of ε ln 2.
func (q *pair) scale(epsilon float64) float64 {
	if q.cost == Euclidean {
		return 1 / (epsilon * math.Ln2)
	}
	return math.Sqrt(1 / (2 * epsilon * math.Ln2))
}

// defaultEpsilon is a share of the mean cost. Where all points are one any ε gives the same answer; 0 says that they are
// not, and float64 does not hold the squares of what is between them.
func (q *pair) defaultEpsilon() float64 {
	e := defaultEpsilonShare * q.meanCost()
	if e == 0 && !q.apart() {
		return 1
	}
	return e
}

// apart tells whether any mass is at another point than some of the other cloud.
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

// iteration is the state of Sinkhorn's iteration at one ε: potentials of the centred problem, and next, the row
// potential that g asks for, whose difference to f is the row marginal's error. For a symmetric problem f and g are
// one slice.
type iteration struct {
	*pair
	epsilon      float64
	f, g         []float64
	next, damped []float64 // damped is the image of a symmetric problem
	h            []float64
	trace        []float64
	iterations   int
	team         *softmin.Team
	precision    precision
	halves       [2]halves // in each precision, made when it is first asked for
}

// precision is that of scores and powers. Potentials, sums and errors are float64 always.
type precision int

const (
	double precision = iota
	single
)

// halves are the sums of the two half-steps; a symmetric problem has only the rows'.
type halves struct{ rows, columns sums }

// sums are a softmin.Sum in either precision.
type sums interface {
	Scale(factor float64)
	SetScores(h []float64)
	LogSum(dst []float64)
	LogSums(dst, back, mass []float64) bool
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

// end lets go of what only further steps need.
func (it *iteration) end() { it.team.Close() }

// at makes the next steps be at another ε, or in another precision.
func (it *iteration) at(epsilon float64, p precision) {
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

func (it *iteration) sums(from, to *cloud) sums {
	if it.precision == single {
		return newSum[float32](it.pair, from, to, it.team)
	}
	return newSum[float64](it.pair, from, to, it.team)
}

func newSum[T softmin.Float](q *pair, from, to *cloud, team *softmin.Team) *softmin.Sum[T] {
	s := softmin.New[T](from.points, to.points, from.d, q.cost == Euclidean, q.mask, team)
	s.Keep()
	return s
}

// score returns p/(ε ln 2) + log2 w, the part of a score that belongs to the other point.
func (it *iteration) score(p []float64, c *cloud) []float64 {
	h, scale := it.h[:c.n], 1/(it.epsilon*math.Ln2)
	for j, w := range c.weights {
		h[j] = math.Inf(-1)
		if w > 0 { // whatever the potential is where there is no mass
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
	it.potential(it.next)
}

// updateBoth sets g from f, and next from that g.
func (it *iteration) updateBoth() {
	columns := it.halves[it.precision].columns
	columns.SetScores(it.score(it.f, it.x))
	both := columns.LogSums(it.g, it.next, it.y.weights)
	it.potential(it.g)
	if both {
		it.potential(it.next)
	} else {
		it.updateRows()
	}
}

// potential makes a potential of logarithms of sums.
func (it *iteration) potential(logSum []float64) { floats.Scale(-it.epsilon*math.Ln2, logSum) }

// image returns the f that one plain iteration makes of f.
func (it *iteration) image() []float64 {
	if !it.symmetric {
		return it.next
	}
	for i, v := range it.next {
		it.damped[i] = (it.f[i] + v) / 2
	}
	return it.damped
}

// follow brings g and next up to date with f. The column marginal is exact thereafter.
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

func (q *pair) solve(ctx context.Context, set Settings) (*Solution, error) {
	if math.IsInf(q.spread+floats.Dot(q.c, q.c), 0) {
		return nil, ErrOverflow
	}
	it := q.newIteration(ctx)
	defer it.end()
	if set.Start != nil {
		if len(set.Start.g) != q.y.n {
			return nil, fmt.Errorf("sinkhorn: Start has %d points in Y, the problem has %d", len(set.Start.g), q.y.n)
		}
		it.start(set.Start.g)
	}
	phases := q.phases(set)
	it.at(phases[0].epsilon, phases[0].precision)
	if !q.symmetric {
		it.updateRows()
		copy(it.f, it.next)
	}
	for k, p := range phases {
		if k > 0 {
			copy(it.f, it.image())
		}
		if err := it.run(ctx, p); err != nil {
			return nil, fmt.Errorf("sinkhorn: after %d iterations: %w", it.iterations, err)
		}
	}
	return it.solution(set.Tolerance)
}

// start begins from the potential g of another problem, unless it cannot be near the solution of this one: a potential
// varies no more than the cost does.
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

// phase is a stretch of iterations at one ε and in one precision, until the error is within the tolerance or so many
// iterations have been made.
type phase struct {
	epsilon    float64
	precision  precision
	tolerance  float64
	most       int // iterations of this phase
	iterations int // and since the beginning
}

// phases returns what to go through: falling ε up to the one that was asked for, in float32 as far as it reaches, and at
// last float64.
func (q *pair) phases(set Settings) []phase {
	var phases []phase
	add := func(epsilon, tolerance float64, most, iterations int) {
		reached := q.singleError(epsilon)
		if reached > 0.05 { // hardly an iteration
			phases = append(phases, phase{epsilon, double, tolerance, most, iterations})
		} else {
			phases = append(phases, phase{epsilon, single, max(tolerance, reached), most, iterations})
		}
	}
	for _, epsilon := range q.annealing(set) {
		add(epsilon, annealingTolerance, annealingMost, set.Iterations/2)
	}
	if set.Iterations > 2 {
		add(set.Epsilon, set.Tolerance, set.Iterations, set.Iterations-2)
	}
	return append(phases, phase{set.Epsilon, double, set.Tolerance, set.Iterations, set.Iterations})
}

// singleError estimates the marginal error below which rounding to float32 does not let the iteration come: a score of
// the size of the mean cost, in units of ε ln 2, rounded, with some room. It is 1 where the furthest point may have scores
// that float32 does not resolve.
func (q *pair) singleError(epsilon float64) float64 {
	if q.furthest/(epsilon*math.Ln2) > 1e8/float64(q.x.d+4) {
		return 1
	}
	return 16 * 0x1p-24 * q.size() / (epsilon * math.Ln2)
}

// run makes the iterations of a phase, the last of which is a plain one or one that has been accepted.
func (it *iteration) run(ctx context.Context, p phase) error {
	if p.epsilon != it.epsilon {
		it.trace = nil
	}
	it.at(p.epsilon, p.precision)
	accelerate := newAcceleration(it.x.weights, !it.symmetric, 10*it.epsilon, it.size())
	for first := it.iterations; ; {
		it.follow()
		it.iterations++
		if err := ctx.Err(); err != nil { // follow may have stopped half-way
			return err
		}
		e := it.marginalError()
		it.trace = append(it.trace, min(e, math.MaxFloat64))
		value := it.value()
		switch {
		case e <= p.tolerance && p.precision == double:
			return nil
		case !accelerate.accepts(e, value, it.rounding()):
			accelerate.fallBack(it.f)
		case e <= p.tolerance || it.iterations >= p.iterations || it.iterations-first >= p.most || math.IsNaN(e):
			return nil
		case it.iterations+1 == p.iterations:
			copy(it.f, it.image())
		default:
			accelerate.next(it.f, it.image(), e, value)
		}
	}
}

// value returns the dual value. With an exact column marginal the coupling's mass is 1.
func (it *iteration) value() float64 {
	v := it.x.average(it.f) + it.y.average(it.g)
	if it.symmetric {
		v -= it.epsilon * excess(it.x, it.f, it.next, it.epsilon)
	}
	return v
}

// rounding bounds what rounding does to the dual value.
func (it *iteration) rounding() float64 {
	if it.precision == single {
		return it.epsilon * it.singleError(it.epsilon)
	}
	return 0x1p-48 * (it.size() + it.epsilon)
}

// annealing returns the falling sequence of ε to go through first; one that is too long for the iterations is left out.
func (q *pair) annealing(set Settings) []float64 {
	from := set.AnnealFrom
	if from == 0 && set.Start == nil {
		from = q.meanCost()
	}
	if q.symmetric || !(from > set.Epsilon) {
		return nil
	}
	var stages []float64
	for e := from; e > set.Epsilon; e *= annealingFactor {
		stages = append(stages, e)
	}
	if set.Iterations < 4*len(stages) {
		return nil
	}
	return stages
}

const (
	annealingFactor    = 0.3
	annealingMost      = 40   // iterations at one ε: what they leave is a start only
	annealingTolerance = 1e-3 // near convergence: mass that is left to travel far does so slowly at a smaller ε
)

// solution returns the solution that the potentials are, or ErrOverflow.
func (it *iteration) solution(tolerance float64) (*Solution, error) {
	e := it.marginalError()
	if most := max(largest(it.f, it.x), largest(it.g, it.y)) / it.epsilon; math.IsNaN(e) || !(most <= resolved) || it.epsilon < it.cost.smallest() {
		return nil, ErrOverflow
	}
	e = max(e, it.resolution())
	return &Solution{pair: it.pair, epsilon: it.epsilon, f: it.f, g: it.g, next: it.next,
		marginalError: e, converged: e <= tolerance, iterations: it.iterations, trace: it.trace}, nil
}

// largest returns the largest potential, in size, of the points that carry mass.
func largest(p []float64, c *cloud) (most float64) {
	for i, w := range c.weights {
		if v := math.Abs(p[i]); w > 0 && !(v <= most) {
			most = v
		}
	}
	return most
}

// resolved is the largest potential, in units of ε, whose rounding changes no entry of the coupling by more than 1e-3.
const resolved = 1e-3 / 0x1p-53

// resolution returns the error of the marginals that rounding the potentials alone may make.
func (it *iteration) resolution() (e float64) {
	for i, w := range it.x.weights {
		if w > 0 {
			e += w * math.Abs(it.f[i])
		}
	}
	for j, w := range it.y.weights {
		if w > 0 {
			e += w * math.Abs(it.g[j])
		}
	}
	return 0x1p-54 * e / it.epsilon
}
