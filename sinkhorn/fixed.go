package sinkhorn

import (
	"math"
	"math/bits"
)

// fixed is a whole number of units, see unit, in 192 bits: two's complement, the lowest word first. Sums and differences
// of such numbers are exact, whatever their sizes. It stands in for math/big, which takes memory for each number.
type fixed [3]uint64

func (a fixed) plus(b fixed) (c fixed) {
	var carry uint64
	c[0], carry = bits.Add64(a[0], b[0], 0)
	c[1], carry = bits.Add64(a[1], b[1], carry)
	c[2], _ = bits.Add64(a[2], b[2], carry)
	return c
}

func (a fixed) minus(b fixed) (c fixed) {
	var borrow uint64
	c[0], borrow = bits.Sub64(a[0], b[0], 0)
	c[1], borrow = bits.Sub64(a[1], b[1], borrow)
	c[2], _ = bits.Sub64(a[2], b[2], borrow)
	return c
}

func (a fixed) negative() bool { return int64(a[2]) < 0 }

// unit is a power of two, by its exponent, with the sizes of the three words.
type unit struct {
	exponent int
	words    [3]float64
}

// unitFor returns the smallest unit in which a sum of terms numbers, none larger than largest, does not overflow.
func unitFor(largest float64, terms int) unit {
	_, exponent := math.Frexp(largest)
	u := unit{exponent: exponent + bits.Len(uint(terms)) + 2 - 191}
	for k := range u.words {
		u.words[k] = math.Ldexp(1, u.exponent+64*k)
	}
	return u
}

// fixed returns v ≥ 0 as a number of units. Only digits below the unit are lost.
func (u unit) fixed(v float64) (f fixed) {
	if v == 0 {
		return f
	}
	fraction, exponent := math.Frexp(v)
	mantissa, shift := uint64(math.Ldexp(fraction, 53)), exponent-53-u.exponent
	if shift < 0 {
		f[0] = mantissa >> -shift
		return f
	}
	word, bit := shift/64, shift%64
	f[word] = mantissa << bit
	if word < 2 {
		f[word+1] = mantissa >> (64 - bit)
	}
	return f
}

// signed returns v, of either sign, as a number of units. Only digits below the unit are lost.
func (u unit) signed(v float64) fixed {
	if v < 0 {
		return fixed{}.minus(u.fixed(-v))
	}
	return u.fixed(v)
}

// float returns the number that is f units, rounded.
func (u unit) float(f fixed) float64 {
	sign := 1.0
	if f.negative() {
		sign, f = -1, fixed{}.minus(f)
	}
	return sign * (float64(f[2])*u.words[2] + (float64(f[1])*u.words[1] + float64(f[0])*u.words[0]))
}
