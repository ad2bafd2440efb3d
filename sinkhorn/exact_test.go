package sinkhorn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func long(v float64) *big.Float { return new(big.Float).SetPrec(320).SetFloat64(v) }

// longCosts are the costs of a problem to 320 bits.
func longCosts(p Problem) [][]*big.Float {
	n, d := p.X.Dims()
	m, _ := p.Y.Dims()
	c := make([][]*big.Float, n)
	for i := range c {
		c[i] = make([]*big.Float, m)
		for j := range c[i] {
			sum := long(0)
			for k := range d {
				u := long(p.X.At(i, k))
				u.Sub(u, long(p.Y.At(j, k)))
				sum.Add(sum, u.Mul(u, u))
			}
			if p.Cost == Euclidean {
				sum.Sqrt(sum)
			} else {
				sum.Quo(sum, long(2))
			}
			c[i][j] = sum
		}
	}
	return c
}

// canBeImproved tells whether mass may go round a cycle and cost less, by more than the rounding of the costs on the way: the
// shortest paths of Bellman and Ford in the residual graph, which have no end then.
func canBeImproved(costs [][]*big.Float, plan *Plan) bool {
	rows, columns := make([]*big.Float, len(costs)), make([]*big.Float, len(costs[0]))
	for i := range rows {
		rows[i] = long(0)
	}
	for j := range columns {
		columns[j] = long(math.Inf(1))
	}
	way, margin := long(0), long(0)
	shorter := func(to **big.Float, c *big.Float) bool {
		if (*to).IsInf() || margin.Sub(*to, way).Cmp(new(big.Float).Mul(c, long(1e-14))) > 0 {
			*to = long(0).Set(way)
			return true
		}
		return false
	}
	for range len(rows) + len(columns) + 1 {
		changed := false
		for i, row := range costs {
			for j, c := range row {
				if way.Add(rows[i], c); shorter(&columns[j], c) {
					changed = true
				}
			}
		}
		for k, i := range plan.Rows {
			j := plan.Columns[k]
			if way.Sub(columns[j], costs[i][j]); shorter(&rows[i], costs[i][j]) {
				changed = true
			}
		}
		if !changed {
			return false
		}
	}
	return true
}

// checkPlan holds a plan against the problem: marginals, cost, optimality and potentials. Spread is the size of costs between
// near points.
func checkPlan(t *testing.T, name string, p Problem, plan *Plan, spread float64) {
	t.Helper()
	costs := longCosts(p)
	a, b, err := p.check()
	if err != nil {
		t.Fatal(err)
	}
	coupling := plan.Coupling()
	for i, w := range a {
		near(t, name+": row", floats.Sum(coupling.RawRowView(i)), w, 1e-13*w+1e-18)
	}
	for j, w := range b {
		near(t, name+": column", mat.Sum(coupling.ColView(j)), w, 1e-13*w+1e-18)
	}
	cost := long(0)
	for k, mass := range plan.Mass {
		cost.Add(cost, new(big.Float).Mul(long(mass), costs[plan.Rows[k]][plan.Columns[k]]))
	}
	want, _ := cost.Float64()
	near(t, name+": cost", plan.Cost(), want, 1e-14*want)
	if canBeImproved(costs, plan) {
		t.Errorf("%s: the plan can be improved", name)
	}
	for i := range a {
		for j := range b {
			c, _ := costs[i][j].Float64()
			f, g := plan.F[i], plan.G[j]
			if !(f+g-c <= 1e-14*(c+math.Abs(f)+math.Abs(g)+spread)) {
				t.Fatalf("%s: F[%d] + G[%d] is over the cost %v by %v", name, i, j, c, f+g-c)
			}
		}
	}
	if dual := floats.Dot(a, plan.F) + floats.Dot(b, plan.G); p.Cost == HalfSquared {
		size := 0.0
		for i, w := range a {
			size += w * math.Abs(plan.F[i])
		}
		near(t, name+": duality", dual, plan.Cost(), 1e-13*(size+plan.Cost()))
	}
}

// withFar adds far points to both clouds of a problem whose weights are nil: pairs of them at distance far and less, two of
// every three in one place, of which the partners are some steps apart.
func withFar(r *rand.Rand, p Problem, pairs int, far float64) Problem {
	n, d := p.X.Dims()
	m, _ := p.Y.Dims()
	x, y := mat.NewDense(n+pairs, d, nil), mat.NewDense(m+pairs, d, nil)
	x.Copy(p.X)
	y.Copy(p.Y)
	for k := range pairs {
		for c := range d {
			v := far * float64(1-k%3*(k%3-1)) / float64(1+k/3)
			x.Set(n+k, c, v+math.Round(4*r.NormFloat64()))
			y.Set(m+k, c, v+math.Round(4*r.NormFloat64()))
		}
	}
	p.X, p.Y = x, y
	return p
}

