package sinkhorn

import "math"

// twofold is a number of twice the digits of float64: the sum of a float64 and of what its rounding left out.
//
// Source: Dekker, A floating-point technique for extending the available precision (1971).
type twofold struct{ high, low float64 }

// sumOf returns a + b, exactly.
func sumOf(a, b float64) twofold {
	s := a + b
	t := s - a
	return twofold{s, (a - (s - t)) + (b - t)}
}

// plus returns s + v.
func (s twofold) plus(v float64) twofold {
	t := sumOf(s.high, v)
	return sumOf(t.high, t.low+s.low)
}

// plusProduct returns s + v·w.
func (s twofold) plusProduct(v, w twofold) twofold {
	p := float64(v.high * w.high)
	rest := math.FMA(v.high, w.high, -p) + (float64(v.high*w.low) + float64(v.low*w.high))
	t := sumOf(s.high, p)
	return sumOf(t.high, t.low+(s.low+rest))
}

// float returns the number, rounded.
func (s twofold) float() float64 { return s.high + s.low }
