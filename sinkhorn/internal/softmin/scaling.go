package softmin

import (
	"fmt"
	"math"
)

// Scaling solves small problems of one size with uniform weights, one after the other, by Sinkhorn's iteration on a stored
// kernel: K_ij = 2^(h_j − c_ij + shift_i), u_i = 1/Σ_j K_ij v_j, v_j = (n/m)/Σ_i K_ij u_i. That is a multiply-add a pair
// where the sums of exponentials take twenty. Where a scaling is about to leave the range in which the kernel has all its
// digits, an iteration is made in the log domain and the kernel computed anew, so that the answer is that of the log
// domain at any ε.
type Scaling[T Float] struct {
	n, m, d       int
	rows, columns *Sum[T]
	kernel        []T // [rows, columns]
	u, v          []T // [rows], [columns]
	trial         []T // [columns]
	sum           []float64
	f, g, h       []float64 // potentials in units of ε ln 2, and scores
	moment        []float64
}

// scalingReach is how far scalings may go from 1, in either direction: terms that the kernel's range has cut off stay
// below the rounding of a sum.
const scalingReach = 0x1p40

// NewScaling returns a solver of problems from n points to m points in dimension d.
func NewScaling[T Float](n, m, d int) *Scaling[T] {
	alone := NewTeam(nil, 1)
	rows := New[T](make([]float64, n*d), make([]float64, m*d), d, false, false, alone)
	columns := New[T](make([]float64, m*d), make([]float64, n*d), d, false, false, alone)
	return &Scaling[T]{n: n, m: m, d: d, rows: rows, columns: columns,
		kernel: make([]T, len(rows.shift)*len(rows.h)), u: make([]T, len(rows.shift)), v: make([]T, len(rows.h)),
		trial: make([]T, len(rows.h)), sum: make([]float64, len(rows.shift)),
		f: make([]float64, n), g: make([]float64, m), h: make([]float64, max(n, m)), moment: make([]float64, groupRows*d)}
}

// Project writes the barycentric projection [n, d] of x [n, d] onto y [m, d] after L iterations, rows first, from scalings
// of 1; with L = 0 the rows are normalised only. Factor makes ‖x−y‖² the cost in units of ε ln 2. It returns an error if
// the projection of a row is not finite, or its scores are so large that T does not resolve them.
func (s *Scaling[T]) Project(dst, x, y []T, factor float64, L int) error {
	centre := y[:s.d]
	s.rows.load(x, y, centre, T(factor))
	s.rows.Store()
	for j := range s.g {
		s.g[j] = 0
		if L > 0 {
			s.g[j] = math.Log2(float64(s.m)) // a scaling of 1 for a weight of 1/m
		}
	}
	s.columns.referred = false
	transposed := false
	s.renew()
	for i, v := range s.rows.shift[:s.n] {
		if !s.rows.resolves(float64(v)) {
			return fmt.Errorf("the scores of row %d are not resolved", i)
		}
	}
	for range L {
		if s.step() {
			continue
		}
		if !transposed {
			s.columns.storeTransposed(s.rows)
			transposed = true
		}
		for j, v := range s.v[:s.m] {
			s.g[j] += math.Log2(float64(v))
		}
		s.update(s.f, s.rows, s.g)
		s.update(s.g, s.columns, s.f)
		s.renew()
	}
	return s.mean(dst, centre, T(1/factor))
}

// renew computes the kernel at the potential g, with scalings of 1.
func (s *Scaling[T]) renew() {
	k := kernelsOf[T]()
	r := s.rows
	r.SetScores(s.score(s.g))
	if !r.referred {
		for i := range r.shift {
			r.shift[i] = T(math.Inf(-1))
		}
		k.largest(r.stored, r.h, r.shift)
		for i, v := range r.shift {
			r.shift[i] = -v
		}
		r.referred = true
	}
	copy(s.kernel, r.stored)
	clear(s.sum)
	k.weigh(s.kernel, r.h, r.shift, s.sum)
	for j := range s.v {
		s.v[j] = 1
	}
}

// step makes an iteration on the kernel, and tells whether it has. Where that would lose digits it changes nothing.
func (s *Scaling[T]) step() bool {
	k := kernelsOf[T]()
	k.rowSums(s.kernel, s.v, s.sum)
	for i, v := range s.sum[:s.n] {
		s.u[i] = T(1 / v)
		if !(v > 1/scalingReach && v < scalingReach) {
			return false
		}
	}
	clear(s.trial)
	k.columnSums(s.kernel, s.u, s.trial)
	ratio := T(s.n) / T(s.m)
	for j, c := range s.trial[:s.m] {
		v := ratio / c
		if !(v > 1/scalingReach && v < scalingReach) {
			return false
		}
		s.trial[j] = v
	}
	copy(s.v[:s.m], s.trial)
	return true
}

// update sets one potential from the other by a half-step in the log domain; sums are those of its direction.
func (s *Scaling[T]) update(potential []float64, sums *Sum[T], other []float64) {
	sums.SetScores(s.score(other))
	sums.LogSum(potential)
	for i, v := range potential {
		potential[i] = -v
	}
}

// score returns p + log2 of the uniform weight.
func (s *Scaling[T]) score(p []float64) []float64 {
	h, weight := s.h[:len(p)], math.Log2(float64(len(p)))
	for i, v := range p {
		h[i] = v - weight
	}
	return h
}

// mean writes Σ_j K_ij v_j y_j / Σ_j K_ij v_j.
func (s *Scaling[T]) mean(dst, centre []T, factor T) error {
	k := kernelsOf[T]()
	w, y := lanes[T](), s.rows.targets
	for first := 0; first < len(s.v); first += w { // the targets times their scalings
		v := s.v[first : first+w]
		for c := range s.d {
			vector := y[first*s.d+c*w:][:len(v)]
			for lane, scaling := range v {
				vector[lane] *= scaling
			}
		}
	}
	k.rowSums(s.kernel, s.v, s.sum)
	for row := 0; row < s.n; row += groupRows {
		clear(s.moment)
		k.moments(s.kernel[row*len(s.v):(row+groupRows)*len(s.v)], y, s.d, s.moment)
		for i := row; i < min(row+groupRows, s.n); i++ {
			scale, moment := factor/T(s.sum[i]), s.moment[i-row:]
			out := dst[i*s.d : (i+1)*s.d]
			for c, origin := range centre {
				v := T(moment[c*groupRows])*scale + origin
				out[c] = v
				if v-v != 0 {
					return fmt.Errorf("the projection of row %d is %v", i, v)
				}
			}
		}
	}
	return nil
}

// load replaces the points by others, relative to a centre and scaled.
func (s *Sum[T]) load(x, y, centre []T, factor T) {
	w, d := lanes[T](), s.d
	for first := 0; first < len(x); first += d {
		row, point := s.sources[first:first+d], x[first:first+d]
		for k, origin := range centre {
			row[k] = T(point[k]-origin) * factor
		}
	}
	for first := 0; first < len(y); first += w * d {
		points, vector := y[first:min(first+w*d, len(y))], s.targets[first:first+w*d]
		for lane := 0; lane*d < len(points); lane++ {
			point, column := points[lane*d:(lane+1)*d], vector[lane:]
			for k, origin := range centre {
				column[k*w] = T(point[k]-origin) * factor
			}
		}
	}
	s.referred, s.stored = false, s.stored[:0]
}
