package sinkhorn

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// drawn is a problem of few points: any of them may coincide, or have no weight, or stand alone.
func drawn(t *rapid.T, mask, symmetric bool) Problem {
	d := rapid.IntRange(1, 3).Draw(t, "d")
	coarse := func(v float64) float64 { // costs that are further apart are refused
		if math.Abs(v) < 1e-9 {
			return 0
		}
		return v
	}
	coordinate := rapid.Map(rapid.OneOf(rapid.Float64Range(-3, 3), rapid.SampledFrom([]float64{0, 1, -1, 2, 1e3, 1e-6})), coarse)
	cloud := func(name string) (*mat.Dense, []float64) {
		n := rapid.IntRange(1, 7).Draw(t, name)
		x := mat.NewDense(n, d, rapid.SliceOfN(coordinate, n*d, n*d).Draw(t, name+" points"))
		if rapid.Bool().Draw(t, name+" uniform") {
			return x, nil
		}
		w := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 0, 1, 1, 2, 5, 1e-12}), n, n).Draw(t, name+" weights")
		sum := 0.0
		for _, v := range w {
			sum += v
		}
		if sum == 0 {
			w[n-1], sum = 1, 1
		}
		for i := range w {
			w[i] /= sum
		}
		return x, w
	}
	p := Problem{MaskDiagonal: mask, Cost: rapid.SampledFrom([]Cost{HalfSquared, Euclidean}).Draw(t, "cost")}
	p.X, p.A = cloud("n")
	if !symmetric {
		p.Y, p.B = cloud("m")
	}
	return p
}

func drawnSettings(t *rapid.T) *Settings {
	return &Settings{
		Epsilon:    rapid.SampledFrom([]float64{0, 1e-6, 1e-3, 0.1, 1, 100, 1e9}).Draw(t, "ε"),
		Iterations: rapid.SampledFrom([]int{0, 1, 2, 3, 10, 500}).Draw(t, "iterations"),
	}
}

// explained tells whether an error says why there is no answer.
func explained(err error) bool {
	return errors.Is(err, ErrOverflow) || strings.Contains(err.Error(), "without a partner")
}

func finite(t *rapid.T, what string, numbers ...float64) {
	t.Helper()
	for k, v := range numbers {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("%s[%d] is %v, want a finite number", what, k, v)
		}
	}
}

func finitePotential(t *rapid.T, what string, p Potential, clouds ...*mat.Dense) {
	t.Helper()
	finite(t, what+" values", p.Values()...)
	for _, c := range clouds {
		n, _ := c.Dims()
		for i := range n {
			finite(t, what+" at a point", p.At(c.RawRowView(i)))
			finite(t, what+" gradient", p.Gradient(c.RawRowView(i))...)
		}
	}
}

func finiteSolution(t *rapid.T, s *Solution, x, y *mat.Dense) {
	t.Helper()
	dual, primal := s.Dual(), s.Primal()
	finite(t, "epsilon, error, dual, linear cost", s.Epsilon(), s.MarginalError(), dual, s.LinearCost())
	if math.IsNaN(primal) || math.IsInf(primal, -1) || math.IsInf(primal, 1) && !s.mask {
		t.Fatalf("primal is %v, want a finite number, or +Inf where there is a mask (here %v)", primal, s.mask)
	}
	if rounding := 1e-9 * (math.Abs(dual) + s.size() + s.Epsilon()); primal < dual-rounding {
		t.Fatalf("primal %v is below dual %v, want it above or within rounding, %v", primal, dual, rounding)
	}
	finite(t, "trace", s.Trace()...)
	finite(t, "projection", s.Project().RawMatrix().Data...)
	finite(t, "coupling", s.Coupling().RawMatrix().Data...)
	rows, columns := s.Marginals()
	finite(t, "rows", rows...)
	finite(t, "columns", columns...)
	finitePotential(t, "F", s.F(), x, y)
	finitePotential(t, "G", s.G(), x, y)
}

