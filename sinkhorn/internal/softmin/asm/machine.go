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
	control   operand.Mem      // where this function keeps the control word that it loads, or no place
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

// part returns the p-th register's share of the vector at base + offset.
func (m *machine) part(base reg.Register, offset, p int) operand.Mem {
	return operand.Mem{Base: base, Disp: offset + p*m.partBytes()}
}

// function opens a function that keeps count constants in registers.
func (m *machine) function(name, arguments string, count int) {
	m.Function(fmt.Sprintf("%sFloat%d%s", name, m.bits, m.isa))
	m.Attributes(attr.NOSPLIT)
	m.SignatureExpr(fmt.Sprintf("func(%s)", strings.ReplaceAll(arguments, "T", m.float())))
	m.Doc(fmt.Sprintf("%sFloat%d%s is kernels.%s for %s.", name, m.bits, m.isa, strings.TrimRight(name, "1234"), m.isa))
	m.held, m.control = nil, operand.Mem{}
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

// The control words of the vector unit: as Go wants it, and with results and operands below the normal numbers taken for 0.
const (
	asGoWants = 0x1f80
	flushing  = asGoWants | 1<<15 | 1<<6
)

// flush takes numbers below the normal ones for 0 until the function ends. A term of an exponential's lowest power times a
// small scaling is such a number, and Intel's processors take a hundred times as long for each.
func (m *machine) flush() {
	m.control = m.AllocLocal(8)
	m.load(flushing)
}

func (m *machine) load(control uint32) {
	m.MOVL(operand.U32(control), m.control)
	m.VLDMXCSR(m.control)
}

func (m *machine) end() {
	if m.control.Base != nil {
		m.load(asGoWants)
	}
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

func (m *machine) storeScalar(x reg.VecVirtual, to operand.Mem) { m.pick(m.VMOVSS, m.VMOVSD)(x, to) }

// base loads the pointer of a slice argument.
func (m *machine) base(name string) reg.Register { return m.Load(m.Param(name).Base(), m.GP64()) }

// length loads the length of a slice argument.
func (m *machine) length(name string) reg.Register { return m.Load(m.Param(name).Len(), m.GP64()) }

// vectors loads the length of a slice argument of T in whole vectors.
func (m *machine) vectors(name string) reg.Register {
	n := m.length(name)
	m.SHRQ(operand.U8(shiftOf(vectorBytes/m.size())), n)
	return n
}

func shiftOf(n int) (s int) {
	for n > 1 {
		n, s = n/2, s+1
	}
	return s
}

func (m *machine) advance(pointer reg.Register, bytes int) { m.ADDQ(operand.I32(bytes), pointer) }

// loop repeats the body count times, at least once. It counts down in the register.
func (m *machine) loop(label string, count reg.Register, body func()) {
	m.Label(label)
	body()
	m.DECQ(count)
	m.JNZ(operand.LabelRef(label))
}

func (m *machine) copyOf(r reg.Register) reg.Register {
	c := m.GP64()
	m.MOVQ(r, c)
	return c
}

func (m *machine) zeros() []reg.VecVirtual {
	v := m.vector()
	for _, r := range v {
		m.zero(r)
	}
	return v
}