// Points far from the others cost these no digits, nor each other: the plan is optimal to the digits of every cost.
func TestExactWithFarPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 1))
	for _, cost := range []Cost{HalfSquared, Euclidean} {
		for _, pairs := range []int{1, 3, 7} {
			for _, far := range []float64{1e4, 1e6, 1e7, 1e8, 1e10, 1e12} {
				for _, kind := range []string{"uniform", "weights", "sizes"} {
					p := Problem{X: gaussian(r, 30, 2, 0, 1), Y: gaussian(r, 30, 2, 0, 1), Cost: cost}
					if kind == "sizes" {
						p.Y = gaussian(r, 20, 2, 0.5, 1)
					}
					p = withFar(r, p, pairs, far)
					switch kind {
					case "weights":
						p.A = weights(r, 30+pairs, true)
						p.B = append([]float64(nil), p.A...)
						r.Shuffle(30, func(i, j int) { p.B[i], p.B[j] = p.B[j], p.B[i] })
					case "sizes":
						p.A, p.B = make([]float64, 30+pairs), make([]float64, 20+pairs)
						for i := range p.A {
							p.A[i] = 2 / float64(60+2*pairs)
						}
						for j := range p.B {
							if p.B[j] = 3 / float64(60+2*pairs); j >= 20 {
								p.B[j] = 2 / float64(60+2*pairs)
							}
						}
					}
					name := fmt.Sprintf("%v, %d pairs at %g, %s", cost, pairs, far, kind)
					plan := exact(t, p)
					checkPlan(t, name, p, plan, 1)
					for i := range 30 {
						for j := range 20 {
							if over := plan.F[i] + plan.G[j] - cost.At(p.X.RawRowView(i), p.Y.RawRowView(j)); over > 1e-12 {
								t.Fatalf("%s: near potentials are over the cost by %v", name, over)
							}
						}
					}
				}
			}
		}
	}
}

// The sentinel of some data sets, and the sizes at which its harm was seen: the cost is that without it.
func TestExactWithSentinel(t *testing.T) {
	r := rand.New(rand.NewPCG(42, 1))
	for _, n := range []int{100, 300} {
		without := Problem{X: gaussian(r, n, 2, 0, 1), Y: gaussian(r, n, 2, 0, 1)}
		want := exact(t, without).Cost() * float64(n) / float64(n+1)
		for _, far := range []float64{1e6, 1e7, 1e9, 1e12} {
			p := Problem{X: mat.NewDense(n+1, 2, nil), Y: mat.NewDense(n+1, 2, nil)}
			p.X.Copy(without.X)
			p.Y.Copy(without.Y)
			p.X.SetRow(n, []float64{far, far})
			p.Y.SetRow(n, []float64{far, far})
			plan := exact(t, p)
			near(t, fmt.Sprint("cost with a sentinel at ", far), plan.Cost(), want, 1e-13*want)
			if n == 100 {
				checkPlan(t, fmt.Sprint("sentinel at ", far), p, plan, 1)
			}
		}
	}
}

// Five points of which one pair lies far away: the numbers are those of the four without it.
func TestExactOfFive(t *testing.T) {
	for _, far := range []float64{1e4, 1e5, 1e8, 1e10, 1e12, 1e13} {
		x := mat.NewDense(5, 2, []float64{0, 0, 1, 0, 0, 2, 3, 3, far, 0})
		y := mat.NewDense(5, 2, []float64{0.05, 0, 5, 0, 7, 1, 20, 20, far + 4, 0})
		a := []float64{.125, .125, .125, .5, .125}
		p := Problem{X: x, Y: y, A: a, B: a}
		plan := exact(t, p)
		near(t, fmt.Sprint("cost at ", far), plan.Cost(), 149.62515625, 1e-12)
		checkPlan(t, fmt.Sprint("far = ", far), p, plan, 1)
	}
}

