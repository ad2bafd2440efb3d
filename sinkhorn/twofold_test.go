package sinkhorn

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// Sums and products of twice the digits.
func TestTwofold(t *testing.T) {
	r := rand.New(rand.NewPCG(52, 1))
	for range 2000 {
		sum, want := twofold{}, long(0)
		for range 30 {
			v, w := sumOf(r.NormFloat64()*1e8, r.NormFloat64()), sumOf(r.NormFloat64(), 1e-12*r.NormFloat64())
			x := new(big.Float).Add(long(v.high), long(v.low))
			want.Add(want, x.Mul(x, new(big.Float).Add(long(w.high), long(w.low))))
			want.Add(want, long(v.low))
			sum = sum.plusProduct(v, w).plus(v.low)
		}
		e := want.Sub(want, long(sum.high))
		if off, _ := e.Sub(e, long(sum.low)).Float64(); math.Abs(off) > 1e-20 {
			t.Fatalf("off by %g, want at most 1e-20", off)
		}
	}
}
