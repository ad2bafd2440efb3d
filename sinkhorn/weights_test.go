package sinkhorn

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
)

// Weights that went through float32 are those they were, wherever weights enter.
func TestSingleWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(60, 1))
	for _, n := range []int{5, 7, 300} {
		x, y := gaussian(r, n, 2, 0, 1), gaussian(r, n, 2, 1, 1)
		softmax := make([]float64, n)
		sum := float32(0)
		for i := range softmax {
			v := float32(math.Exp(r.NormFloat64()))
			softmax[i] = float64(v)
			sum += v
		}
		for i, v := range softmax {
			softmax[i] = float64(float32(v) / sum)
		}
		for _, a := range [][]float64{slices.Repeat([]float64{float64(float32(1) / float32(n))}, n), softmax} {
			if floats.Sum(a) == 1 {
				t.Log("these sum to 1 by chance")
			}
			exactly := slices.Clone(a)
			floats.Scale(1/floats.Sum(a), exactly)
			p, q := Problem{X: x, Y: y, A: a, B: a}, Problem{X: x, Y: y, A: exactly, B: exactly}
			set := Settings{Epsilon: 0.5, Tolerance: 1e-10}
			near(t, "Solve", solve(t, p, set).Dual(), solve(t, q, set).Dual(), 1e-9)
			near(t, "Exact", exact(t, p).Cost(), exact(t, q).Cost(), 1e-13)
			near(t, "Divergence", divergence(t, p, set).Value(), divergence(t, q, set).Value(), 1e-9)
			target, err := NewTarget(background, y, a, &set)
			if err != nil {
				t.Fatal(err)
			}
			d, err := target.Divergence(background, x, a, nil)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "Target", d.Value(), divergence(t, q, set).Value(), 1e-9)
			if _, err := Iterate(background, p, 0.5, 3); err != nil {
				t.Error(err)
			}
		}
	}
}

// A sum that is further off is an error with the sum, the difference and the way out.
func TestSumOfWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 1))
	x := gaussian(r, 4, 2, 0, 1)
	for _, c := range []struct {
		off  float64
		fine bool
	}{{9e-7, true}, {-9e-7, true}, {1.1e-6, false}, {-1.1e-6, false}, {0.5, false}} {
		a := slices.Repeat([]float64{(1 + c.off) / 4}, 4)
		_, err := Exact(background, Problem{X: x, Y: x, A: a})
		if (err == nil) != c.fine {
			t.Errorf("a sum off by %v: error %v, want none: %v", c.off, err, c.fine)
		}
		if err != nil {
			for _, part := range []string{"A sums to", "from 1", "divide the weights by their sum"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q, want one with %q", err, part)
				}
			}
		}
	}
}
