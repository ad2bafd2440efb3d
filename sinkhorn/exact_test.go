package sinkhorn

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

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
		t.Errorf("%s: the plan can be improved, want an optimal one", name)
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
								t.Fatalf("%s: near potentials are over the cost by %v, want at most 1e-12", name, over)
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
		t.Errorf("%d of 60 were refused, want none", refused)
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
			t.Errorf("far = %g: error %v, want ErrOverflow from 1e20 on and none before", far, err)
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
			t.Errorf("the plan of problem %d can be improved, want an optimal one", k)
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
		t.Errorf("a plan that is not optimal passes: %v, error %v, want ErrOverflow", plan, err)
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
		t.Errorf("negative memory: error %v, want one with %q", err, "Memory is -1")
	}
}
