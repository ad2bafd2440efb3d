package sinkhorn

import "gonum.org/v1/gonum/floats"

// rounded is a coupling made to have exact marginals. Its rows and columns are shrunk to what they may have. What rows and
// columns then lack is added: to the pair (i, j) missingRow_i · missingColumn_j / missing.
type rounded struct {
	*Solution
	rowScale, columnScale []float64
	missingColumn         []float64
	missing               float64

	// With a mask: diagonal_i is the mass that (i, i) would get. It goes to the rest of row and of column i instead. For it
	// the pairs outside of these give share_i of their mass; shares is the sum of all.
	diagonal, share []float64
	shares          float64
}

// negligibleMass is what rounding makes of a mass of 1.
const negligibleMass = 0x1p-48

// rounded returns the coupling with exact marginals, or false where a mask does not let it be found.
func (s *Solution) rounded() (*rounded, bool) {
	a, b := s.x.weights, s.y.weights
	r := &rounded{Solution: s, rowScale: make([]float64, s.x.n), columnScale: make([]float64, s.y.n), missingColumn: make([]float64, s.y.n)}
	shrink := func(want, have float64) float64 {
		if have > want {
			return want / have
		}
		return 1
	}
	columns := make([]float64, s.y.n)
	s.eachRow(func(i int, row []float64) {
		r.rowScale[i] = shrink(a[i], floats.Sum(row))
		floats.AddScaled(columns, r.rowScale[i], row)
	})
	for j, c := range columns {
		r.columnScale[j] = shrink(b[j], c)
		r.missingColumn[j] = max(b[j]-r.columnScale[j]*c, 0)
	}
	r.missing = floats.Sum(r.missingColumn)
	return r, !s.mask || r.unmask()
}

// shrink makes P_i· [m] what row and columns may have, and returns what the row then lacks.
func (r *rounded) shrink(i int, row []float64) (missingRow float64) {
	floats.Scale(r.rowScale[i], row)
	floats.Mul(row, r.columnScale)
	return max(r.x.weights[i]-floats.Sum(row), 0)
}

// unmask shares out the mass that is missing on masked pairs, and tells whether that can be done.
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

// round makes P_i· [m] of the coupling that of the rounded one.
func (r *rounded) round(i int, row []float64) {
	missingRow := r.shrink(i, row)
	if r.missing > 0 {
		floats.AddScaled(row, missingRow/r.missing, r.missingColumn)
	}
	if !r.mask || r.shares == 0 {
		return
	}
	at := func(v []float64, k int) float64 {
		if k < len(v) {
			return v[k]
		}
		return 0
	}
	own := at(r.share, i)
	for j, p := range row {
		if i == j {
			continue
		}
		other := at(r.share, j)
		row[j] = p*(1-(r.shares-own-other)) +
			own*(r.y.weights[j]-at(r.diagonal, j)-p) + other*(r.x.weights[i]-at(r.diagonal, i)-p)
	}
}
