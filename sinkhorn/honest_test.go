package sinkhorn

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func scaled(x *mat.Dense, factor float64) *mat.Dense {
	var y mat.Dense
	y.Scale(factor, x)
	return &y
}

// rowError returns the L1 error of the row sums of the coupling itself.
func rowError(s *Solution) float64 {
	rows, _ := s.Marginals()
	return floats.Distance(rows, s.x.weights, 1)
}

// Converged is not said of a coupling whose rows, summed up, are off.
func TestConvergedIsTrueOfTheCoupling(t *testing.T) {
	r := rand.New(rand.NewPCG(26, 1))
	x, y := gaussian(r, 50, 2, 0, 1), gaussian(r, 40, 2, 0, 1)
	line := func(outlier float64) *mat.Dense {
		m := mat.NewDense(10, 1, nil)
		for i := range 10 {
			m.Set(i, 0, float64(i))
		}
		m.Set(0, 0, outlier)
		return m
	}
	for name, c := range map[string]struct {
		p       Problem
		epsilon float64
	}{
		"outlier at 1e6": {Problem{X: line(1e6), Y: line(-1)}, 0.1},
		"outlier at 1e7": {Problem{X: line(1e7), Y: line(-1)}, 0.1},
		"outlier at 1e8": {Problem{X: line(1e8), Y: line(-1)}, 0.1},
		"copy, 1e-12":    {Problem{X: x, Y: mat.DenseCopyOf(x)}, 1e-12},
		"copy, 1e-14":    {Problem{X: x, Y: mat.DenseCopyOf(x)}, 1e-14},
		"tiny epsilon":   {Problem{X: x, Y: y}, 1e-100},
		"far":            {Problem{X: scaled(x, 1e150), Y: y}, 0.1},
	} {
		s, err := Solve(background, c.p, &Settings{Epsilon: c.epsilon, Iterations: 2000})
		if errors.Is(err, ErrOverflow) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if e := rowError(s); s.Converged() && e > 3e-6 || e > 30*s.MarginalError()+1e-12 {
			t.Errorf("%s: rows off by %.2g where MarginalError is %.2g and Converged %v, want both to be true of the rows",
				name, e, s.MarginalError(), s.Converged())
		}
	}
}

// A start from another world does no harm.
func TestStartFromAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 1))
	x, y := gaussian(r, 50, 2, 0, 1), gaussian(r, 40, 2, 0, 1)
	want := solve(t, Problem{X: x, Y: y}, Settings{Epsilon: 0.1}).Dual()
	for _, factor := range []float64{1, 1e3, 1e5, 1e6, 1e8} {
		start := solve(t, Problem{X: scaled(x, factor), Y: scaled(y, factor)}, Settings{})
		s := solve(t, Problem{X: x, Y: y}, Settings{Epsilon: 0.1, Start: start})
		if !s.Converged() || rowError(s) > 2e-6 || math.Abs(s.Dual()-want) > 1e-6 {
			t.Errorf("start scaled by %g: converged %v, rows off by %.2g, dual %v, want true, at most 2e-6, %v",
				factor, s.Converged(), rowError(s), s.Dual(), want)
		}
	}
}

func TestOverflowIsAnError(t *testing.T) {
	r := rand.New(rand.NewPCG(28, 1))
	x, y := gaussian(r, 20, 2, 0, 1), gaussian(r, 20, 2, 0, 1)
	huge := mat.DenseCopyOf(x)
	huge.Set(0, 0, 1e160)
	if s, err := Solve(background, Problem{X: huge, Y: y}, &Settings{Epsilon: 0.1}); !errors.Is(err, ErrOverflow) || s != nil {
		t.Errorf("Solve: %v, %v, want ErrOverflow alone", s, err)
	}
	if p, err := Exact(background, Problem{X: scaled(x, 1e154), Y: scaled(y, -1e154)}); !errors.Is(err, ErrOverflow) {
		t.Errorf("Exact: %v, %v, want ErrOverflow", p, err)
	}
}

// At an ε far above the cost the values hold to the rounding of ε.
func TestBoundsAtHugeEpsilon(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 1))
	p := Problem{X: gaussian(r, 30, 2, 0, 1), Y: gaussian(r, 40, 2, 0, 1), A: weights(r, 30, true)}
	for _, epsilon := range []float64{1e2, 1e4, 1e8, 1e16, 1e100} {
		s := solve(t, p, Settings{Epsilon: epsilon})
		want := s.meanCost() // the independent coupling is optimal
		rounding := 1e-15 * (want + epsilon)
		if d, u := s.Dual(), s.Primal(); !(d <= u+rounding && math.Abs(u-want) <= 10/epsilon+rounding) {
			t.Errorf("ε = %g: dual %v, primal %v, want nearly %v", epsilon, d, u, want)
		}
	}
}

// A solution may be asked from many goroutines at once.
func TestConcurrentQuestions(t *testing.T) {
	r := rand.New(rand.NewPCG(30, 1))
	s := solve(t, Problem{X: gaussian(r, 150, 2, 0, 1), Y: gaussian(r, 140, 2, 0, 1)}, Settings{})
	want, cost := s.Project(), s.LinearCost()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if !mat.Equal(s.Project(), want) || s.LinearCost() != cost {
					t.Error("asked from many goroutines, the solution gives another answer than from one")
				}
			}
		})
	}
	wg.Wait()
}

// Cancelling does not wait for a pass over all pairs, of which there are too many here for any test, and any number of workers
// may be asked for.
func TestCancelsWithinAPass(t *testing.T) {
	const n = 500_000
	x := mat.NewDense(n, 2, nil)
	x.Apply(func(i, j int, _ float64) float64 { return math.Sin(float64(2*i + j)) }, x)
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := Solve(ctx, Problem{X: x, Y: scaled(x, 2)}, &Settings{Epsilon: 1e-3, Workers: math.MaxInt})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}
