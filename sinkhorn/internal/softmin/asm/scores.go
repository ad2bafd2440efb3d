package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowsAtATime is the number of rows that the kernels for any dimension work on together, to reuse what they load of y.
const rowsAtATime = 4

// scores writes the kernel of the squared distances for any dimension.
func (m *machine) scores() {
	m.function("scores", "x, y []T, d int, scores []T", 0)
	y, dst := m.base("y"), m.base("scores")
	d := m.Load(m.Param("d"), m.GP64())
	rowBytes, blocks := m.GP64(), m.vectors("scores")
	m.SHRQ(operand.U8(shiftOf(rowsAtATime)), blocks)
	m.MOVQ(blocks, rowBytes)
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), rowBytes)
	x := make([]reg.Register, rowsAtATime)
	x[0] = m.base("x")
	for r := 1; r < rowsAtATime; r++ {
		x[r] = m.copyOf(x[r-1])
		for range m.size() {
			m.ADDQ(d, x[r])
		}
	}
	// With 32 registers two vectors of targets at a time, which loads each coordinate of x half as often.
	if m.isa == avx512 {
		pairs, odd := m.copyOf(blocks), m.GP64()
		m.SHRQ(operand.U8(1), pairs)
		m.JZ(operand.LabelRef("last"))
		m.loop("pair", pairs, func() { m.scoresOf(2, "pairDimension", x, y, d, dst, rowBytes) })
		m.Label("last")
		m.MOVQ(blocks, odd)
		m.ANDQ(operand.U8(1), odd)
		m.JZ(operand.LabelRef("end"))
		m.scoresOf(1, "dimension", x, y, d, dst, rowBytes)
		m.Label("end")
	} else {
		m.loop("column", blocks, func() { m.scoresOf(1, "dimension", x, y, d, dst, rowBytes) })
	}
	m.end()
}

// scoresOf writes the scores of count vectors of targets, and advances y and dst past them.
func (m *machine) scoresOf(count int, label string, x []reg.Register, y, d, dst, rowBytes reg.Register) {
	acc := make([][][]reg.VecVirtual, rowsAtATime)
	for r := range acc {
		for range count {
			acc[r] = append(acc[r], m.zeros())
		}
	}
	k, ys := m.GP64(), []reg.Register{y}
	m.XORQ(k, k)
	if count == 2 {
		second := m.copyOf(d)
		m.SHLQ(operand.U8(shiftOf(vectorBytes)), second)
		m.ADDQ(y, second)
		ys = append(ys, second)
	}
	m.Label(label)
	to := make([][]reg.VecVirtual, count)
	for c := range to {
		to[c] = m.vector()
		for p := range to[c] {
			m.move(m.part(ys[c], 0, p), to[c][p])
		}
		m.advance(ys[c], vectorBytes)
	}
	for r := range acc {
		v := m.register()
		m.broadcast(operand.Mem{Base: x[r], Index: k, Scale: uint8(m.size())}, v)
		for c := range to {
			for p := range to[c] {
				u := m.register()
				m.sub(v, to[c][p], u)
				m.subSquare(u, acc[r][c][p])
			}
		}
	}
	m.INCQ(k)
	m.CMPQ(k, d)
	m.JLT(operand.LabelRef(label))
	if count == 2 {
		m.MOVQ(ys[1], y)
	}
	out := m.copyOf(dst)
	for r := range acc {
		for c := range acc[r] {
			for p := range acc[r][c] {
				m.move(acc[r][c][p], m.part(out, c*vectorBytes, p))
			}
		}
		m.ADDQ(rowBytes, out)
	}
	m.advance(dst, count*vectorBytes)
}

