package sinkhorn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Sums in fixed point are those of whole numbers of any length.
func TestFixed(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 1))
	for range 2000 {
		largest := math.Pow(10, 500*r.Float64()-200)
		u := unitFor(largest, 50)
		sum, want := fixed{}, long(0)
		for range 50 {
			v := largest * math.Pow(10, -20*r.Float64()) * r.Float64()
			if r.IntN(2) == 0 {
				sum, want = sum.plus(u.fixed(v)), want.Add(want, long(v))
			} else {
				sum, want = sum.minus(u.fixed(v)), want.Sub(want, long(v))
			}
		}
		if w, _ := want.Float64(); math.Abs(u.float(sum)-w) > 1e-15*math.Abs(w)+50*u.words[0] || sum.negative() != (w < 0) {
			t.Fatalf("largest %g: %v, want %v", largest, u.float(sum), w)
		}
	}
}