// One cloud alone has far points: mass must travel to them, and what that costs is most of the cost.
func TestExactWithOutliers(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 1))
	refused := 0
	for k := range 60 {
		far := math.Pow(10, float64(4+k%9))
		p := Problem{X: gaussian(r, 12, 2, 0, 1), Y: gaussian(r, 10, 2, 0, 1)}
		p.X.Set(3, 0, far)
		if k%2 == 0 {
			p.A, p.B = weights(r, 12, true), weights(r, 10, true)
		}
		if k%3 == 0 {
			p.Y.Set(2, 1, -far/3)
		}
		plan, err := Exact(background, p)
		if errors.Is(err, ErrOverflow) {
			refused++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		costs := longCosts(p)
		for i := range costs {
			for j := range costs[i] {
				c, _ := costs[i][j].Float64()
				f, g := plan.F[i], plan.G[j]
				if !(f+g-c <= 1e-14*(c+math.Abs(f)+math.Abs(g))) {
					t.Fatalf("outlier at %g: F[%d] + G[%d] is over the cost %v by %v", far, i, j, c, f+g-c)
				}
			}
		}
		a, b, _ := p.check()
		near(t, fmt.Sprint("duality, outlier at ", far), floats.Dot(a, plan.F)+floats.Dot(b, plan.G), plan.Cost(), 1e-13*(plan.Cost()+floats.Norm(plan.F, 1)))
	}
	if refused > 0 {
		t.Errorf("%d of 60 were refused", refused)
	}
}

// Costs that float64 cannot tell apart are an error, not an answer.
func TestExactRefusesWhatItCannotTellApart(t *testing.T) {
	r := rand.New(rand.NewPCG(44, 1))
	for _, far := range []float64{1e15, 1e20, 1e40, 1e100, 1e150, 1e200} {
		p := withFar(r, Problem{X: gaussian(r, 20, 2, 0, 1), Y: gaussian(r, 20, 2, 0, 1)}, 1, far)
		plan, err := Exact(background, p)
		if err == nil {
			checkPlan(t, fmt.Sprint("far = ", far), p, plan, 1)
		}
		if refused := errors.Is(err, ErrOverflow); refused != (far >= 1e20) {
			t.Errorf("far = %g: %v", far, err)
		}
	}
}

// Whatever the clouds: an optimal plan, or ErrOverflow.
func TestExactAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(45, 1))
	power := func(most float64) float64 { return math.Pow(10, most*(2*r.Float64()-1)) }
	for range 150 {
		p, _ := randomProblem(r)
		n, d := p.X.Dims()
		size, offset := power(6), power(6)*float64(r.IntN(2))
		p.X.Apply(func(_, _ int, v float64) float64 { return size*v + offset }, p.X)
		p.Y.Apply(func(_, _ int, v float64) float64 { return size * v }, p.Y)
		if r.IntN(2) == 0 { // a point in the other cloud's place
			p.X.SetRow(r.IntN(n), p.Y.RawRowView(0))
		}
		checkPlan(t, fmt.Sprintf("n = %d, d = %d, size %g, offset %g, %v", n, d, size, offset, p.Cost), p, exact(t, p), size*size+size)
	}
}

// Points at every distance, matched or not: the plan is optimal to the rounding of its costs.
func TestExactAtEveryDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 1))
	for k := range 150 {
		n, m := 3+r.IntN(15), 3+r.IntN(15)
		p := Problem{X: gaussian(r, n, 2, 0, 1), Y: gaussian(r, m, 2, 0, 1)}
		for _, c := range []*mat.Dense{p.X, p.Y} {
			rows, _ := c.Dims()
			for i := range rows {
				size := math.Pow(10, math.Floor(13*r.Float64()))
				if r.IntN(3) > 0 {
					size = 0
				}
				floats.AddConst(size, c.RawRowView(i))
			}
		}
		if k%2 == 0 {
			p.A, p.B = weights(r, n, true), weights(r, m, true)
		}
		if k%3 == 0 {
			p.Cost = Euclidean
		}
		plan := exact(t, p)
		if canBeImproved(longCosts(p), plan) {
			t.Errorf("problem %d can be improved", k)
		}
	}
}

