package sinkhorn

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"sort"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

var background = context.Background()

// gaussian returns n normal points around a centre.
func gaussian(r *rand.Rand, n, d int, centre, std float64) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return centre + std*r.NormFloat64() }, x)
	return x
}

// ring returns n points of six modes in the plane, on the circle of radius 2, and of two far ones, each with every fortieth
// point: samples whose modes differ in mass.
func ring(r *rand.Rand, n int) *mat.Dense {
	x := gaussian(r, n, 2, 0, 0.15)
	for i := range n {
		radius, angle := 2.0, math.Pi/3*float64(r.IntN(6))
		if far := r.IntN(40); far < 2 {
			radius, angle = 8, math.Pi/4*float64(1+2*far)
		}
		x.SetRow(i, []float64{x.At(i, 0) + radius*math.Cos(angle), x.At(i, 1) + radius*math.Sin(angle)})
	}
	return x
}

// weights returns n random weights of sum 1; every third is 0 on request.
func weights(r *rand.Rand, n int, zeros bool) []float64 {
	w := make([]float64, n)
	for i := range w {
		if w[i] = 0.05 + r.Float64(); zeros && i%3 == 1 && n > 2 {
			w[i] = 0
		}
	}
	floats.Scale(1/floats.Sum(w), w)
	return w
}

// randomProblem draws sizes, clouds, weights and an ε; n, m and d differ.
func randomProblem(r *rand.Rand) (Problem, float64) {
	n, m := 1+r.IntN(12), 1+r.IntN(9)
	if n == m {
		m++
	}
	d := []int{1, 2, 3, 5}[r.IntN(4)]
	p := Problem{X: gaussian(r, n, d, 0, 1), Y: gaussian(r, m, d, r.NormFloat64(), 0.5+r.Float64())}
	if r.IntN(2) == 0 {
		p.A, p.B = weights(r, n, r.IntN(3) == 0), weights(r, m, r.IntN(3) == 0)
	}
	if r.IntN(4) == 0 {
		p.Cost = Euclidean
	}
	return p, math.Exp(r.Float64()*5 - 4)
}

