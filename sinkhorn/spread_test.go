package sinkhorn

import (
	"math/rand/v2"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// narrowest returns the spread s at which S_ε between n points of N(0, s² I) and n others of N(0, I) is smallest, in d
// dimensions and at the default ε of s = 1: from a parabola through the least of some values and its neighbours.
func narrowest(t *testing.T, n, d int) float64 {
	r := rand.New(rand.NewPCG(62, 1))
	x, y := gaussian(r, n, d, 0, 1), gaussian(r, n, d, 0, 1)
	epsilon := defaultEpsilonShare * float64(d)
	target, err := NewTarget(background, y, nil, &Settings{Epsilon: epsilon, Tolerance: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	const step = 0.1
	var last *DivergenceResult
	var values []float64
	best := 0
	for k := range 9 {
		if last, err = target.Divergence(background, scaled(x, 0.4+step*float64(k)), nil, last); err != nil {
			t.Fatal(err)
		}
		if values = append(values, last.Value()); values[k] < values[best] {
			best = k
		}
		t.Logf("n = %d, d = %d, s = %.1f: S_ε = %.4f", n, d, 0.4+step*float64(k), values[k])
	}
	if best == 0 || best == len(values)-1 {
		t.Fatalf("the least of %v is at an end", values)
	}
	left, least, right := values[best-1], values[best], values[best+1]
	return 0.4 + step*(float64(best)+(left-right)/(2*(left+right-2*least)))
}

// S_ε between samples is smallest below the true spread where the dimension is high: the numbers that the package's doc
// reports.
func TestSpreadOfSamples(t *testing.T) {
	sizes := []struct {
		n, d     int
		low, top float64
	}{{200, 2, 0.9, 1.1}, {200, 20, 0.5, 0.65}}
	if golden.Long() {
		sizes = append(sizes, struct {
			n, d     int
			low, top float64
		}{2000, 20, 0.65, 0.8})
	}
	for _, c := range sizes {
		s := narrowest(t, c.n, c.d)
		t.Logf("n = %d, d = %d: S_ε is smallest at a spread of %.3f", c.n, c.d, s)
		if s < c.low || s > c.top {
			t.Errorf("n = %d, d = %d: smallest at %.3f, want %v to %v", c.n, c.d, s, c.low, c.top)
		}
	}
}
