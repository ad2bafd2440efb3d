package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type isa string

const (
	avx2   isa = "AVX2"
	avx512 isa = "AVX512"
)

// vectorBytes is the virtual width of both instruction sets: one 512-bit register, or a pair of 256-bit ones.
const vectorBytes = 64

// machine writes instructions for one instruction set and one precision. Everything that could change a result, the
// order of operations, the lanes of a sum and the polynomial, is decided above it.
type machine struct {
	*build.Context
	isa       isa
	bits      int
	constants operand.Mem      // each constant repeated over a whole vector
	held      []reg.VecVirtual // the constants that this function keeps in registers, from the first on
}

// The constants in the order of their places: the exponential's range and rounding, then its coefficients from the
// highest power down to the constant 1.
const (
	clampAt = iota
	magicAt
	coefficientsAt
)

func newMachine(c *build.Context, isa isa, bits int) *machine {
	m := &machine{Context: c, isa: isa, bits: bits}
	c.ConstraintExpr("amd64")
	lowest, magic, degree := -126.0, 0x1.8p23, 5
	if bits == 64 {
		lowest, magic, degree = -1022, 0x1.8p52, 11
	}
	values := []float64{lowest, magic}
	q := exp2Coefficients(degree)
	for k := len(q) - 1; k >= 0; k-- {
		values = append(values, q[k])
	}
	values = append(values, 1)
	m.constants = c.StaticGlobal(fmt.Sprintf("constantsFloat%d%s", bits, isa))
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for _, v := range values {
		for range vectorBytes * 8 / bits {
			if bits == 32 {
				c.AppendDatum(operand.U32(math.Float32bits(float32(v))))
			} else {
				c.AppendDatum(operand.U64(math.Float64bits(v)))
			}
		}
	}
	return m
}

// float is the name of the Go type.
func (m *machine) float() string { return fmt.Sprintf("float%d", m.bits) }

func (m *machine) size() int { return m.bits / 8 }

// parts is the number of registers that make a virtual vector.
func (m *machine) parts() int {
	if m.isa == avx512 {
		return 1
	}
	return 2
}

// partBytes is the size of one register.
func (m *machine) partBytes() int { return vectorBytes / m.parts() }

func (m *machine) register() reg.VecVirtual {
	if m.isa == avx512 {
		return m.ZMM()
	}
	return m.YMM()
}

func (m *machine) vector() []reg.VecVirtual {
	v := make([]reg.VecVirtual, m.parts())
	for p := range v {
		v[p] = m.register()
	}
	return v
}

func (m *machine) part(base reg.Register, offset, p int) operand.Mem {
	return operand.Mem{Base: base, Disp: offset + p*m.partBytes()}
}

// function opens a function that keeps count constants in registers.
func (m *machine) function(name, arguments string, count int) {
	m.Function(fmt.Sprintf("%sFloat%d%s", name, m.bits, m.isa))
	m.Attributes(attr.NOSPLIT)
	m.SignatureExpr(fmt.Sprintf("func(%s)", strings.ReplaceAll(arguments, "T", m.float())))
	m.Doc(fmt.Sprintf("%sFloat%d%s is kernels.%s for %s.", name, m.bits, m.isa, strings.TrimRight(name, "1234"), m.isa))
	m.held = nil
	for k := range count {
		r := m.register()
		m.move(m.constants.Offset(k*vectorBytes), r)
		m.held = append(m.held, r)
	}
}

func (m *machine) constant(k int) operand.Op {
	if k < len(m.held) {
		return m.held[k]
	}
	return m.constants.Offset(k * vectorBytes)
}

func (m *machine) allConstants() int { return coefficientsAt + m.degree() + 1 }

func (m *machine) degree() int {
	if m.bits == 32 {
		return 5
	}
	return 11
}

func (m *machine) end() {
	m.VZEROUPPER()
	m.RET()
}

type op func(...operand.Op)

func (m *machine) pick(single, double op) op {
	if m.bits == 32 {
		return single
	}
	return double
}

func (m *machine) move(from, to operand.Op) { m.pick(m.VMOVUPS, m.VMOVUPD)(from, to) }
func (m *machine) zero(v reg.VecVirtual) {
	if m.isa == avx512 {
		m.VPXORD(v, v, v)
	} else {
		m.VXORPD(v, v, v)
	}
}
func (m *machine) broadcast(from operand.Op, to reg.VecVirtual) {
	m.pick(m.VBROADCASTSS, m.VBROADCASTSD)(from, to)
}

// add sets to = a + b, where b may be in memory.
func (m *machine) add(a, b, to operand.Op) { m.pick(m.VADDPS, m.VADDPD)(b, a, to) }

// sub sets to = a − b, where b may be in memory.
func (m *machine) sub(a, b, to operand.Op) { m.pick(m.VSUBPS, m.VSUBPD)(b, a, to) }

// max sets to = the larger of a and b, and b where either is NaN.
func (m *machine) max(a, b, to operand.Op) { m.pick(m.VMAXPS, m.VMAXPD)(b, a, to) }

// addProduct sets to = to + a·b, rounded once, where b may be in memory.
func (m *machine) addProduct(a, b, to operand.Op) { m.pick(m.VFMADD231PS, m.VFMADD231PD)(b, a, to) }

// subSquare sets to = to − a², rounded once.
func (m *machine) subSquare(a, to operand.Op) { m.pick(m.VFNMADD231PS, m.VFNMADD231PD)(a, a, to) }

// horner sets to = to·f + c, rounded once, where c may be in memory.
func (m *machine) horner(f, c, to operand.Op) { m.pick(m.VFMADD213PS, m.VFMADD213PD)(c, f, to) }

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

func (m *machine) storeScalar(x reg.VecVirtual, to operand.Mem) { m.pick(m.VMOVSS, m.VMOVSD)(x, to) }