func solve(t testing.TB, p Problem, s Settings) *Solution {
	t.Helper()
	out, err := Solve(background, p, &s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func divergence(t testing.TB, p Problem, s Settings) *DivergenceResult {
	t.Helper()
	out, err := Divergence(background, p, &s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func exact(t testing.TB, p Problem) *Plan {
	t.Helper()
	out, err := Exact(background, p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v within %v", what, got, want, tolerance)
	}
}

// oracle is Sinkhorn's iteration in twenty lines on stored matrices, with kernel scaling instead of logarithms.
func oracle(p Problem, epsilon float64, iterations int) *mat.Dense {
	n, _ := p.X.Dims()
	m, _ := p.Y.Dims()
	k := mat.NewDense(n, m, nil)
	k.Apply(func(i, j int, _ float64) float64 {
		return math.Exp(-p.Cost.At(p.X.RawRowView(i), p.Y.RawRowView(j)) / epsilon)
	}, k)
	u, v := mat.NewVecDense(n, nil), mat.NewVecDense(m, nil)
	for j := range m {
		v.SetVec(j, p.B[j])
	}
	for range iterations {
		var product mat.VecDense
		product.MulVec(k, v)
		for i := range n {
			u.SetVec(i, p.A[i]/product.AtVec(i))
		}
		product.Reset()
		product.MulVec(k.T(), u)
		for j := range m {
			v.SetVec(j, p.B[j]/product.AtVec(j))
		}
	}
	k.Apply(func(i, j int, e float64) float64 { return u.AtVec(i) * e * v.AtVec(j) }, k)
	return k
}

func TestCouplingAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, cost := range []Cost{HalfSquared, Euclidean} {
		p := Problem{X: gaussian(r, 7, 3, 0, 1), Y: gaussian(r, 11, 3, 0.5, 0.7), A: weights(r, 7, true), B: weights(r, 11, true), Cost: cost}
		want := oracle(p, 0.5, 2000)
		s := solve(t, p, Settings{Epsilon: 0.5, Tolerance: 1e-13})
		if !s.Converged() {
			t.Errorf("%v: marginal error %v, want at most 1e-13", cost, s.MarginalError())
		}
		if !mat.EqualApprox(s.Coupling(), want, 1e-12) {
			t.Errorf("%v: the coupling is\n%.6f\nwant the oracle's\n%.6f",
				cost, mat.Formatted(s.Coupling()), mat.Formatted(want))
		}
		rows, columns := s.Marginals()
		if !floats.EqualApprox(rows, p.A, 1e-13) || !floats.EqualApprox(columns, p.B, 1e-13) {
			t.Errorf("%v: marginals %v and %v, want %v and %v", cost, rows, columns, p.A, p.B)
		}
		linear := 0.0
		for i := range 7 {
			for j := range 11 {
				linear += want.At(i, j) * cost.At(p.X.RawRowView(i), p.Y.RawRowView(j))
			}
		}
		near(t, "linear cost", s.LinearCost(), linear, 1e-12)
	}
}

// Two single points leave no choice: the coupling is 1, the value the cost.
func TestTwoDiracs(t *testing.T) {
	x, y := mat.NewDense(1, 3, []float64{1, 2, 3}), mat.NewDense(1, 3, []float64{-1, 0, 2})
	r := divergence(t, Problem{X: x, Y: y}, Settings{Epsilon: 0.7})
	near(t, "value", r.XY.Dual(), 4.5, 1e-14)
	near(t, "divergence", r.Value(), 4.5, 1e-14)
	if want := mat.NewDense(1, 3, []float64{-2, -2, -1}); !mat.EqualApprox(r.Velocity(), want, 1e-14) {
		t.Errorf("velocity %v, want %v", mat.Formatted(r.Velocity()), mat.Formatted(want))
	}
}

// S_ε(x, x+c) = ‖c‖²/2 for every ε, near or far, wherever the clouds are.
func TestTranslation(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for _, origin := range []float64{0, 1e6} {
		for _, shift := range []float64{0.3, 1e3} {
			x := gaussian(r, 13, 2, origin, 1)
			y := mat.DenseCopyOf(x)
			y.Apply(func(_, k int, v float64) float64 { return v + shift*float64(k+1) }, y)
			for _, epsilon := range []float64{0.05, 1, 50} {
				s := divergence(t, Problem{X: x, Y: y}, Settings{Epsilon: epsilon, Tolerance: 1e-12})
				near(t, "divergence", s.Value(), 5*shift*shift/2, 1e-9*max(shift*shift, 1))
			}
		}
	}
}

// ‖x−y‖²/ε of a million is no harder than the clouds' own spread.
func TestFarClouds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	x, y := gaussian(r, 20, 2, 0, 1), gaussian(r, 25, 2, 1000/math.Sqrt2, 1)
	s := solve(t, Problem{X: x, Y: y}, Settings{Epsilon: 1, Tolerance: 1e-12})
	if !s.Converged() {
		t.Errorf("marginal error %v after %d iterations, want at most 1e-12", s.MarginalError(), s.Iterations())
	}
	near(t, "gap", s.Primal()-s.Dual(), 0, 1e-8)
	euclid := solve(t, Problem{X: x, Y: y, Cost: Euclidean}, Settings{Epsilon: 1e-3})
	if gap := euclid.Primal() - euclid.Dual(); !(gap >= -1e-9 && gap < 1e-2) {
		t.Errorf("‖x−y‖: primal − dual is %v, want it from −1e-9 to 1e-2", gap)
	}
}

func TestDivergenceProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range 30 {
		p, epsilon := randomProblem(r)
		set := Settings{Epsilon: epsilon, Tolerance: 1e-11, Iterations: 100_000}
		s := divergence(t, p, set).Value()
		if s < -1e-12 {
			t.Errorf("S = %v, want at least 0", s)
		}
		near(t, "symmetry", divergence(t, Problem{X: p.Y, Y: p.X, A: p.B, B: p.A, Cost: p.Cost}, set).Value(), s, 1e-9*(1+s))
		same := divergence(t, Problem{X: p.X, Y: p.X, A: p.A, B: p.A, Cost: p.Cost}, set)
		near(t, "S(x, x)", same.Value(), 0, 1e-10+same.XY.Primal()-same.XY.Dual())

		const scale = 3.0
		var x, y mat.Dense
		x.Scale(scale, p.X)
		y.Scale(scale, p.Y)
		unit := scale
		if p.Cost == HalfSquared {
			unit = scale * scale
		}
		set.Epsilon *= unit
		near(t, "scaling", divergence(t, Problem{X: &x, Y: &y, A: p.A, B: p.B, Cost: p.Cost}, set).Value(), unit*s, 1e-9*unit*(1+s))
	}
}

// The divergence of two Gaussians has a closed form; samples of them come near it like 1/√n.
//
// Source: Janati, Muzellec, Peyré and Cuturi, Entropic Optimal Transport between Unbalanced Gaussian Measures has a
// Closed Form (2020), in one dimension with cost (x−y)²/2 and ε = σ².
func TestGaussiansAgainstClosedForm(t *testing.T) {
	const s1, s2, shift, epsilon = 1.0, 0.5, 0.8, 0.7
	value := func(a, b, m float64) float64 {
		d := math.Sqrt(4*a*a*b*b + epsilon*epsilon)
		return m*m/2 + (a*a+b*b-d+epsilon*(1-math.Log(2*epsilon))+epsilon*math.Log(d+epsilon))/2
	}
	want := value(s1, s2, shift) - value(s1, s1, 0)/2 - value(s2, s2, 0)/2
	// Quantiles instead of random draws: a one-dimensional sample without noise.
	const n = 400
	x, y := mat.NewDense(n, 1, nil), mat.NewDense(n-50, 1, nil)
	quantiles := func(c *mat.Dense, mean, std float64) {
		k, _ := c.Dims()
		for i := range k {
			c.Set(i, 0, mean+std*math.Sqrt2*math.Erfinv(2*(float64(i)+0.5)/float64(k)-1))
		}
	}
	quantiles(x, 0, s1)
	quantiles(y, shift, s2)
	got := divergence(t, Problem{X: x, Y: y}, Settings{Epsilon: epsilon, Tolerance: 1e-10}).Value()
	near(t, "divergence", got, want, 2e-3) // the quantiles' variance is short by about 1/n
}

// The dual never exceeds the optimum nor the rounded primal falls below it, at any iterate, of 1,000 random problems.
func TestBoundsHoldAtEveryIterate(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for range 1000 {
		p, epsilon := randomProblem(r)
		best := solve(t, p, Settings{Epsilon: epsilon, Tolerance: 1e-11, Iterations: 20_000})
		optimum := best.Dual()
		slack := 1e-10 * (math.Abs(optimum) + epsilon)
		if !best.Converged() {
			slack = best.Primal() - optimum
		}
		for _, iterations := range []int{1, 2, 3, 5, 9, 17, 40} {
			s := solve(t, p, Settings{Epsilon: epsilon, Tolerance: 1e-300, Iterations: iterations})
			if d := s.Dual(); !(d <= optimum+slack) {
				t.Fatalf("iteration %d: dual %v above the optimum %v", iterations, d, optimum)
			}
			if u := s.Primal(); !(u >= optimum-slack) {
				t.Fatalf("iteration %d: primal %v below the optimum %v", iterations, u, optimum)
			}
		}
		plain, err := Iterate(background, p, epsilon, 2)
		if err != nil {
			t.Fatal(err)
		}
		if !(plain.Dual() <= optimum+slack && optimum-slack <= plain.Primal()) {
			t.Fatalf("Iterate: the optimum %v is outside [%v, %v]", optimum, plain.Dual(), plain.Primal())
		}
	}
}

// velocity_i = −(1/a_i) ∂S/∂x_i, by central differences of step 1e-4: their error is about 1e-8.
func TestVelocityAgainstFiniteDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for _, cost := range []Cost{HalfSquared, Euclidean} {
		for _, d := range []int{1, 2, 4} {
			p := Problem{X: gaussian(r, 6, d, 0, 1), Y: gaussian(r, 9, d, 0.7, 0.8), A: weights(r, 6, false), B: weights(r, 9, false), Cost: cost}
			set := Settings{Epsilon: 0.3, Tolerance: 1e-14}
			v := divergence(t, p, set).Velocity()
			gradient := divergence(t, p, set).Gradient()
			largest := mat.Max(v)
			for i := range 6 {
				for k := range d {
					const h = 1e-4
					at := func(delta float64) float64 {
						q := p
						q.X = mat.DenseCopyOf(p.X)
						q.X.Set(i, k, q.X.At(i, k)+delta)
						return divergence(t, q, set).Value()
					}
					slope := (at(h) - at(-h)) / (2 * h)
					near(t, "velocity", v.At(i, k), -slope/p.A[i], 1e-6*largest)
					near(t, "gradient", gradient.At(i, k), slope, 1e-6*largest)
				}
			}
		}
	}
}

