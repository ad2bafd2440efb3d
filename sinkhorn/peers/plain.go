//go:build linux && amd64

package main

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// plain is Sinkhorn's iteration without anything around it, as the other libraries' loops are: uniform weights, cost
// ‖x−y‖²/2, potentials in units of ε ln 2.
type plain[T softmin.Float] struct {
	rows, columns *softmin.Sum[T]
	f, g, h, a, b []float64
	scale         float64
}

func newPlain[T softmin.Float](x, y []float64, d int, epsilon float64, team *softmin.Team) *plain[T] {
	p := &plain[T]{rows: softmin.New[T](x, y, d, false, false, team), columns: softmin.New[T](y, x, d, false, false, team),
		f: make([]float64, len(x)/d), g: make([]float64, len(y)/d), h: make([]float64, max(len(x), len(y))/d),
		scale: math.Sqrt(1 / (2 * epsilon * math.Ln2))}
	p.a, p.b = uniform(len(p.f)), uniform(len(p.g))
	p.rows.Scale(p.scale)
	p.columns.Scale(p.scale)
	p.rows.Keep()
	p.columns.Keep()
	return p
}

// score returns the scores of a potential.
func (p *plain[T]) score(potential []float64) []float64 {
	h, weight := p.h[:len(potential)], math.Log2(float64(len(potential)))
	for i, v := range potential {
		h[i] = v - weight
	}
	return h
}

// update updates one potential from the other, and that from the first.
func (p *plain[T]) update(to []float64, sums *softmin.Sum[T], from []float64, opposite *softmin.Sum[T], mass []float64) {
	sums.SetScores(p.score(from))
	both := sums.LogSums(to, from, mass)
	floats.Scale(-1, to)
	if !both {
		opposite.SetScores(p.score(to))
		opposite.LogSum(from)
	}
	floats.Scale(-1, from)
}

// iterate updates both potentials so many times, rows first.
func (p *plain[T]) iterate(times int) {
	for range times {
		p.update(p.f, p.rows, p.g, p.columns, p.a)
	}
}

// average updates the potential of a cloud against itself, f ← (f − L(f))/2: the symmetric iteration.
func (p *plain[T]) average() {
	p.rows.SetScores(p.score(p.g))
	p.rows.LogSum(p.f)
	for i, v := range p.f {
		p.g[i] = (p.g[i] - v) / 2
	}
}

// check returns the linear cost and the L1 error of the marginals of potentials in units of ε ln 2, in float64.
func check(x, y []float64, d int, f, g []float64, epsilon float64) (linear, err float64) {
	n, m := len(f), len(g)
	columns := make([]float64, m)
	for i := range n {
		row := 0.0
		for j := range m {
			c := 0.0
			for k := range d {
				u := x[i*d+k] - y[j*d+k]
				c += u * u / 2
			}
			p := math.Exp2(f[i]+g[j]-c/(epsilon*math.Ln2)) / float64(n*m)
			linear += p * c
			row += p
			columns[j] += p
		}
		err += math.Abs(row - 1/float64(n))
	}
	for _, c := range columns {
		err += math.Abs(c - 1/float64(m))
	}
	return linear, err
}
