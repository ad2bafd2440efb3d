package sinkhorn

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// For a linear map the acceleration is GMRES: as many different contractions as the map has, so many iterations it takes.
func TestAccelerationOfALinearMap(t *testing.T) {
	contraction := []float64{0.9999, 0.999, 0.9, 0.5, 0.1, 0.9999, 0.5}
	weights := []float64{0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1}
	x, fixed := make([]float64, len(weights)), []float64{1, -2, 3, -4, 5, -6, 7}
	a := newAcceleration(weights, false, 1e-3, 100)
	to := make([]float64, len(x))
	for k := range 9 {
		e, value := 0.0, 0.0 // of the concave function that the map ascends
		for i, w := range weights {
			d := x[i] - fixed[i]
			to[i] = fixed[i] + contraction[i]*d
			value -= w * (1 - contraction[i]) * d * d
			e = max(e, math.Abs(d))
		}
		if k == 8 && e > 1e-8 {
			t.Errorf("after %d iterations off by %v, want at most 1e-8", k, e)
		}
		if !a.accepts(e, value, 1e-15) {
			a.fallBack(x)
			continue
		}
		a.next(x, to, e, value)
	}
}

// An iterate that is worse than the last one is dropped for the plain image of that.
func TestAccelerationFallsBack(t *testing.T) {
	a := newAcceleration([]float64{0.5, 0.5}, false, 1e-9, 100)
	x := []float64{0, 0}
	visit := func(image []float64, e, value, rounding float64) {
		if a.accepts(e, value, rounding) {
			a.next(x, image, e, value)
		} else {
			a.fallBack(x)
		}
	}
	visit([]float64{1, 1}, 1, 0, 0)
	visit([]float64{1.5, 1.5}, 0.5, 1, 0)
	image := []float64{1.9, 1.8}
	visit(image, 0.4, 2, 0)
	visit([]float64{100, 100}, 0.1, 1.5, 0) // the value falls, whatever the error says
	if math.Abs(x[0]-image[0]) > 1e-15 || math.Abs(x[1]-image[1]) > 1e-15 {
		t.Errorf("came %v, want the plain image %v", x, image)
	}
	visit([]float64{2, 2}, 0.3, 3, 0.1)
	visit([]float64{100, 100}, 1.1, 3.05, 0.1) // the value cannot tell, the error is far above its least
	if x[0] != 2 || x[1] != 2 {
		t.Errorf("came %v, want the plain image 2", x)
	}
}

// Small ε, clusters that hardly couple, masses of clusters that cannot match, outliers: all converge, in iterations that
// a plain run would need for a few digits at large ε.
func TestConvergesAtSmallEpsilon(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	outliers := gaussian(r, 300, 2, 0, 1)
	outliers.Set(0, 0, 30)
	outliers.Set(1, 1, -20)
	for name, p := range map[string]Problem{
		"gaussians":    {X: gaussian(r, 500, 2, 0, 1), Y: gaussian(r, 400, 2, 1, 0.7)},
		"to modes":     {X: gaussian(r, 300, 2, 0, 1), Y: ring(r, 500)},
		"modes, n ≠ m": {X: ring(r, 400), Y: ring(r, 500)},
		"few to modes": {X: gaussian(r, 150, 2, 0, 1), Y: ring(r, 150)},
		"outliers":     {X: outliers, Y: gaussian(r, 300, 2, 0, 1)},
		"few":          {X: gaussian(r, 17, 2, 0, 1), Y: gaussian(r, 40, 2, 0, 1), A: weights(r, 17, true)},
	} {
		q, err := newPair(p, 0)
		if err != nil {
			t.Fatal(err)
		}
		for share, most := range map[float64]int{0.05: 100, 0.01: 300, 0.002: 1000} {
			s := solve(t, p, Settings{Epsilon: share * q.meanCost(), Iterations: most})
			if !s.Converged() {
				t.Errorf("%s at ε = %v × the mean cost: marginal error %.2g after %d iterations, want at most 1e-6 after %d",
					name, share, s.MarginalError(), s.Iterations(), most)
			}
			if gap := s.Primal() - s.Dual(); !(gap >= -1e-12 && gap <= 1e-4*q.meanCost()) {
				t.Errorf("%s at ε = %v × the mean cost: primal − dual is %v, want 0 to %v", name, share, gap, 1e-4*q.meanCost())
			}
		}
	}
}

