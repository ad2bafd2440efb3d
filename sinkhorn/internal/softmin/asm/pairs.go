package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sum writes the kernel of the inner loop of all iterations, for dimension d.
func (m *machine) sum(d int) {
	m.function(fmt.Sprintf("sum%d", d), "x, y, h, shift []T, sum []float64", m.heldConstants())
	m.pairs(d, sums)
}

// mean writes the kernel that does what sum does and also adds up the weighted coordinates.
func (m *machine) mean(d int) {
	m.function(fmt.Sprintf("mean%d", d), "x, y, h, shift []T, sum, moment []float64", m.heldConstants())
	m.flush()
	m.pairs(d, moments)
}

// terms writes the kernel that does what sum does and also leaves the terms behind.
func (m *machine) terms(d int) {
	m.function(fmt.Sprintf("terms%d", d), "x, y, h, shift, terms []T, sum []float64", m.heldConstants())
	m.pairs(d, terms)
}

// product is what a kernel of pairs makes of the terms.
type product int

const (
	sums product = iota
	moments
	terms
)

// heldConstants returns how many constants registers hold: all of them where there are 32 registers, and where there are 16
// those of the range and the rounding.
func (m *machine) heldConstants() int {
	if m.isa == avx512 {
		return m.allConstants()
	}
	return coefficientsAt
}

func (m *machine) pairs(d int, product product) {
	x, y, h, shift, sum := m.base("x"), m.base("y"), m.base("h"), m.base("shift"), m.base("sum")
	rows, blocks := m.length("sum"), m.vectors("h")
	var moment reg.Register
	if product == moments {
		moment = m.base("moment")
	}
	// Two rows in step, where rows come in fours and there are registers for both, wait less for each other's results.
	together := 1
	if product == terms && m.isa == avx512 {
		together = 2
		m.SHRQ(operand.U8(1), rows)
	}
	left := make([]reg.Register, together) // where the terms of each row go
	if product == terms {
		left[0] = m.base("terms")
		for r := 1; r < together; r++ {
			left[r] = m.copyOf(blocks)
			m.SHLQ(operand.U8(shiftOf(vectorBytes)), left[r])
			m.ADDQ(left[0], left[r])
		}
	}
	// A point of x stays in registers where there are enough of them.
	resident := m.isa == avx512 || product != moments
	point := func(r, k int) operand.Mem { return operand.Mem{Base: x, Disp: (r*d + k) * m.size()} }
	m.loop("row", rows, func() {
		own, total := make([]reg.VecVirtual, together), make([][]reg.VecVirtual, together)
		coordinates := make([][]reg.VecVirtual, together)
		for r := range own {
			own[r] = m.register()
			m.broadcast(operand.Mem{Base: shift, Disp: r * m.size()}, own[r])
			coordinates[r] = make([]reg.VecVirtual, d)
			for k := range d {
				if resident {
					coordinates[r][k] = m.register()
					m.broadcast(point(r, k), coordinates[r][k])
				}
			}
			total[r] = m.zeros()
		}
		weighted := make([][]reg.VecVirtual, d)
		if product == moments {
			for k := range weighted {
				weighted[k] = m.zeros()
			}
		}
		yp, hp, n := m.copyOf(y), m.copyOf(h), m.copyOf(blocks)
		m.loop("column", n, func() {
			for p := range m.parts() {
				t, u := make([]reg.VecVirtual, together), m.register()
				for r := range t {
					t[r] = m.register()
					m.add(own[r], m.part(hp, 0, p), t[r])
				}
				for k := range d {
					for r := range t {
						v := coordinates[r][k]
						if !resident {
							m.broadcast(point(r, k), u)
							v = u
						}
						m.sub(v, m.part(yp, k*vectorBytes, p), u)
						m.subSquare(u, t[r])
					}
				}
				m.exp2(t...)
				for r := range t {
					m.add(total[r][p], t[r], total[r][p])
					if product == terms {
						m.move(t[r], m.part(left[r], 0, p))
					}
				}
				if product == moments {
					for k := range d {
						m.addProduct(t[0], m.part(yp, k*vectorBytes, p), weighted[k][p])
					}
				}
			}
			if product == terms {
				for _, to := range left {
					m.advance(to, vectorBytes)
				}
			}
			m.advance(yp, d*vectorBytes)
			m.advance(hp, vectorBytes)
		})
		for r := range total {
			m.addTo(total[r], operand.Mem{Base: sum, Disp: 8 * r})
		}
		if product == moments {
			for k := range d {
				m.addTo(weighted[k], operand.Mem{Base: moment, Disp: 8 * k})
			}
			m.advance(moment, 8*d)
		}
		if together > 1 { // the first now points at the second's row
			rowBytes := m.copyOf(blocks)
			m.SHLQ(operand.U8(shiftOf(vectorBytes)), rowBytes)
			for _, to := range left {
				m.ADDQ(rowBytes, to)
			}
		}
		m.advance(x, together*d*m.size())
		m.advance(shift, together*m.size())
		m.advance(sum, together*8)
	})
	m.end()
}