func TestPotentials(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for _, cost := range []Cost{HalfSquared, Euclidean} {
		p := Problem{X: gaussian(r, 8, 2, 3, 1), Y: gaussian(r, 12, 2, -20, 0.8), A: weights(r, 8, true), B: weights(r, 12, false), Cost: cost}
		s := solve(t, p, Settings{Epsilon: 0.4, Tolerance: 1e-13})
		f, g := s.F(), s.G()
		near(t, "gauge", floats.Dot(p.A, f.Values()), floats.Dot(p.B, g.Values()), 1e-10)
		near(t, "value", 2*floats.Dot(p.A, f.Values()), s.Dual(), 1e-9)
		plan := s.Coupling()
		for i := range 8 {
			x := p.X.RawRowView(i)
			near(t, "f on the sample", f.At(x), f.Values()[i], 1e-9)
			for j := range 12 {
				y := p.Y.RawRowView(j)
				near(t, "g on the sample", g.At(y), g.Values()[j], 1e-9)
				near(t, "coupling from potentials", p.A[i]*p.B[j]*math.Exp((f.Values()[i]+g.Values()[j]-cost.At(x, y))/s.Epsilon()), plan.At(i, j), 1e-10)
			}
		}
		for _, q := range []Potential{f, g} {
			point := []float64{0.3, -1.7}
			for k, slope := range q.Gradient(point) {
				const h = 1e-5
				up, down := append([]float64(nil), point...), append([]float64(nil), point...)
				up[k] += h
				down[k] -= h
				near(t, "gradient", slope, (q.At(up)-q.At(down))/(2*h), 1e-7)
			}
		}
		if cost == HalfSquared {
			x := p.X.RawRowView(5)
			for k, slope := range f.Gradient(x) {
				near(t, "T = x − ∇f", s.Project().At(5, k), x[k]-slope, 1e-10)
			}
		}
	}
}

