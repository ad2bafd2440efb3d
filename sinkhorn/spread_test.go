package sinkhorn

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// narrowest returns the spread s at which S_ε between n points of N(0, s² I) and n others of N(0, I) is smallest, in d
// dimensions and at the default ε of s = 1. It tries nine spreads from the given one upwards, 0.05 apart, and takes the
// lowest point of the parabola through the least value and its two neighbours.
func narrowest(t *testing.T, seed uint64, n, d int, from float64) float64 {
	t.Helper()
	r := rand.New(rand.NewPCG(62, seed))
	x, y := gaussian(r, n, d, 0, 1), gaussian(r, n, d, 0, 1)
	epsilon := defaultEpsilonShare * float64(d)
	target, err := NewTarget(background, y, nil, &Settings{Epsilon: epsilon, Tolerance: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	const step = 0.05
	var last *DivergenceResult
	var values []float64
	for k := range 9 {
		if last, err = target.Divergence(background, scaled(x, from+step*float64(k)), nil, last); err != nil {
			t.Fatal(err)
		}
		values = append(values, last.Value())
	}
	best := floats.MinIdx(values)
	if best == 0 || best == len(values)-1 {
		t.Fatalf("n = %d, d = %d, seed %d: the least of %v is at an end", n, d, seed, values)
	}
	left, least, right := values[best-1], values[best], values[best+1]
	return from + step*(float64(best)+(left-right)/(2*(left+right-2*least)))
}

// S_ε between samples is smallest below the true spread where the dimension is high. Theory gives only a bound from above:
// without entropy the best spread is Σ⟨x_i, y_σ(i)⟩ / Σ‖x_i‖², where y_σ(i) is the partner of x_i, and by Cauchy and
// Schwarz that is at most ‖Y‖/‖X‖, which is near 1. The bands are empirical: the range over three seeds, as the package's
// doc reports it, and a margin of 0.03 on each side.
func TestSpreadOfSamples(t *testing.T) {
	const margin = 0.03
	type size struct {
		n, d           int
		from, low, top float64
	}
	sizes := []size{{200, 2, 0.8, 0.95, 1.04}, {200, 20, 0.4, 0.57, 0.59}}
	if golden.Long() {
		sizes = append(sizes, size{2000, 20, 0.5, 0.69, 0.70})
	}
	for _, c := range sizes {
		var spreads []float64
		for seed := range uint64(3) {
			spreads = append(spreads, narrowest(t, seed+1, c.n, c.d, c.from))
		}
		low, top := slices.Min(spreads), slices.Max(spreads)
		t.Logf("n = %d, d = %d: S_ε is smallest at a spread of %.3f in the mean of three seeds, %.3f to %.3f",
			c.n, c.d, floats.Sum(spreads)/float64(len(spreads)), low, top)
		if low < c.low-margin || top > c.top+margin {
			t.Errorf("n = %d, d = %d: smallest at %.3f to %.3f, want %v to %v with a margin of %v", c.n, c.d, low, top, c.low, c.top, margin)
		}
	}
}