// Whatever the mask, the weights and the number of points: every number of a solution is finite, or Solve says why there is
// none. Only the primal value may be infinite, where there is a mask.
func TestSolutionIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		symmetric := rapid.Bool().Draw(t, "symmetric")
		p := drawn(t, rapid.Bool().Draw(t, "mask"), symmetric)
		s, err := Solve(background, p, drawnSettings(t))
		if err != nil {
			if !explained(err) {
				t.Fatal(err)
			}
			return
		}
		if symmetric {
			p.Y = p.X
		}
		finiteSolution(t, s, p.X, p.Y)
	})
}

func TestIterateIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawn(t, rapid.Bool().Draw(t, "mask"), false)
		s, err := Iterate(background, p, rapid.SampledFrom([]float64{1e-3, 0.1, 1, 1e6}).Draw(t, "ε"), rapid.IntRange(0, 5).Draw(t, "L"))
		if err != nil {
			if !explained(err) {
				t.Fatal(err)
			}
			return
		}
		finiteSolution(t, s, p.X, p.Y)
	})
}

func TestDivergenceIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawn(t, false, false)
		r, err := Divergence(background, p, drawnSettings(t))
		if err != nil {
			if !explained(err) {
				t.Fatal(err)
			}
			return
		}
		finite(t, "value and epsilon", r.Value(), r.Epsilon())
		finite(t, "velocity", r.Velocity().RawMatrix().Data...)
		finite(t, "gradient", r.Gradient().RawMatrix().Data...)
		for _, s := range []*Solution{r.XY, r.XX, r.YY} {
			finiteSolution(t, s, p.X, p.Y)
		}
	})
}

func TestPlanIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawn(t, false, false)
		plan, err := Exact(background, p)
		if err != nil {
			t.Fatal(err)
		}
		finite(t, "cost", plan.Cost())
		finite(t, "F", plan.F...)
		finite(t, "G", plan.G...)
		finite(t, "mass", plan.Mass...)
		if p.Cost == HalfSquared {
			finite(t, "W2", plan.W2())
		}
	})
}

// With a mask the primal value is a bound: of the coupling with exact marginals and nothing on the diagonal.
func TestPrimalWithMask(t *testing.T) {
	x := mat.NewDense(3, 1, []float64{0, 1, 3})
	s := solve(t, Problem{X: x, MaskDiagonal: true}, Settings{})
	near(t, "three points", s.Primal(), s.Dual(), 1e-5)
	unconverged := 0
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(4, 9).Draw(t, "n"), rapid.IntRange(1, 3).Draw(t, "d")
		x := mat.NewDense(n, d, rapid.SliceOfN(rapid.Float64Range(-1, 1), n*d, n*d).Draw(t, "points"))
		s, err := Solve(background, Problem{X: x, Y: x, MaskDiagonal: true}, &Settings{Epsilon: 0.1, Iterations: rapid.SampledFrom([]int{1, 3, 0}).Draw(t, "iterations")})
		if err != nil {
			t.Fatal(err)
		}
		c, ok := s.rounded()
		if !ok {
			t.Fatalf("no rounded coupling at a marginal error of %v, want one", s.MarginalError())
		}
		if s.MarginalError() > 0.01 {
			unconverged++
		}
		columns := make([]float64, n)
		s.eachRow(func(i int, row []float64) {
			c.round(i, row)
			row[i] = 0
			sum := 0.0
			for j, p := range row {
				if p < 0 {
					t.Fatalf("P[%d, %d] is %v, want at least 0", i, j, p)
				}
				sum += p
				columns[j] += p
			}
			if math.Abs(sum-1/float64(n)) > 1e-14 {
				t.Fatalf("row %d sums to %v, want %v", i, sum, 1/float64(n))
			}
		})
		for j, c := range columns {
			if math.Abs(c-1/float64(n)) > 1e-14 {
				t.Fatalf("column %d sums to %v, want %v", j, c, 1/float64(n))
			}
		}
	})
	if unconverged == 0 {
		t.Error("all solutions have converged, want some that lack mass in rows")
	}
	// Most of the weight on one point has nowhere to go.
	s = solve(t, Problem{X: x, A: []float64{0.8, 0.1, 0.1}, MaskDiagonal: true}, Settings{Iterations: 50})
	if v := s.Primal(); !math.IsInf(v, 1) {
		t.Errorf("primal is %v where there is no coupling, want +Inf", v)
	}
}