// The masked problem is the unmasked one with an infinite diagonal.
func TestMaskDiagonal(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	x := gaussian(r, 9, 2, 0, 1)
	for _, p := range []Problem{{X: x, MaskDiagonal: true}, {X: x, Y: gaussian(r, 11, 2, 0, 1), MaskDiagonal: true}} {
		s := solve(t, p, Settings{Epsilon: 0.3, Tolerance: 1e-12})
		if !s.Converged() {
			t.Errorf("marginal error %v, want at most 1e-12", s.MarginalError())
		}
		plan := s.Coupling()
		for i := range 9 {
			if plan.At(i, i) != 0 {
				t.Errorf("mass %v on the diagonal, want none", plan.At(i, i))
			}
			near(t, "row sum", floats.Sum(plan.RawRowView(i)), 1.0/9, 1e-12)
		}
	}
}

func TestDuplicatesAndZeroWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	x := gaussian(r, 5, 2, 0, 1)
	double := mat.NewDense(10, 2, nil)
	double.Stack(x, x)
	y := gaussian(r, 7, 2, 1, 1)
	set := Settings{Epsilon: 0.2, Tolerance: 1e-12}
	want := divergence(t, Problem{X: x, Y: y}, set)
	near(t, "duplicates", divergence(t, Problem{X: double, Y: y}, set).Value(), want.Value(), 1e-11)
	a := []float64{0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0, 0, 0}
	got := divergence(t, Problem{X: double, Y: y, A: a}, set)
	near(t, "zero weights", got.Value(), want.Value(), 1e-11)
	for i := range 5 {
		for k := range 2 {
			near(t, "velocity where the weight is 0", got.Velocity().At(i+5, k), want.Velocity().At(i, k), 1e-9)
		}
	}
}

// The symmetric iteration contracts by ½ at least, duplicates, zero weights and a small ε or not.
func TestSelfTermConvergesFast(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	half := gaussian(r, 20, 2, 0, 1)
	x := mat.NewDense(40, 2, nil)
	x.Stack(half, half)
	for _, epsilon := range []float64{1e-3, 0.1, 10} {
		s := solve(t, Problem{X: x, A: weights(r, 40, true)}, Settings{Epsilon: epsilon, Tolerance: 1e-13})
		if !s.Converged() || s.Iterations() > 50 {
			t.Errorf("ε = %v: error %v after %d iterations, want at most 1e-13 after at most 50",
				epsilon, s.MarginalError(), s.Iterations())
		}
	}
}

func TestSameBytesForAnyNumberOfWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	p := Problem{X: gaussian(r, 350, 2, 0, 1), Y: gaussian(r, 370, 2, 1, 1)}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(5))
	one := divergence(t, p, Settings{Workers: 1})
	for _, workers := range []int{2, 5} {
		many := divergence(t, p, Settings{Workers: workers})
		if one.Value() != many.Value() || !mat.Equal(one.Velocity(), many.Velocity()) || one.XY.Primal() != many.XY.Primal() {
			t.Errorf("%d workers give other bytes than one", workers)
		}
	}
}

func TestWarmStartAndTarget(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	p := Problem{X: gaussian(r, 60, 2, 0, 1), Y: gaussian(r, 50, 2, 1, 1)}
	cold := solve(t, p, Settings{Epsilon: 0.05})
	moved := mat.DenseCopyOf(p.X)
	moved.Apply(func(_, _ int, v float64) float64 { return v + 0.001*r.NormFloat64() }, moved)
	p.X = moved
	warm := solve(t, p, Settings{Epsilon: 0.05, Start: cold})
	if !warm.Converged() || warm.Iterations() >= cold.Iterations() {
		t.Errorf("from a warm start: converged %v after %d iterations, want true after fewer than the %d from a cold one",
			warm.Converged(), warm.Iterations(), cold.Iterations())
	}
	set := &Settings{Epsilon: 0.05, Tolerance: 1e-10}
	target, err := NewTarget(background, p.Y, nil, set)
	if err != nil {
		t.Fatal(err)
	}
	first, err := target.Divergence(background, p.X, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := target.Divergence(background, p.X, nil, first)
	if err != nil {
		t.Fatal(err)
	}
	want := divergence(t, p, *set).Value()
	near(t, "target", first.Value(), want, 1e-12)
	near(t, "target from a start", again.Value(), want, 1e-10)
	if first.YY != again.YY {
		t.Error("the target's own term was solved twice")
	}
}

func TestIterateCountsUpdates(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	p := Problem{X: gaussian(r, 6, 2, 5, 1), Y: gaussian(r, 4, 2, -3, 1), A: weights(r, 6, false), B: weights(r, 4, false)}
	for _, l := range []int{1, 3} {
		s, err := Iterate(background, p, 4, l)
		if err != nil {
			t.Fatal(err)
		}
		_, columns := s.Marginals()
		if !floats.EqualApprox(columns, p.B, 1e-14) {
			t.Errorf("L = %d: column marginal %v, want %v", l, columns, p.B)
		}
	}
	longer, err := Iterate(background, p, 4, 5)
	if err != nil {
		t.Fatal(err)
	}
	for k, got := range longer.Trace() {
		s, err := Iterate(background, p, 4, k+1)
		if err != nil {
			t.Fatal(err)
		}
		if want := s.MarginalError(); got != want || len(s.Trace()) != k+1 {
			t.Errorf("Trace()[%d] = %v, the error after %d iterations is %v", k, got, k+1, want)
		}
	}
	s, err := Iterate(background, p, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 { // the softmax of −C/ε + log b
		var mean [2]float64
		sum := 0.0
		for j := range 4 {
			w := p.B[j] * math.Exp(-HalfSquared.At(p.X.RawRowView(i), p.Y.RawRowView(j))/4)
			sum += w
			mean[0] += w * p.Y.At(j, 0)
			mean[1] += w * p.Y.At(j, 1)
		}
		near(t, "L = 0", s.Project().At(i, 0), mean[0]/sum, 1e-12)
		near(t, "L = 0", s.Project().At(i, 1), mean[1]/sum, 1e-12)
	}
}

// In one dimension the optimal plan is monotone.
func TestExactOnTheLine(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	const n = 200
	x, y := gaussian(r, n, 1, 0, 1), gaussian(r, n, 1, 2, 3)
	sorted := func(c *mat.Dense) []float64 {
		v := mat.Col(nil, 0, c)
		sort.Float64s(v)
		return v
	}
	a, b := sorted(x), sorted(y)
	for _, cost := range []Cost{HalfSquared, Euclidean} {
		want := 0.0
		for i := range a {
			want += cost.At(a[i:i+1], b[i:i+1]) / n
		}
		plan := exact(t, Problem{X: x, Y: y, Cost: cost})
		near(t, "cost", plan.Cost(), want, 1e-12)
		if cost == HalfSquared {
			near(t, "W2", plan.W2(), math.Sqrt(2*want), 1e-12)
		}
	}
}

// Optimality is proved by duality: feasible potentials that are tight wherever mass flows.
func TestExactIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 1))
	for range 200 {
		p, _ := randomProblem(r)
		plan := exact(t, p)
		n, _ := p.X.Dims()
		m, _ := p.Y.Dims()
		a, _ := checkWeights("A", p.A, n)
		b, _ := checkWeights("B", p.B, m)
		coupling := plan.Coupling()
		for i := range n {
			near(t, "row", floats.Sum(coupling.RawRowView(i)), a[i], 1e-14)
			for j := range m {
				if c := p.Cost.At(p.X.RawRowView(i), p.Y.RawRowView(j)); plan.F[i]+plan.G[j] > c+1e-10 {
					t.Fatalf("potentials exceed the cost by %v, want at most 1e-10", plan.F[i]+plan.G[j]-c)
				}
			}
		}
		for j := range m {
			near(t, "column", mat.Sum(coupling.ColView(j)), b[j], 1e-14)
		}
		near(t, "duality", floats.Dot(a, plan.F)+floats.Dot(b, plan.G), plan.Cost(), 1e-10*(1+plan.Cost()))
	}
}

