package sinkhorn

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
)

// Whatever the scale of clouds and ε: an answer with finite numbers whose claims hold, or ErrOverflow.
func TestExtremes(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 1))
	power := func(most float64) float64 { return math.Pow(10, most*(2*r.Float64()-1)) }
	converged, overflowed := 0, 0
	for range 400 {
		p, _ := randomProblem(r)
		size, offset := power(8), power(8)*float64(r.IntN(2))
		stretch := func(_, _ int, v float64) float64 { return size*v + offset }
		p.X.Apply(stretch, p.X)
		p.Y.Apply(stretch, p.Y)
		if r.IntN(3) == 0 { // duplicates
			p.X.SetRow(0, p.Y.RawRowView(0))
		}
		epsilon := power(8)
		s, err := Solve(background, p, &Settings{Epsilon: epsilon, Iterations: 300})
		if errors.Is(err, ErrOverflow) {
			overflowed++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		numbers := append([]float64{s.Dual(), s.LinearCost(), s.MarginalError()}, s.F().Values()...)
		numbers = append(append(numbers, s.G().Values()...), s.Project().RawMatrix().Data...)
		for _, v := range numbers {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("size %g, offset %g, ε %g: %v among the answers, want finite numbers", size, offset, epsilon, v)
			}
		}
		if !s.Converged() {
			continue
		}
		converged++
		n, _ := p.X.Dims()
		m, _ := p.Y.Dims()
		a, _ := checkWeights("A", p.A, n)
		b, _ := checkWeights("B", p.B, m)
		rows, columns := s.Marginals()
		// Scores of size C/ε are rounded to 1e-16 of themselves.
		rounding := 1e-14 * (1 + s.meanCost()*100/epsilon)
		if e := floats.Distance(rows, a, 1); e > 1e-6+rounding {
			t.Errorf("size %g, offset %g, ε %g: row marginal off by %g, want at most %g",
				size, offset, epsilon, e, 1e-6+rounding)
		}
		if e := floats.Distance(columns, b, 1); e > 1e-9+rounding {
			t.Errorf("size %g, offset %g, ε %g: column marginal off by %g, want at most %g",
				size, offset, epsilon, e, 1e-9+rounding)
		}
	}
	if converged < 200 {
		t.Errorf("only %d of 400 problems converged, and %d overflowed; want at least 200 to converge", converged, overflowed)
	}
}
