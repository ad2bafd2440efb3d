package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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

// sum writes the kernel of the inner loop of all iterations, for dimension d.
func (m *machine) sum(d int) {
	m.function(fmt.Sprintf("sum%d", d), "x, y, h, shift []T, sum []float64", m.heldConstants())
	m.pairs(d, sums)
}

// mean writes sum with the weighted coordinates beside it.
func (m *machine) mean(d int) {
	m.function(fmt.Sprintf("mean%d", d), "x, y, h, shift []T, sum, moment []float64", m.heldConstants())
	m.pairs(d, moments)
}

// terms writes sum that leaves the terms behind.
func (m *machine) terms(d int) {
	m.function(fmt.Sprintf("terms%d", d), "x, y, h, shift, terms []T, sum []float64", m.heldConstants())
	m.pairs(d, terms)
}

// product is what the kernels of pairs make of the terms beside their sums.
type product int

const (
	sums product = iota
	moments
	terms
)

// heldConstants is all of them where there are 32 registers, the range and the rounding where there are 16.
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
	at := m.copyOf(dst)
	for r := range acc {
		for c := range acc[r] {
			for p := range acc[r][c] {
				m.move(acc[r][c][p], m.part(at, c*vectorBytes, p))
			}
		}
		m.ADDQ(rowBytes, at)
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

// sumScores writes sum for scores that are there already.
func (m *machine) sumScores() {
	m.function("sumScores", "scores, h, shift []T, sum []float64", m.heldConstants())
	m.rowsOfScores(false)
}

// weigh writes sumScores that leaves the weights in the place of the scores.
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
	w, y, dst := m.base("weights"), m.base("y"), m.base("moment")
	d := m.Load(m.Param("d"), m.GP64())
	rowBytes, blocks, pointBytes := m.GP64(), m.vectors("weights"), m.copyOf(d)
	m.SHRQ(operand.U8(shiftOf(rowsAtATime)), blocks)
	m.MOVQ(blocks, rowBytes)
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), rowBytes)
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), pointBytes)
	m.loop("dimension", d, func() {
		acc := make([][]reg.VecVirtual, rowsAtATime)
		for r := range acc {
			acc[r] = m.zeros()
		}
		wp, yp, n := m.copyOf(w), m.copyOf(y), m.copyOf(blocks)
		m.loop("column", n, func() {
			row := m.copyOf(wp)
			of := m.vector()
			for p := range of {
				m.move(m.part(yp, 0, p), of[p])
			}
			for r := range acc {
				for p := range of {
					m.addProduct(of[p], m.part(row, 0, p), acc[r][p])
				}
				m.ADDQ(rowBytes, row)
			}
			m.ADDQ(pointBytes, yp)
			m.advance(wp, vectorBytes)
		})
		sums := m.reduceFour(acc)
		m.VADDPD(operand.Mem{Base: dst}, sums, sums)
		m.VMOVUPD(sums, operand.Mem{Base: dst})
		m.advance(dst, 8*rowsAtATime)
		m.advance(y, vectorBytes)
	})
	m.end()
}

// rowSums writes the kernel of a stored matrix times a vector.
func (m *machine) rowSums() {
	m.function("rowSums", "kernel, v []T, sum []float64", 0)
	k, v, dst := m.base("kernel"), m.base("v"), m.base("sum")
	rows, blocks := m.length("sum"), m.vectors("v")
	rowBytes := m.copyOf(blocks)
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), rowBytes)
	m.SHRQ(operand.U8(shiftOf(rowsAtATime)), rows)
	m.loop("row", rows, func() {
		acc := make([][]reg.VecVirtual, rowsAtATime)
		for r := range acc {
			acc[r] = m.zeros()
		}
		first, vp, n := m.copyOf(k), m.copyOf(v), m.copyOf(blocks)
		m.loop("column", n, func() {
			row := m.copyOf(first)
			of := m.vector()
			for p := range of {
				m.move(m.part(vp, 0, p), of[p])
			}
			for r := range acc {
				for p := range of {
					m.addProduct(of[p], m.part(row, 0, p), acc[r][p])
				}
				m.ADDQ(rowBytes, row)
			}
			m.advance(first, vectorBytes)
			m.advance(vp, vectorBytes)
		})
		m.VMOVUPD(m.reduceFour(acc), operand.Mem{Base: dst})
		m.advance(dst, 8*rowsAtATime)
		for range rowsAtATime {
			m.ADDQ(rowBytes, k)
		}
	})
	m.end()
}

// columnSums writes the kernel of a vector times a stored matrix.
func (m *machine) columnSums() {
	m.function("columnSums", "kernel, u, sum []T", 0)
	k, u, dst := m.base("kernel"), m.base("u"), m.base("sum")
	groups, blocks := m.length("u"), m.vectors("sum")
	m.SHRQ(operand.U8(shiftOf(rowsAtATime)), groups)
	rowBytes, threeRows := m.copyOf(blocks), m.GP64()
	m.SHLQ(operand.U8(shiftOf(vectorBytes)), rowBytes)
	m.LEAQ(operand.Mem{Base: rowBytes, Index: rowBytes, Scale: 2}, threeRows)
	rowsFrom := func(first reg.Register, c, p int) []operand.Mem { // the places of a vector in a group of rows
		at := m.part(first, c*vectorBytes, p)
		places := []operand.Mem{at, at, at, at}
		places[1].Index, places[1].Scale = rowBytes, 1
		places[2].Index, places[2].Scale = rowBytes, 2
		places[3].Index, places[3].Scale = threeRows, 1
		return places
	}
	// Several vectors of columns at a time hide that each addition waits for the one before.
	const together = 4
	of := func(count int, label string) {
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
	m.loop("four", fours, func() { of(together, "rowsOfFour") })
	m.Label("few")
	m.ANDQ(operand.U8(together-1), rest)
	m.JZ(operand.LabelRef("end"))
	m.loop("one", rest, func() { of(1, "rowsOfOne") })
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