// On a lattice nearly every pivot is a tie: strongly feasible trees keep the simplex from cycling.
func TestExactOnALattice(t *testing.T) {
	const side = 12
	x, y := mat.NewDense(side*side, 2, nil), mat.NewDense(side*side, 2, nil)
	for k := range side * side {
		x.SetRow(k, []float64{float64(k / side), float64(k % side)})
		y.SetRow(k, []float64{float64(k%side) + 3, float64(k/side) - 2})
	}
	near(t, "W2²", 2*exact(t, Problem{X: x, Y: y}).Cost(), 13, 1e-10) // the shift by (3, −2)
	near(t, "W2 to itself", exact(t, Problem{X: x, Y: x}).Cost(), 0, 1e-12)
}

// OT_ε falls to exact transport as ε → 0: linear cost above, and within ε log(nm) of it.
func TestEntropicTendsToExact(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 1))
	p := Problem{X: gaussian(r, 40, 2, 0, 1), Y: gaussian(r, 30, 2, 1, 1)}
	want := exact(t, p).Cost()
	last := math.Inf(1)
	for _, epsilon := range []float64{0.1, 0.01, 0.001} {
		s := solve(t, p, Settings{Epsilon: epsilon, Tolerance: 1e-8, Iterations: 100_000})
		excess := s.LinearCost() - want
		if excess < -1e-7 || excess > epsilon*math.Log(40*30) || excess > last {
			t.Errorf("ε = %v: linear cost exceeds exact transport by %v, want 0 to %v, and no more than %v at the ε before",
				epsilon, excess, epsilon*math.Log(40*30), last)
		}
		last = excess
	}
}

