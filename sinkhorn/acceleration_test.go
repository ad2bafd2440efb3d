package sinkhorn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/wflowlab/wflowlab/toy"
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
			t.Errorf("after %d iterations off by %v", k, e)
		}
		a.next(x, to, e, value, 1e-15)
	}
}

// An iterate that is worse than the last one is dropped for the plain image of that.
func TestAccelerationFallsBack(t *testing.T) {
	a := newAcceleration([]float64{0.5, 0.5}, false, 1e-9, 100)
	x := []float64{0, 0}
	a.next(x, []float64{1, 1}, 1, 0, 0)
	a.next(x, []float64{1.5, 1.5}, 0.5, 1, 0)
	last, image := []float64{x[0], x[1]}, []float64{1.9, 1.8}
	a.next(x, image, 0.4, 2, 0)
	worse := []float64{x[0], x[1]}
	a.next(x, []float64{100, 100}, 0.1, 1.5, 0) // the value falls, whatever the error says
	if math.Abs(x[0]-image[0]) > 1e-15 || math.Abs(x[1]-image[1]) > 1e-15 {
		t.Errorf("after %v and %v came %v, want %v", last, worse, x, image)
	}
	a.next(x, []float64{2, 2}, 0.3, 3, 0.1)
	a.next(x, []float64{100, 100}, 1.1, 3.05, 0.1) // the value cannot tell, the error is far above its least
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
	modes, minority := toy.EightGaussians(), toy.SixPlusTwo()
	for name, p := range map[string]Problem{
		"gaussians":    {X: gaussian(r, 500, 2, 0, 1), Y: gaussian(r, 400, 2, 1, 0.7)},
		"to modes":     {X: gaussian(r, 300, 2, 0, 1), Y: modes.Sample(1, 500)},
		"modes, n ≠ m": {X: modes.Sample(2, 400), Y: modes.Sample(3, 500)},
		"minority":     {X: gaussian(r, 150, 2, 0, 1), Y: minority.Sample(1, 150)},
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
				t.Errorf("%s at ε = %v × the mean cost: marginal error %.2g after %d iterations", name, share, s.MarginalError(), s.Iterations())
			}
			if gap := s.Primal() - s.Dual(); !(gap >= -1e-12 && gap <= 1e-4*q.meanCost()) {
				t.Errorf("%s at ε = %v × the mean cost: primal − dual is %v", name, share, gap)
			}
		}
	}
}
