package fid

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Statistics are what the Fréchet distance takes of features: their mean [d] and their covariance [d, d]. The covariance is unbiased:
// it divides by Count − 1.
type Statistics struct {
	Count      int // images; 0 where a file does not say
	Mean       []float64
	Covariance *mat.SymDense
}

// Moments gathers the statistics of features that come in parts, in memory of order d². Parts of different processes are merged. The
// result does not depend on how the images were divided, up to rounding, which is in the order of 1e-15 of the largest variance.
type Moments struct {
	count   int
	mean    []float64
	scatter *mat.SymDense // Σ (x − mean)(x − mean)ᵀ
}

// NewMoments returns the moments of no features, of d numbers each.
func NewMoments(d int) *Moments { return &Moments{0, make([]float64, d), mat.NewSymDense(d, nil)} }

// together is how many rows are added at a time.
const together = 512

// Add adds features. It returns an error if they are of another number of columns, or if one of them is no number.
func Add[T float32 | float64](m *Moments, f Features[T]) error {
	if f.Columns != len(m.mean) {
		return fmt.Errorf("fid: features of %d numbers, want %d", f.Columns, len(m.mean))
	}
	if err := f.check("features"); err != nil {
		return err
	}
	for first := 0; first < f.Len(); first += together {
		n := min(together, f.Len()-first)
		rows := mat.NewDense(n, f.Columns, nil)
		part := NewMoments(f.Columns)
		part.count = n
		for i := range n {
			to := rows.RawRowView(i)
			for k, v := range f.Row(first + i) {
				to[k] = float64(v)
				part.mean[k] += to[k] / float64(n)
			}
		}
		for i := range n {
			for k, v := range part.mean {
				rows.RawRowView(i)[k] -= v
			}
		}
		part.scatter.SymOuterK(1, rows.T())
		m.Merge(part)
	}
	return nil
}

// Merge adds the features of other moments. It panics if they are of another number of columns.
//
//	mean ← mean + δ n₂/(n₁ + n₂),   scatter ← scatter₁ + scatter₂ + δδᵀ n₁n₂/(n₁ + n₂),   δ = mean₂ − mean₁
//
// Source: Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances (1982).
func (m *Moments) Merge(other *Moments) {
	if len(other.mean) != len(m.mean) {
		panic("fid: moments of features of another number of columns")
	}
	if other.count == 0 {
		return
	}
	n1, n2 := float64(m.count), float64(other.count)
	delta := mat.NewVecDense(len(m.mean), nil)
	for k := range m.mean {
		delta.SetVec(k, other.mean[k]-m.mean[k])
		m.mean[k] += delta.AtVec(k) * n2 / (n1 + n2)
	}
	m.scatter.AddSym(m.scatter, other.scatter)
	m.scatter.SymRankOne(m.scatter, n1*n2/(n1+n2), delta)
	m.count += other.count
}

// Statistics returns the mean and the covariance of what was added, which must be two images or more.
func (m *Moments) Statistics() (Statistics, error) {
	if m.count < 2 {
		return Statistics{}, fmt.Errorf("fid: statistics of %d images, want two or more", m.count)
	}
	s := Statistics{m.count, append([]float64(nil), m.mean...), mat.NewSymDense(len(m.mean), nil)}
	s.Covariance.ScaleSym(1/float64(m.count-1), m.scatter)
	return s, nil
}

// StatisticsOf returns the statistics of features in memory.
func StatisticsOf[T float32 | float64](f Features[T]) (Statistics, error) {
	m := NewMoments(f.Columns)
	if err := Add(m, f); err != nil {
		return Statistics{}, err
	}
	return m.Statistics()
}
