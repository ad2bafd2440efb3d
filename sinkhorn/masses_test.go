package sinkhorn

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// A point of next to no weight, however far, costs its weight times its cost.
func TestSmallWeights(t *testing.T) {
	for _, w := range []float64{1e-300, 1e-30, 1e-20, 1e-19, 1e-18, 1e-15, 1e-12} {
		for _, far := range []float64{2, 1e5, 1e10, 1e12} {
			p := Problem{X: mat.NewDense(3, 1, []float64{0, 1, far}), Y: mat.NewDense(2, 1, []float64{0.5, 1.5}), A: []float64{0.5, 0.5 - w, w}}
			plan, err := Exact(background, p)
			if err != nil {
				t.Fatalf("weight %g at %g: %v", w, far, err)
			}
			want := 0.5*0.125 + (0.5-w)*0.125 + w*(far-1.5)*(far-1.5)/2
			if math.Abs(plan.Cost()-want) > 1e-14*want {
				t.Errorf("weight %g at %g: cost %v, want %v", w, far, plan.Cost(), want)
			}
			if got := mat.Sum(plan.Coupling().RowView(2)); math.Abs(got-w) > 1e-14*w {
				t.Errorf("weight %g at %g: its row sums to %g", w, far, got)
			}
		}
	}
}

// Clouds so small or so large that the squares leave float64 are an error, unless all points are one; a little below, the
// answer scales.
func TestUnits(t *testing.T) {
	for _, cost := range []Cost{HalfSquared, Euclidean} {
		for _, u := range []float64{1e-300, 1e-200, 1e-170, 1e-162, 1e-160, 1e-156, 1e-140, 1, 1e140, 1e153, 1e154, 1e200, 1e307} {
			p := Problem{X: mat.NewDense(3, 1, []float64{0, u, -2 * u}), Y: mat.NewDense(2, 1, []float64{0.5 * u, 4 * u}), Cost: cost}
			plan, err := Exact(background, p)
			s, failed := Solve(background, p, nil)
			if in := u > 1e-150 && u < 1e154; !in {
				if !errors.Is(err, ErrOverflow) || !errors.Is(failed, ErrOverflow) {
					t.Errorf("%v at %g: errors %v and %v, want ErrOverflow twice", cost, u, err, failed)
				}
				continue
			}
			if err != nil || failed != nil {
				t.Errorf("%v at %g: errors %v and %v, want none", cost, u, err, failed)
				continue
			}
			if !(s.Dual() <= s.Primal()) {
				t.Errorf("%v at %g: dual %v, primal %v, want the dual below", cost, u, s.Dual(), s.Primal())
			}
			one, _ := Exact(background, Problem{X: mat.NewDense(3, 1, []float64{0, 1, -2}), Y: mat.NewDense(2, 1, []float64{0.5, 4}), Cost: cost})
			scaled := one.Cost() * u
			if cost == HalfSquared {
				scaled *= u
			}
			if math.Abs(plan.Cost()-scaled) > 1e-14*scaled {
				t.Errorf("%v at %g: cost %v, want %v", cost, u, plan.Cost(), scaled)
			}
		}
		for _, v := range []float64{1e-300, 1e-170, 0.1, 1e300} {
			p := Problem{X: mat.NewDense(3, 1, []float64{v, v, v}), Y: mat.NewDense(1, 1, []float64{v}), Cost: cost}
			plan, err := Exact(background, p)
			if err != nil || plan.Cost() != 0 {
				t.Errorf("%v of one point at %g: plan %+v and error %v, want cost 0", cost, v, plan, err)
			}
			if _, err := Solve(background, p, nil); err != nil {
				t.Errorf("%v of one point at %g: error %v, want none", cost, v, err)
			}
		}
	}
}

// Costs whose sums leave float64, though each of them is in it.
func TestLargeUnits(t *testing.T) {
	for u := 1e150; u < 1e155; u *= 1.7 {
		p := Problem{X: mat.NewDense(3, 2, []float64{0, u, -2 * u, u, -3 * u, 0}), Y: mat.NewDense(2, 2, []float64{50 * u, 4 * u, 49 * u, u})}
		plan, err := Exact(background, p)
		if err == nil && !(plan.Cost() > 0 && plan.Cost() < math.Inf(1)) || err != nil && !errors.Is(err, ErrOverflow) {
			t.Errorf("%g: plan %+v and error %v, want a finite cost above 0 or ErrOverflow", u, plan, err)
		}
	}
}

// A point without weight is asked for its potential and its projection, too: they are finite, or there is an error.
func TestFarPointsWithoutWeight(t *testing.T) {
	for _, far := range []float64{1e100, 1e140, 1e153, 1e154, 1e156, 1e300} {
		p := Problem{X: mat.NewDense(3, 1, []float64{0, far, 1}), Y: mat.NewDense(3, 1, []float64{-far, 0.5, 1.5}), A: []float64{0.5, 0, 0.5}, B: []float64{0, 0.5, 0.5}}
		s, err := Solve(background, p, &Settings{Epsilon: 1})
		if errors.Is(err, ErrOverflow) && far > 1e150 {
			continue
		}
		if err != nil {
			t.Fatalf("%g: %v", far, err)
		}
		for what, v := range map[string][]float64{"f": s.F().Values(), "g": s.G().Values(), "coupling": s.Coupling().RawMatrix().Data, "projection": s.Project().RawMatrix().Data} {
			if floats.HasNaN(v) || math.IsInf(floats.Max(v), 0) || math.IsInf(floats.Min(v), 0) {
				t.Errorf("%g: %s is %v, want finite numbers", far, what, v)
			}
		}
	}
}

// Of a single pair the centred cost is 0, and the cost is not.
func TestSinglePair(t *testing.T) {
	for v := 1e-150; v < 1e150; v *= 1e7 {
		plan, err := Exact(background, Problem{X: mat.NewDense(1, 1, []float64{v}), Y: mat.NewDense(1, 1, []float64{0})})
		if err != nil || plan.Cost() != v*v/2 {
			t.Errorf("%g: plan %+v and error %v, want cost %v", v, plan, err, v*v/2)
		}
	}
}
