package sinkhorn

import "gonum.org/v1/gonum/floats"

// rounded is the coupling of a solution, rounded to exact marginals. Rows and columns with too much mass are scaled down to
// their weights. The mass that rows and columns then lack is added: missingRow_i · missingColumn_j / missing to the pair
// (i, j).
type rounded struct {
	*Solution
	rowScale, columnScale []float64
	missingColumn         []float64
	missing               float64

	// With a mask, diagonal_i is the mass that the masked pair (i, i) would get. The other pairs of row i and of column i get
	// it instead. In return all pairs outside row i and column i give up share_i of their mass. shares is Σ_i share_i.
	diagonal, share []float64
	shares          float64
}

// negligibleMass is the rounding error of a sum of masses that is 1.
const negligibleMass = 0x1p-48

// rounded returns the coupling rounded to exact marginals, or false where the masked pairs' mass finds no other place.
func (s *Solution) rounded() (*rounded, bool) {
	a, b := s.x.weights, s.y.weights
	r := &rounded{Solution: s, rowScale: make([]float64, s.x.n), columnScale: make([]float64, s.y.n), missingColumn: make([]float64, s.y.n)}
	factor := func(want, have float64) float64 {
		if have > want {
			return want / have
		}
		return 1
	}
	columns := make([]float64, s.y.n)
	s.eachRow(func(i int, row []float64) {
		r.rowScale[i] = factor(a[i], floats.Sum(row))
		floats.AddScaled(columns, r.rowScale[i], row)
	})
	for j, c := range columns {
		r.columnScale[j] = factor(b[j], c)
		r.missingColumn[j] = max(b[j]-r.columnScale[j]*c, 0)
	}
	r.missing = floats.Sum(r.missingColumn)
	return r, !s.mask || r.unmask()
}

// shrink scales row i of the coupling [m] down to what the row and the columns may hold. It returns the mass that the row
// then lacks.
func (r *rounded) shrink(i int, row []float64) (missingRow float64) {
	floats.Scale(r.rowScale[i], row)
	floats.Mul(row, r.columnScale)
	return max(r.x.weights[i]-floats.Sum(row), 0)
}

// unmask finds other places for the masked pairs' mass, and tells whether there are any.
func (r *rounded) unmask() bool {
	n := min(r.x.n, r.y.n)
	r.diagonal, r.share = make([]float64, n), make([]float64, n)
	if !(r.missing > 0) {
		return true
	}
	r.eachRow(func(i int, row []float64) {
		if i < n {
			r.diagonal[i] = r.shrink(i, row) * r.missingColumn[i] / r.missing
		}
	})
	total := floats.Sum(r.diagonal)
	for i, d := range r.diagonal {
		if d == 0 {
			continue
		}
		outside := 1 - total - (r.x.weights[i] - d) - (r.y.weights[i] - d)
		if r.share[i] = d / outside; !(outside > negligibleMass) {
			r.share[i] = 2 // more than there is
		}
		r.shares += r.share[i]
	}
	if r.shares <= 1 {
		return true
	}
	clear(r.diagonal)
	clear(r.share)
	r.shares = 0
	return total <= negligibleMass
}

// round turns row i of the coupling [m] into that of the rounded coupling, in place.
func (r *rounded) round(i int, row []float64) {
	missingRow := r.shrink(i, row)
	if r.missing > 0 {
		floats.AddScaled(row, missingRow/r.missing, r.missingColumn)
	}
	if !r.mask || r.shares == 0 {
		return
	}
	entry := func(v []float64, k int) float64 { // 0 beyond the end of the diagonal
		if k < len(v) {
			return v[k]
		}
		return 0
	}
	own := entry(r.share, i)
	for j, p := range row {
		if i == j {
			continue
		}
		other := entry(r.share, j)
		row[j] = p*(1-(r.shares-own-other)) +
			own*(r.y.weights[j]-entry(r.diagonal, j)-p) + other*(r.x.weights[i]-entry(r.diagonal, i)-p)
	}
}
