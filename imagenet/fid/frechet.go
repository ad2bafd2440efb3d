package fid

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Frechet returns the Fréchet distance of two normal laws, which is called FID if they are those of Inception features:
//
//	‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁ Σ₂)^½
//
// It is 0 if the laws are equal, never below 0, and has the unit of the features squared. The trace of the root is Σ √λ with the
// eigenvalues λ of Lᵀ Σ₂ L, where Σ₁ = L Lᵀ. This matrix is symmetric: its eigenvalues are real and not negative, but for rounding.
//
// The distance of two samples of one law is not 0, but of order d²/n. So distances compare only if they are of as many images. If one
// of the covariances is singular, as that of fewer images than features is, the distance comes together with a [*RankError]. Who
// takes it nevertheless says so.
//
// Source: Dowson and Landau, The Fréchet Distance between Multivariate Normal Distributions (1982); Heusel et al., GANs Trained by a
// Two Time-Scale Update Rule Converge to a Local Nash Equilibrium (2017).
func Frechet(one, two Statistics) (float64, error) {
	if err := errors.Join(one.check("first"), two.check("second")); err != nil {
		return 0, err
	}
	d := len(one.Mean)
	if len(two.Mean) != d {
		return 0, fmt.Errorf("fid: statistics of %d and of %d features, want as many: they are of different networks", d, len(two.Mean))
	}
	first, second := factor(one.Covariance), factor(two.Covariance)
	var singular error
	if first.rank < d || second.rank < d {
		singular = &RankError{Features: d, Ranks: [2]int{first.rank, second.rank}, Counts: [2]int{one.Count, two.Count}}
	}
	if slices.Equal(one.Mean, two.Mean) && mat.Equal(one.Covariance, two.Covariance) {
		return 0, singular
	}
	l, other := first.lower, two.Covariance
	if second.rank < first.rank { // the smaller matrix, none of whose eigenvalues needs to be 0
		l, other = second.lower, one.Covariance
	}
	root, err := traceOfRoot(l, other)
	if err != nil {
		return 0, err
	}
	shift := floats.Distance(one.Mean, two.Mean, 2)
	return max(shift*shift+mat.Trace(one.Covariance)+mat.Trace(two.Covariance)-2*root, 0), singular
}

// RankError says that a distance is of a singular covariance. It is a number, but not one to compare with those of larger samples.
type RankError struct {
	Features int
	Ranks    [2]int // of the two covariances
	Counts   [2]int // images, 0 where unknown
}

func (e *RankError) Error() string {
	which, rank, count := "first", e.Ranks[0], e.Counts[0]
	if rank == e.Features {
		which, rank, count = "second", e.Ranks[1], e.Counts[1]
	}
	of := ""
	if count > 0 {
		of = fmt.Sprintf(", of %d images,", count)
	}
	return fmt.Sprintf("fid: the covariance of the %s set%s has rank %d, want %d: take more than %d images", which, of, rank, e.Features, e.Features)
}

// check returns an error if the statistics are none.
func (s Statistics) check(which string) error {
	d := len(s.Mean)
	if d == 0 || s.Covariance == nil || s.Covariance.SymmetricDim() != d {
		return fmt.Errorf("fid: %s statistics: a mean of %d numbers wants a covariance of as many", which, d)
	}
	for i, m := range s.Mean {
		if math.IsNaN(m) || math.IsInf(m, 0) {
			return fmt.Errorf("fid: %s statistics: number %d of the mean is %v", which, i, m)
		}
		for j := i; j < d; j++ {
			if v := s.Covariance.At(i, j); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("fid: %s statistics: number (%d, %d) of the covariance is %v", which, i, j, v)
			}
		}
		if v := s.Covariance.At(i, i); v < 0 {
			return fmt.Errorf("fid: %s statistics: variance %d is %v", which, i, v)
		}
	}
	return nil
}

// factored is L [d, rank] of a covariance L Lᵀ.
type factored struct {
	lower *mat.Dense
	rank  int
}

// factor returns the Cholesky factor of a covariance, with pivots, so that it may be singular.
func factor(covariance *mat.SymDense) factored {
	var c mat.PivotedCholesky
	c.Factorize(covariance, -1) // its rank says what its result would
	d, rank := covariance.SymmetricDim(), c.Rank()
	if rank == 0 {
		return factored{mat.NewDense(d, 1, nil), 0}
	}
	var upper mat.TriDense
	c.UTo(&upper)
	lower := mat.NewDense(d, rank, nil)
	for j, row := range c.ColumnPivots(nil) {
		for i := range min(j+1, rank) {
			lower.Set(row, i, upper.At(i, j))
		}
	}
	return factored{lower, rank}
}

// traceOfRoot returns tr (L Lᵀ Σ)^½.
func traceOfRoot(l *mat.Dense, covariance *mat.SymDense) (sum float64, err error) {
	var product, between mat.Dense
	product.Mul(mat.DenseCopyOf(covariance), l) // a Dense is multiplied faster than a SymDense
	between.Mul(l.T(), &product)
	n, _ := between.Dims()
	symmetric := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			symmetric.SetSym(i, j, (between.At(i, j)+between.At(j, i))/2)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric, false) {
		return 0, errors.New("fid: the eigenvalues of the covariances were not found")
	}
	for _, lambda := range eigen.Values(nil) {
		sum += math.Sqrt(max(lambda, 0)) // where a covariance is singular, some are 0 but for rounding
	}
	return sum, nil
}