// A plan that is not one does not pass the check.
func TestExactCheck(t *testing.T) {
	r := rand.New(rand.NewPCG(46, 1))
	p := Problem{X: gaussian(r, 9, 2, 0, 1), Y: gaussian(r, 7, 2, 0, 1)}
	a, b, _ := p.check()
	costs, err := newCostMatrix(background, p, a, b)
	if err != nil {
		t.Fatal(err)
	}
	s := newSimplex(costs, a, b)
	if err := s.run(background); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Plan){
		"too much mass":     func(p *Plan) { p.Mass[2] *= 1 + 1e-9 },
		"NaN mass":          func(p *Plan) { p.Mass[0] = math.NaN() },
		"another pair":      func(p *Plan) { p.Columns[0] = (p.Columns[0] + 1) % 7 },
		"a pair less":       func(p *Plan) { p.Rows, p.Columns, p.Mass = p.Rows[1:], p.Columns[1:], p.Mass[1:] },
		"F over the cost":   func(p *Plan) { p.F[3] += 1e-9 },
		"G below the cost":  func(p *Plan) { p.G[p.Columns[0]] -= 1e-9 },
		"infinite F":        func(p *Plan) { p.F[0] = math.Inf(1) },
		"a cost that is no": func(p *Plan) { p.cost = math.NaN() },
	} {
		plan, err := s.plan(background, p, a, b)
		if err != nil {
			t.Fatal(err)
		}
		spoil(plan)
		if err := s.check(background, plan, p, a, b); !errors.Is(err, ErrOverflow) {
			t.Errorf("%s: %v, want ErrOverflow", name, err)
		}
	}
}

// The simplex stops on the plan of a smaller one: it needs its exact potentials.
func TestExactNeedsExactPotentials(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 1))
	p := withFar(r, Problem{X: gaussian(r, 40, 2, 0, 1), Y: gaussian(r, 40, 2, 0, 1)}, 1, 1e9)
	a, b, _ := p.check()
	costs, err := newCostMatrix(background, p, a, b)
	if err != nil {
		t.Fatal(err)
	}
	s := newSimplex(costs, a, b)
	if err := s.pivots(background, s.entering); err != nil {
		t.Fatal(err)
	}
	s.refine()
	if plan, err := s.plan(background, p, a, b); !errors.Is(err, ErrOverflow) {
		t.Errorf("a plan that is not optimal passes: %v, %v", plan, err)
	}
}

// counting is a context that is cancelled at its last look.
type counting struct {
	context.Context
	looks, last atomic.Int64
	done        chan struct{}
}

func cancelledAt(last int64) *counting {
	c := &counting{Context: background, done: make(chan struct{})}
	c.last.Store(last)
	return c
}

func (c *counting) Err() error {
	if c.looks.Add(1) >= c.last.Load() {
		return context.Canceled
	}
	return nil
}

func (c *counting) Deadline() (time.Time, bool) { return time.Time{}, false }

// While it fills the cost matrix Exact looks at its context every so many coordinates, and after it is cancelled no worker
// goes on.
func TestExactCancelsWhileItFills(t *testing.T) {
	r := rand.New(rand.NewPCG(48, 1))
	const n, m, d = 60, 50, 4000
	p := Problem{X: gaussian(r, n, d, 0, 1), Y: gaussian(r, m, d, 0, 1)}
	a, b, _ := p.check()
	never := cancelledAt(math.MaxInt64)
	costs, err := newCostMatrix(never, p, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if least := int64(n * m * d / lookEvery); never.looks.Load() < least || floats.Min(costs.cost) == 0 {
		t.Errorf("%d looks, want at least %d", never.looks.Load(), least)
	}
	workers := int64(runtime.GOMAXPROCS(0))
	whole := never.looks.Load()
	for _, last := range []int64{1, whole / 2, whole - 1} {
		ctx := cancelledAt(last)
		if _, err := Exact(ctx, p); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at look %d: %v", last, err)
		}
		if more := ctx.looks.Load() - last; more > n+workers {
			t.Errorf("%d looks after it was cancelled at look %d", more, last)
		}
	}
	// Rows that are not begun stay empty.
	ctx := cancelledAt(n / 2)
	partly := &costMatrix{rows: support(a), columns: support(b)}
	partly.fill(ctx, relativeTo(p.X, partly.rows, make([]float64, d)), relativeTo(p.Y, partly.columns, make([]float64, d)), HalfSquared)
	empty := 0
	for i := range n {
		if partly.cost[i*m] == 0 {
			empty++
		}
	}
	if empty < n/2-int(workers) {
		t.Errorf("%d of %d rows are empty after a cancellation in the middle", empty, n)
	}
}

// Every stage of the simplex notices too.
func TestExactCancelsAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(49, 1))
	p := Problem{X: gaussian(r, 200, 2, 0, 1), Y: gaussian(r, 200, 2, 0, 1)}
	never := cancelledAt(math.MaxInt64)
	if _, err := Exact(never, p); err != nil {
		t.Fatal(err)
	}
	for last := int64(1); last < never.looks.Load(); last += 7 {
		ctx := cancelledAt(last)
		if plan, err := Exact(ctx, p); !errors.Is(err, context.Canceled) || plan != nil {
			t.Fatalf("cancelled at look %d of %d: %v, %v", last, never.looks.Load(), plan, err)
		}
	}
}