func TestBadInput(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 1))
	x, y := gaussian(r, 3, 2, 0, 1), gaussian(r, 4, 2, 0, 1)
	hole := mat.DenseCopyOf(x)
	hole.Set(1, 1, math.NaN())
	edge := mat.DenseCopyOf(y)
	edge.Set(3, 0, math.Inf(-1))
	huge := mat.NewDense(2, 2, []float64{1e300, 0, -1e300, 1})
	ok := Problem{X: x, Y: y}
	for _, c := range []struct {
		name string
		p    Problem
		s    Settings
		want string
	}{
		{"no X", Problem{Y: y}, Settings{}, "X is empty"},
		{"empty Y", Problem{X: x, Y: &mat.Dense{}}, Settings{}, "Y is empty"},
		{"NaN", Problem{X: hole, Y: y}, Settings{}, "X row 1 column 1 of [3, 2] is NaN"},
		{"Inf", Problem{X: x, Y: edge}, Settings{}, "Y row 3 column 0 of [4, 2] is -Inf"},
		{"dimension", Problem{X: x, Y: gaussian(r, 4, 3, 0, 1)}, Settings{}, "X is [3, 2] but Y is [4, 3]"},
		{"number of weights", Problem{X: x, Y: y, A: []float64{1}}, Settings{}, "A has 1 weights for 3 points"},
		{"negative weight", Problem{X: x, Y: y, A: []float64{1, -0.5, 0.5}}, Settings{}, "A[1] is -0.5"},
		{"NaN weight", Problem{X: x, Y: y, B: []float64{0.5, 0.5, math.NaN(), 0}}, Settings{}, "B[2] is NaN"},
		{"sum of weights", Problem{X: x, Y: y, B: []float64{0.5, 0.5, 0.5, 0}}, Settings{}, "B sums to 1.5"},
		{"negative ε", ok, Settings{Epsilon: -1}, "Epsilon is -1"},
		{"NaN ε", ok, Settings{Epsilon: math.NaN()}, "Epsilon is NaN"},
		{"negative tolerance", ok, Settings{Tolerance: -1}, "Tolerance is -1"},
		{"negative iterations", ok, Settings{Iterations: -3}, "Iterations is -3"},
		{"negative workers", ok, Settings{Workers: -3}, "Workers is -3"},
		{"cost", Problem{X: x, Y: y, Cost: 9}, Settings{}, "Cost is 9"},
		{"B without Y", Problem{X: x, B: []float64{1, 0, 0}}, Settings{}, "B is set but Y is nil"},
		{"mask of one point", Problem{X: gaussian(r, 1, 2, 0, 1), MaskDiagonal: true}, Settings{}, "row 0 without a partner"},
		{"overflow", Problem{X: huge, Y: y}, Settings{}, "overflow"},
	} {
		if _, err := Solve(background, c.p, &c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	other := solve(t, Problem{X: x, Y: x}, Settings{})
	if _, err := Solve(background, ok, &Settings{Start: other}); err == nil || !strings.Contains(err.Error(), "Start has 3 points in Y") {
		t.Errorf("start of another size: error %v, want one with %q", err, "Start has 3 points in Y")
	}
	if _, err := Divergence(background, Problem{X: x}, nil); err == nil {
		t.Error("divergence without Y: no error")
	}
	if _, err := Divergence(background, Problem{X: x, Y: x, MaskDiagonal: true}, nil); err == nil {
		t.Error("divergence with a mask: no error")
	}
	if _, err := Iterate(background, ok, 0, 1); err == nil {
		t.Error("Iterate with ε = 0: no error")
	}
	if _, err := Iterate(background, ok, 1, -1); err == nil {
		t.Error("Iterate with L = −1: no error")
	}
	if _, err := Exact(background, Problem{X: x, Y: y, MaskDiagonal: true}); err == nil {
		t.Error("Exact with a mask: no error")
	}
}

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	r := rand.New(rand.NewPCG(18, 1))
	p := Problem{X: gaussian(r, 5, 2, 0, 1), Y: gaussian(r, 6, 2, 0, 1)}
	for name, call := range map[string]func() error{
		"Solve":      func() error { _, err := Solve(ctx, p, nil); return err },
		"Divergence": func() error { _, err := Divergence(ctx, p, nil); return err },
		"Exact":      func() error { _, err := Exact(ctx, p); return err },
		"Iterate":    func() error { _, err := Iterate(ctx, p, 1, 3); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("%s: error %v, want one with %q", name, err, "canceled")
		}
	}
}

func TestHonestWhenOutOfIterations(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 1))
	p := Problem{X: gaussian(r, 30, 2, 0, 1), Y: gaussian(r, 40, 2, 2, 1)}
	s := solve(t, p, Settings{Epsilon: 0.01, Iterations: 2})
	if s.Converged() || s.Iterations() != 2 {
		t.Errorf("converged %v after %d iterations with an error of %v, want false after 2",
			s.Converged(), s.Iterations(), s.MarginalError())
	}
	rows, _ := s.Marginals()
	uniform, _ := checkWeights("A", nil, 30)
	near(t, "marginal error", s.MarginalError(), floats.Distance(rows, uniform, 1), 1e-11)
	trace := solve(t, p, Settings{Epsilon: 0.1}).Trace()
	if last := trace[len(trace)-1]; last > 1e-6 {
		t.Errorf("the trace ends at %v, want at most 1e-6", last)
	}
}

// e^v to 5e-16 over the whole range that sums use, beside the rounding of a score of that size.
func TestExp(t *testing.T) {
	for v := -44.0; v <= 0; v += 1.0 / 3001 {
		if e, most := math.Abs(exp(v)/math.Exp(v)-1), 5e-16-v*0x1p-52; e > most {
			t.Fatalf("exp(%v) is off by %v, want at most %v", v, e, most)
		}
	}
}