// root writes the kernel that makes distances of squared ones.
func (m *machine) root() {
	m.function("root", "scores []T", 0)
	s, n := m.base("scores"), m.vectors("scores")
	zero := m.register()
	m.zero(zero)
	m.loop("vector", n, func() {
		for p := range m.parts() {
			t := m.register()
			m.sub(zero, m.part(s, 0, p), t)
			m.pick(m.VSQRTPS, m.VSQRTPD)(t, t)
			m.sub(zero, t, t)
			m.move(t, m.part(s, 0, p))
		}
		m.advance(s, vectorBytes)
	})
	m.end()
}

// largest writes the kernel of the largest score of a row.
func (m *machine) largest() {
	m.function("largest", "scores, h, largest []T", 0)
	s, h, dst, rows, blocks := m.base("scores"), m.base("h"), m.base("largest"), m.length("largest"), m.vectors("h")
	m.loop("row", rows, func() {
		most := m.vector()
		for p := range most {
			m.broadcast(operand.Mem{Base: dst}, most[p])
		}
		hp, n := m.copyOf(h), m.copyOf(blocks)
		m.loop("column", n, func() {
			for p := range most {
				t := m.register()
				m.move(m.part(s, 0, p), t)
				m.add(t, m.part(hp, 0, p), t)
				m.max(most[p], t, most[p])
			}
			m.advance(s, vectorBytes)
			m.advance(hp, vectorBytes)
		})
		m.storeScalar(m.largestLane(most), operand.Mem{Base: dst})
		m.advance(dst, m.size())
	})
	m.end()
}

// sumScores writes the kernel that does what sum does, for scores that are there already.
func (m *machine) sumScores() {
	m.function("sumScores", "scores, h, shift []T, sum []float64", m.heldConstants())
	m.rowsOfScores(false)
}

// weigh writes the kernel that does what sumScores does and also leaves the weights in the place of the scores.
func (m *machine) weigh() {
	m.function("weigh", "scores, h, shift []T, sum []float64", m.heldConstants())
	m.rowsOfScores(true)
}

func (m *machine) rowsOfScores(store bool) {
	s, h, shift, sum := m.base("scores"), m.base("h"), m.base("shift"), m.base("sum")
	rows, blocks := m.length("sum"), m.vectors("h")
	m.loop("row", rows, func() {
		own := m.register()
		m.broadcast(operand.Mem{Base: shift}, own)
		total := m.zeros()
		hp, n := m.copyOf(h), m.copyOf(blocks)
		m.loop("column", n, func() {
			for p := range m.parts() {
				t := m.register()
				m.add(own, m.part(hp, 0, p), t)
				m.add(t, m.part(s, 0, p), t)
				m.exp2(t)
				m.add(total[p], t, total[p])
				if store {
					m.move(t, m.part(s, 0, p))
				}
			}
			m.advance(s, vectorBytes)
			m.advance(hp, vectorBytes)
		})
		m.addTo(total, operand.Mem{Base: sum})
		m.advance(shift, m.size())
		m.advance(sum, 8)
	})
	m.end()
}

// moments writes the kernel of weighted sums of coordinates for any dimension.
func (m *machine) moments() {
	m.function("moments", "weights, y []T, d int, moment []float64", 0)
	m.flush()
	w, y, dst := m.base("weights"), m.base("y"), m.base("moment")
	d := m.Load(m.Param("d"), m.GP64())
	rowBytes, blocks, pointBytes := m.GP64(), m.vectors("weights"), m.copyOf(d)
	m.SHRQ(operand.U8(shiftOf(rowsAtATime)), blocks)
	m.MOVQ(blocks, rowBytes)
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), rowBytes)
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), pointBytes)
	m.loop("dimension", d, func() {
		sums := m.productsOfFour(w, y, rowBytes, blocks, func(vector reg.Register) { m.ADDQ(pointBytes, vector) })
		m.VADDPD(operand.Mem{Base: dst}, sums, sums)
		m.VMOVUPD(sums, operand.Mem{Base: dst})
		m.advance(dst, 8*rowsAtATime)
		m.advance(y, vectorBytes)
	})
	m.end()
}
