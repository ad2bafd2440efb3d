package sinkhorn

import (
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Along a flow at small ε, towards modes that hardly couple, every problem converges, and warm starts save iterations.
func TestWarmStartsAlongAFlow(t *testing.T) {
	const n, epsilon, step = 150, 0.02, 0.2
	r := rand.New(rand.NewPCG(5, 1))
	x, y := gaussian(r, n, 2, 0, 1), ring(r, n)
	set := Settings{Epsilon: epsilon, Tolerance: 1e-4}
	warm, cold := 0, 0
	var last *Solution
	for range 12 {
		set.Start = nil
		cold += solve(t, Problem{X: x, Y: y}, set).Iterations()
		set.Start = last
		last = solve(t, Problem{X: x, Y: y}, set)
		warm += last.Iterations()
		if !last.Converged() {
			t.Fatalf("marginal error %v after %d iterations, want at most 1e-4", last.MarginalError(), last.Iterations())
		}
		move := last.Project()
		move.Sub(move, solve(t, Problem{X: x}, Settings{Epsilon: epsilon}).Project())
		move.Scale(step, move)
		next := mat.NewDense(n, 2, nil)
		next.Add(x, move)
		x = next
	}
	if warm > cold {
		t.Errorf("%d iterations from warm starts, want no more than the %d from cold ones", warm, cold)
	}
}
