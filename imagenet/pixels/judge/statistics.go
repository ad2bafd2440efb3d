package judge

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Statistics are the mean [d] and the covariance [d, d] of n features. The covariance is unbiased: it divides by n − 1.
type Statistics struct {
	Images     int
	Mean       []float64
	Covariance *mat.SymDense
}

// StatisticsOf returns the statistics of features [n, d]. It panics if n < 2.
func StatisticsOf(features *mat.Dense) Statistics {
	n, d := features.Dims()
	if n < 2 {
		panic("judge: StatisticsOf one image")
	}
	s := Statistics{n, make([]float64, d), mat.NewSymDense(d, nil)}
	for k := range d {
		s.Mean[k] = stat.Mean(mat.Col(nil, k, features), nil)
	}
	stat.CovarianceMatrix(s.Covariance, features, nil)
	return s
}

// Frechet returns the Fréchet distance of two normal laws,
//
//	‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁ Σ₂)^½
//
// which is 0 if they are equal, and has the unit of the features squared. The trace of the root is Σ √λ with the eigenvalues λ of
// Lᵀ Σ₂ L, where Σ₁ = L Lᵀ. So Σ₁ has to be regular, which takes more images than features; Σ₂ may be singular, as it is if all
// images of a class are the same.
//
// Estimated from n images, the distance of two sets of the same law is not 0 either, but of order d²/n: compare with that of as
// many real images.
//
// Source: Dowson and Landau, The Fréchet Distance between Multivariate Normal Distributions (1982); Heusel et al., GANs Trained
// by a Two Time-Scale Update Rule (2017).
func Frechet(one, two Statistics) (float64, error) {
	d := len(one.Mean)
	if len(two.Mean) != d {
		return 0, fmt.Errorf("judge: statistics of %d and of %d features, want as many", d, len(two.Mean))
	}
	var factor mat.Cholesky
	if one.Images <= d || !factor.Factorize(one.Covariance) {
		return 0, fmt.Errorf("judge: the covariance of %d features of %d images is singular: want more images than features, and features that vary", d, one.Images)
	}
	var lower mat.TriDense
	factor.LTo(&lower)
	l := mat.DenseCopyOf(&lower)
	var product, between mat.Dense
	product.Mul(two.Covariance, l)
	between.Mul(l.T(), &product)
	symmetric := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			symmetric.SetSym(i, j, (between.At(i, j)+between.At(j, i))/2)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric, false) {
		return 0, fmt.Errorf("judge: the eigenvalues of the covariance of %d images cannot be computed: look for numbers that are not finite", two.Images)
	}
	shift := floats.Distance(one.Mean, two.Mean, 2)
	sum := shift*shift + mat.Trace(one.Covariance) + mat.Trace(two.Covariance)
	for _, lambda := range eigen.Values(nil) {
		sum -= 2 * math.Sqrt(max(lambda, 0)) // of a singular Σ₂ some are 0 up to rounding
	}
	return sum, nil
}
