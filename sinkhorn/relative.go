package sinkhorn

import (
	"gonum.org/v1/gonum/mat"
)

// relative holds points from which a centre was subtracted without rounding: every coordinate is the sum of a high and a low
// part, as in twofold.
type relative struct {
	d         int
	high, low []float64 // [points, d]
}

// relativeTo returns some of the points of x, relative to the centre.
func relativeTo(x *mat.Dense, points []int, centre []float64) *relative {
	d := len(centre)
	r := &relative{d, make([]float64, len(points)*d), make([]float64, len(points)*d)}
	for i, p := range points {
		for k, v := range x.RawRowView(p) {
			s := sumOf(v, -centre[k])
			r.high[i*d+k], r.low[i*d+k] = s.high, s.low
		}
	}
	return r
}

func (r *relative) point(i int) (high, low []float64) {
	return r.high[i*r.d : (i+1)*r.d], r.low[i*r.d : (i+1)*r.d]
}

// products returns c·x + constant for every point x.
func (r *relative) products(c []twofold, constant twofold) []twofold {
	p := make([]twofold, len(r.high)/r.d)
	for i := range p {
		p[i] = constant
		high, low := r.point(i)
		for k, v := range c {
			if v.high != 0 {
				p[i] = p[i].plusProduct(v, twofold{high[k], low[k]})
			}
		}
	}
	return p
}
