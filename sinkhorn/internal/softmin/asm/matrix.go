package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowSums writes the kernel of a stored matrix times a vector.
func (m *machine) rowSums() {
	m.function("rowSums", "kernel, v []T, sum []float64", 0)
	m.flush()
	k, v, dst := m.base("kernel"), m.base("v"), m.base("sum")
	rows, blocks := m.length("sum"), m.vectors("v")
	rowBytes := m.copyOf(blocks)
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), rowBytes)
	m.SHRQ(operand.U8(shiftOf(rowsAtATime)), rows)
	m.loop("row", rows, func() {
		sums := m.productsOfFour(k, v, rowBytes, blocks, func(vector reg.Register) { m.advance(vector, vectorBytes) })
		m.VMOVUPD(sums, operand.Mem{Base: dst})
		m.advance(dst, 8*rowsAtATime)
		for range rowsAtATime {
			m.ADDQ(rowBytes, k)
		}
	})
	m.end()
}

// productsOfFour writes the sums [rowsAtATime] over columns of four rows, which begin at rows, times the numbers at v. Both
// registers keep their values. next moves on to the next vector of v.
func (m *machine) productsOfFour(rows, v, rowBytes, blocks reg.Register, next func(vector reg.Register)) reg.VecVirtual {
	acc := make([][]reg.VecVirtual, rowsAtATime)
	for r := range acc {
		acc[r] = m.zeros()
	}
	first, vector, n := m.copyOf(rows), m.copyOf(v), m.copyOf(blocks)
	m.loop("column", n, func() {
		row := m.copyOf(first)
		factors := m.vector()
		for p := range factors {
			m.move(m.part(vector, 0, p), factors[p])
		}
		for r := range acc {
			for p := range factors {
				m.addProduct(factors[p], m.part(row, 0, p), acc[r][p])
			}
			m.ADDQ(rowBytes, row)
		}
		next(vector)
		m.advance(first, vectorBytes)
	})
	return m.reduceFour(acc)
}

// columnSums writes the kernel of a vector times a stored matrix.
func (m *machine) columnSums() {
	m.function("columnSums", "kernel, u, sum []T", 0)
	m.flush()
	k, u, dst := m.base("kernel"), m.base("u"), m.base("sum")
	groups, blocks := m.length("u"), m.vectors("sum")
	m.SHRQ(operand.U8(shiftOf(rowsAtATime)), groups)
	rowBytes, threeRows := m.copyOf(blocks), m.GP64()
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), rowBytes)
	m.LEAQ(operand.Mem{Base: rowBytes, Index: rowBytes, Scale: 2}, threeRows)
	rowsFrom := func(first reg.Register, c, p int) []operand.Mem { // the places of a vector in a group of rows
		place := m.part(first, c*vectorBytes, p)
		places := []operand.Mem{place, place, place, place}
		places[1].Index, places[1].Scale = rowBytes, 1
		places[2].Index, places[2].Scale = rowBytes, 2
		places[3].Index, places[3].Scale = threeRows, 1
		return places
	}
	// Several vectors of columns at a time hide that each addition waits for the one before.
	const together = 4
	sumColumns := func(count int, label string) {
		acc := make([][]reg.VecVirtual, count)
		for c := range acc {
			acc[c] = m.vector()
			for p := range acc[c] {
				m.move(m.part(dst, c*vectorBytes, p), acc[c][p])
			}
		}
		row, up, n := m.copyOf(k), m.copyOf(u), m.copyOf(groups)
		m.loop(label, n, func() {
			for r := range rowsAtATime {
				own := m.register()
				m.broadcast(operand.Mem{Base: up, Disp: r * m.size()}, own)
				for c := range acc {
					for p := range acc[c] {
						m.addProduct(own, rowsFrom(row, c, p)[r], acc[c][p])
					}
				}
			}
			m.LEAQ(operand.Mem{Base: row, Index: rowBytes, Scale: 4}, row)
			m.advance(up, rowsAtATime*m.size())
		})
		for c := range acc {
			for p := range acc[c] {
				m.move(acc[c][p], m.part(dst, c*vectorBytes, p))
			}
		}
		m.advance(dst, count*vectorBytes)
		m.advance(k, count*vectorBytes)
	}
	fours, rest := m.copyOf(blocks), m.copyOf(blocks)
	m.SHRQ(operand.U8(shiftOf(together)), fours)
	m.JZ(operand.LabelRef("few"))
	m.loop("four", fours, func() { sumColumns(together, "rowsOfFour") })
	m.Label("few")
	m.ANDQ(operand.U8(together-1), rest)
	m.JZ(operand.LabelRef("end"))
	m.loop("one", rest, func() { sumColumns(1, "rowsOfOne") })
	m.Label("end")
	m.end()
}

// widen writes the kernel that adds numbers of T to float64.
func (m *machine) widen() {
	m.function("widen", "from []T, to []float64", 0)
	from, to, n := m.base("from"), m.base("to"), m.length("to")
	m.SHRQ(operand.U8(shiftOf(m.partBytes()/8)), n)
	m.loop("vector", n, func() {
		v := m.register()
		if m.bits == 32 {
			m.VCVTPS2PD(operand.Mem{Base: from}, v)
		} else {
			m.VMOVUPD(operand.Mem{Base: from}, v)
		}
		m.VADDPD(operand.Mem{Base: to}, v, v)
		m.VMOVUPD(v, operand.Mem{Base: to})
		m.advance(from, m.partBytes()*m.size()/8)
		m.advance(to, m.partBytes())
	})
	m.end()
}
