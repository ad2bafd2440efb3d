package softmin

import "math"

const exp2Steps = 256

// exp2Table holds the bits of 2^(k/256).
var exp2Table = func() (t [exp2Steps]uint64) {
	for k := range t {
		t[k] = math.Float64bits(math.Exp2(float64(k) / exp2Steps))
	}
	return t
}()

// Exp2 returns 2^v for v in [−1000, 126] within 5e-16 relative, several times as fast as math.Exp2.
//
// With n = round(256 v), 2^v = 2^(n/256) e^r and |r| ≤ ln 2/512: the first factor is a table entry with an integer added
// to its exponent, the second a Taylor polynomial whose first missing term is r⁵/120 < 4e-17. Adding 1.5·2⁵² rounds and
// leaves n in the low bits.
func Exp2(v float64) float64 {
	const magic = 0x1.8p52
	z := float64(v*exp2Steps) + magic
	n := math.Float64bits(z)
	r := (v - float64((z-magic)*(1.0/exp2Steps))) * math.Ln2
	p := 1.0/6 + float64(r*(1.0/24))
	p = 0.5 + float64(r*p)
	p = 1 + float64(r*p)
	p = 1 + float64(r*p)
	return float64(p * math.Float64frombits(exp2Table[n%exp2Steps]+n/exp2Steps<<52))
}

const log2Steps = 128

// log2Table holds c_k = 1 + k/128 by its reciprocal and its logarithm.
var log2Table = func() (t [log2Steps]struct{ reciprocal, log float64 }) {
	for k := range t {
		c := 1 + float64(k)/log2Steps
		t[k].reciprocal, t[k].log = 1/c, math.Log2(c)
	}
	return t
}()

// Log2 returns log2 v within 5e-16 of 1 or of the result, whichever is larger, several times as fast as math.Log2 and
// exact at powers of two.
//
// With v = 2^n m and c_k the largest entry up to m, r = m/c_k − 1 is in [0, 1/128): the first term that the Taylor
// polynomial of log2 (1 + r) leaves out is r⁸/(8 ln 2) < 3e-18.
func Log2(v float64) float64 {
	const mantissa = 1<<52 - 1
	bits := math.Float64bits(v)
	if n := bits >> 52; n == 0 || n >= 0x7ff { // zero and subnormal; infinite, NaN and negative
		return math.Log2(v)
	}
	c := &log2Table[bits>>45%log2Steps]
	r := float64(math.Float64frombits(bits&mantissa|1023<<52)*c.reciprocal) - 1
	p := 1.0/6 - float64(r*(1.0/7))
	p = 1.0/5 - float64(r*p)
	p = 1.0/4 - float64(r*p)
	p = 1.0/3 - float64(r*p)
	p = 1.0/2 - float64(r*p)
	p = 1 - float64(r*p)
	return float64(int(bits>>52)-1023) + (c.log + float64(float64(r*p)*math.Log2E))
}
