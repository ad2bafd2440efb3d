package main

import (
	"math"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// exp2Coefficients returns c_1 … c_degree of the polynomial 1 + c_1 f + … that approximates 2^f for |f| ≤ ½: it
// interpolates (2^f − 1)/f at the Chebyshev points, so that it is exact at f = 0 and nearly the best elsewhere.
func exp2Coefficients(degree int) []float64 {
	nodes, divided := make([]float64, degree), make([]float64, degree)
	for i := range nodes {
		f := math.Cos(math.Pi*(float64(i)+0.5)/float64(degree)) / 2
		nodes[i], divided[i] = f, math.Ln2
		if f != 0 {
			divided[i] = math.Expm1(f*math.Ln2) / f
		}
	}
	for k := 1; k < degree; k++ {
		for i := degree - 1; i >= k; i-- {
			divided[i] = (divided[i] - divided[i-1]) / (nodes[i] - nodes[i-k])
		}
	}
	// Newton's form, from the innermost bracket out: q ← q·(f − node_i) + divided_i.
	q := []float64{divided[degree-1]}
	for i := degree - 2; i >= 0; i-- {
		next := append([]float64{divided[i]}, slices.Clone(q)...)
		for k, c := range q {
			next[k] -= c * nodes[i]
		}
		q = next
	}
	return q
}

// exp2 replaces each t by 2^t, for t from the clamp to 126, all in step. Adding the magic number 1.5·2^23 (1.5·2^52) rounds
// t to an integer n and leaves it in the low bits; f = t − n is at most ½, 2^f a polynomial, and n shifted into place adds
// to its exponent.
func (m *machine) exp2(ts ...reg.VecVirtual) {
	zs, ps := make([]reg.VecVirtual, len(ts)), make([]reg.VecVirtual, len(ts))
	for i, t := range ts {
		zs[i], ps[i] = m.register(), m.register()
		m.max(m.constant(clampAt), t, t)
	}
	for i, t := range ts {
		m.add(m.constantRegister(magicAt), t, zs[i])
		m.sub(zs[i], m.constant(magicAt), ps[i])
	}
	for i, t := range ts {
		m.sub(t, ps[i], t)
		m.move(m.constant(coefficientsAt), ps[i])
	}
	for k := 1; k <= m.degree(); k++ {
		for i, t := range ts {
			m.horner(t, m.constant(coefficientsAt+k), ps[i])
		}
	}
	for i, t := range ts {
		if m.bits == 32 {
			m.VPSLLD(operand.U8(23), zs[i], zs[i])
			m.VPADDD(ps[i], zs[i], t)
		} else {
			m.VPSLLQ(operand.U8(52), zs[i], zs[i])
			m.VPADDQ(ps[i], zs[i], t)
		}
	}
}

// constantRegister returns a constant that must be held in a register.
func (m *machine) constantRegister(k int) reg.VecVirtual { return m.held[k] }
