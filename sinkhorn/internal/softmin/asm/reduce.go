package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reduce returns the sum of all lanes in float64, always along the same tree: lane i with lane i + 8 (for 16 lanes), then
// + 4, + 2, + 1.
func (m *machine) reduce(v []reg.VecVirtual) reg.VecVirtual {
	s := m.YMM()
	switch {
	case m.bits == 32 && m.isa == avx512:
		low, high, upper := m.ZMM(), m.ZMM(), m.YMM()
		m.VEXTRACTF64X4(operand.U8(1), v[0], upper)
		m.VCVTPS2PD(v[0].AsY(), low)
		m.VCVTPS2PD(upper, high)
		m.VADDPD(high, low, low)
		m.VEXTRACTF64X4(operand.U8(1), low, upper)
		m.VADDPD(upper, low.AsY(), s)
	case m.bits == 32:
		upper, a, b, other := m.XMM(), m.YMM(), m.YMM(), m.YMM()
		m.VCVTPS2PD(v[0].AsX(), s)
		m.VCVTPS2PD(v[1].AsX(), a)
		m.VADDPD(a, s, s)
		m.VEXTRACTF128(operand.U8(1), v[0], upper)
		m.VCVTPS2PD(upper, b)
		m.VEXTRACTF128(operand.U8(1), v[1], upper)
		m.VCVTPS2PD(upper, other)
		m.VADDPD(other, b, b)
		m.VADDPD(b, s, s)
	case m.isa == avx512:
		upper := m.YMM()
		m.VEXTRACTF64X4(operand.U8(1), v[0], upper)
		m.VADDPD(upper, v[0].AsY(), s)
	default:
		m.VADDPD(v[1], v[0], s)
	}
	half := m.XMM()
	m.extractHalf(s, half)
	m.VADDPD(half, s.AsX(), half)
	m.VPERMILPD(operand.U8(1), half, s.AsX())
	m.VADDSD(s.AsX(), half, half)
	return half
}

// extractHalf copies the upper half of a 256-bit register, by an instruction that reaches all 32 registers where they are.
func (m *machine) extractHalf(y, half operand.Op) {
	if m.isa == avx512 {
		m.VEXTRACTF64X2(operand.U8(1), y, half)
	} else {
		m.VEXTRACTF128(operand.U8(1), y, half)
	}
}

// addTo adds the sum of all lanes to a float64 in memory.
func (m *machine) addTo(v []reg.VecVirtual, sum operand.Mem) {
	s := m.reduce(v)
	m.VADDSD(sum, s, s)
	m.VMOVSD(s, sum)
}

// reduceFour returns the sums of all lanes of four vectors in the four lanes of a 256-bit register, in float64: lane i with
// lane i + half of them, then neighbours.
func (m *machine) reduceFour(v [][]reg.VecVirtual) reg.VecVirtual {
	halves := make([]reg.VecVirtual, len(v))
	for r := range v {
		halves[r] = m.YMM()
		if m.isa == avx512 {
			m.VEXTRACTF64X4(operand.U8(1), v[r][0], halves[r])
			m.pick(m.VADDPS, m.VADDPD)(halves[r], v[r][0].AsY(), halves[r])
		} else {
			m.pick(m.VADDPS, m.VADDPD)(v[r][1], v[r][0], halves[r])
		}
	}
	a, b := halves[0], halves[2]
	if m.bits == 64 { // [a0+a1, b0+b1, a2+a3, b2+b3] of each two, then the halves that belong together
		m.VHADDPD(halves[1], a, a)
		m.VHADDPD(halves[3], b, b)
		low, high := m.YMM(), m.YMM()
		m.VPERM2F128(operand.U8(0x20), b, a, low)
		m.VPERM2F128(operand.U8(0x31), b, a, high)
		m.VADDPD(high, low, low)
		return low
	}
	m.VHADDPS(halves[1], a, a)
	m.VHADDPS(halves[3], b, b)
	m.VHADDPS(b, a, a)
	upper, sums := m.XMM(), m.YMM()
	m.VEXTRACTF128(operand.U8(1), a, upper)
	m.VADDPS(upper, a.AsX(), upper)
	m.VCVTPS2PD(upper, sums)
	return sums
}

// largestLane returns the largest lane.
func (m *machine) largestLane(v []reg.VecVirtual) reg.VecVirtual {
	y, half := m.YMM(), m.XMM()
	if m.isa == avx512 {
		m.VEXTRACTF64X4(operand.U8(1), v[0], y)
		m.max(y, v[0].AsY(), y)
	} else {
		m.max(v[0], v[1], y)
	}
	x := m.XMM()
	m.extractHalf(y, half)
	m.max(half, y.AsX(), x)
	m.VPERMILPD(operand.U8(1), x, half)
	m.max(half, x, x)
	if m.bits == 32 {
		m.VPERMILPS(operand.U8(1), x, half)
		m.max(half, x, x)
	}
	return x
}