// Exact transport between 2,000 weighted points and 2,000 others looks at 100 million reduced costs or so, whatever the
// machine, and goes on with exact potentials for no more than a look at each.
func TestExactWork(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	r := rand.New(rand.NewPCG(16, 1))
	p := Problem{X: gaussian(r, 2000, 2, 0, 1), Y: gaussian(r, 2000, 2, 0, 1), A: weights(r, 2000, false)}
	a, b, _ := p.check()
	costs, err := newCostMatrix(background, p, a, b)
	if err != nil {
		t.Fatal(err)
	}
	s := newSimplex(costs, a, b)
	counted := func(search func() (int, int)) (total, pivots int) {
		if err := s.pivots(background, func() (int, int) {
			arc, seen := search()
			if total += seen; arc >= 0 {
				pivots++
			}
			return arc, seen
		}); err != nil {
			t.Fatal(err)
		}
		return total, pivots
	}
	total, pivots := counted(s.entering)
	s.refine()
	closely, more := counted(s.enteringExactly)
	t.Logf("%d arcs and %d pivots, then %d and %d", total, pivots, closely, more)
	if total > 2e8 || pivots > 6e4 || closely > 8e6 || more > 10 {
		t.Errorf("%d arcs and %d pivots, then %d and %d", total, pivots, closely, more)
	}
}

// The bound on memory is held before any is taken, and its error says what to do.
func TestExactMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(50, 1))
	p := Problem{X: gaussian(r, 60_000, 2, 0, 1), Y: gaussian(r, 60_000, 2, 0, 1)}
	_, err := Exact(background, p)
	for _, part := range []string{"60000 × 60000", "28.8 GB", "4.29 GB", "Solve", "Simplex{Memory: 28800000000}"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, want one with %q", err, part)
		}
	}
	small := Problem{X: gaussian(r, 10, 2, 0, 1), Y: gaussian(r, 20, 2, 0, 1), A: weights(r, 10, true)}
	pairs := int64(len(support(small.A)) * 20)
	if _, err := (Simplex{Memory: 8 * pairs}).Exact(background, small); err != nil {
		t.Error(err)
	}
	if _, err := (Simplex{Memory: 8*pairs - 1}).Exact(background, small); err == nil {
		t.Error("more memory than allowed: no error")
	}
	if _, err := (Simplex{Memory: -1}).Exact(background, small); err == nil || !strings.Contains(err.Error(), "Memory is -1") {
		t.Errorf("negative memory: %v", err)
	}
}

// Sums in fixed point are those of whole numbers of any length.
func TestFixed(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 1))
	for range 2000 {
		largest := math.Pow(10, 500*r.Float64()-200)
		u := unitFor(largest, 50)
		sum, want := fixed{}, long(0)
		for range 50 {
			v := largest * math.Pow(10, -20*r.Float64()) * r.Float64()
			if r.IntN(2) == 0 {
				sum, want = sum.plus(u.fixed(v)), want.Add(want, long(v))
			} else {
				sum, want = sum.minus(u.fixed(v)), want.Sub(want, long(v))
			}
		}
		if w, _ := want.Float64(); math.Abs(u.float(sum)-w) > 1e-15*math.Abs(w)+50*u.words[0] || sum.negative() != (w < 0) {
			t.Fatalf("largest %g: %v, want %v", largest, u.float(sum), w)
		}
	}
}

// Sums and products of twice the digits.
func TestTwofold(t *testing.T) {
	r := rand.New(rand.NewPCG(52, 1))
	for range 2000 {
		sum, want := twofold{}, long(0)
		for range 30 {
			v, w := sumOf(r.NormFloat64()*1e8, r.NormFloat64()), sumOf(r.NormFloat64(), 1e-12*r.NormFloat64())
			x := new(big.Float).Add(long(v.high), long(v.low))
			want.Add(want, x.Mul(x, new(big.Float).Add(long(w.high), long(w.low))))
			want.Add(want, long(v.low))
			sum = sum.plusProduct(v, w).plus(v.low)
		}
		e := want.Sub(want, long(sum.high))
		if off, _ := e.Sub(e, long(sum.low)).Float64(); math.Abs(off) > 1e-20 {
			t.Fatalf("off by %g", off)
		}
	}
}