// Where masses nearly match in groups and ε is tiny, the plain map moves at a steady pace for a long time.
func TestConvergesOverPlateaus(t *testing.T) {
	m := mat.NewDense
	for i, c := range []struct {
		p       Problem
		epsilon float64
	}{
		{Problem{X: m(2, 1, []float64{1, 0}), Y: m(2, 1, []float64{6, 1}), B: []float64{0.4999, 0.5001}}, 0.002},
		{Problem{X: m(2, 1, []float64{2, 0}), Y: m(2, 1, []float64{2, 6}), B: []float64{0.4999, 0.5001}}, 0.002},
		{Problem{X: m(6, 3, []float64{1, 3, 3, 3, 1, 0, 0, 0, 3, 3, 3, 1, 1, 1, 1, 2, 0, 1}), Y: m(2, 3, []float64{0, 3, 1, 2, 1, 3}),
			B: []float64{0.499194, 0.500806}}, 0.001864},
		{Problem{X: m(2, 1, []float64{1.54132, 0.01460}), Y: m(2, 1, []float64{0.03581, 4.01424}), A: []float64{0.507285, 0.492715}, Cost: Euclidean}, 0.0031935},
		{Problem{X: m(2, 1, []float64{1.01, -0.26}), Y: m(3, 1, []float64{-0.28, 0.73, -1.26}), A: []float64{0.67, 0.33}}, 1.652e-4},
	} {
		if s := solve(t, c.p, Settings{Epsilon: c.epsilon, Iterations: 1000}); !s.Converged() {
			t.Errorf("problem %d: marginal error %.2g after %d iterations, want at most 1e-6 after 1000",
				i, s.MarginalError(), s.Iterations())
		}
	}
	r := rand.New(rand.NewPCG(31, 1))
	failed := 0
	for range 500 { // points of a lattice, with ties everywhere
		n, k, d := 2+r.IntN(12), 2+r.IntN(12), 1+r.IntN(3)
		p := Problem{X: m(n, d, nil), Y: m(k, d, nil), B: weights(r, k, false), Cost: Cost(r.IntN(2))}
		for _, x := range []*mat.Dense{p.X, p.Y} {
			x.Apply(func(_, _ int, _ float64) float64 { return float64(r.IntN(4)) }, x)
		}
		if !solve(t, p, Settings{Epsilon: 0.002, Iterations: 3000}).Converged() {
			failed++
		}
	}
	if failed > 0 {
		t.Errorf("%d of 500 lattice problems did not converge in 3,000 iterations, want all to", failed)
	}
}

// Out of iterations, what is returned is no extrapolation that would have been dropped.
func TestNoWorseWhenOutOfIterations(t *testing.T) {
	r := rand.New(rand.NewPCG(32, 1))
	for range 200 {
		n, k := 2+r.IntN(8), 2+r.IntN(8)
		p := Problem{X: gaussian(r, n, 1, 0, 1), Y: gaussian(r, k, 1, 0, 1)}
		first := math.Inf(-1)
		for _, iterations := range []int{1, 2, 3, 5, 8, 13, 40} {
			s := solve(t, p, Settings{Epsilon: 0.01, AnnealFrom: 0.01, Tolerance: 1e-13, Iterations: iterations})
			if s.Iterations() > iterations+1 {
				t.Fatalf("%d iterations, at most %d were asked for", s.Iterations(), iterations)
			}
			if s.Dual() < first-1e-7 {
				t.Fatalf("after %d iterations the dual value is %v, want no less than the %v after one",
					iterations, s.Dual(), first)
			}
			if iterations == 1 {
				first = s.Dual()
			}
		}
	}
}

// Points without mass change nothing, wherever they are.
func TestPointsWithoutMassAreNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 1))
	x, y := gaussian(r, 10, 2, 0, 1), gaussian(r, 12, 2, 0, 1)
	a := make([]float64, 10)
	for i := range 9 {
		a[i] = 1.0 / 9
	}
	want := solve(t, Problem{X: mat.DenseCopyOf(x.Slice(0, 9, 0, 2)), Y: y}, Settings{Epsilon: 0.1}).Dual()
	for _, far := range []float64{1, 1e7, 1e20, 1e150} {
		x.Set(9, 0, far)
		s := solve(t, Problem{X: x, Y: y, A: a}, Settings{Epsilon: 0.1})
		near(t, "dual", s.Dual(), want, 1e-6)
		if !s.Converged() {
			t.Errorf("massless point at %g: marginal error %v, want at most 1e-6", far, s.MarginalError())
		}
	}
}

// The certificate holds for large clouds, whose gap is nothing but rounding: here the cost is a sum of two functions.
func TestCertificateOfLargeClouds(t *testing.T) {
	x, y := mat.NewDense(1000, 1, nil), mat.NewDense(1000, 1, nil)
	for i := range 1000 {
		x.Set(i, 0, float64(i%4))
		y.Set(i, 0, float64(340+i%3))
	}
	s := solve(t, Problem{X: x, Y: y, Cost: Euclidean}, Settings{Epsilon: 860})
	if gap, most := s.Primal()-s.Dual(), 1e-13*(s.Dual()+860); math.Abs(gap) > most {
		t.Errorf("primal − dual is %v, want at most %v in size", gap, most)
	}
}
