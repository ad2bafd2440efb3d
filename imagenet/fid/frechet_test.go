package fid

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// law returns statistics with independent features: the distance of two such is known feature by feature,
// (m₁ − m₂)² + (s₁ − s₂)².
func law(mean, deviation []float64) Statistics {
	s := Statistics{Count: 1000, Mean: mean, Covariance: mat.NewSymDense(len(mean), nil)}
	for i, v := range deviation {
		s.Covariance.SetSym(i, i, v*v)
	}
	return s
}

func TestFrechetOfIndependent(t *testing.T) {
	got, err := Frechet(law([]float64{1, 2, 3}, []float64{1, 4, 2}), law([]float64{1, 5, 4}, []float64{3, 0.5, 2}))
	if want := 9 + 1 + 4 + 12.25; err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("distance %v, error %v, want %v", got, err, want)
	}
}

// For 2 × 2 matrices, tr √M = √(tr M + 2 √det M), also if they do not commute.
func TestFrechetOfTwo(t *testing.T) {
	a, b := mat.NewSymDense(2, []float64{3, 1, 1, 2}), mat.NewSymDense(2, []float64{5, -2, -2, 1})
	root := math.Sqrt(3*5 + 2*1*-2 + 2*1 + 2*math.Sqrt((3*2-1)*(5*1-4))) // tr a b = Σ aᵢⱼ bᵢⱼ
	got, err := Frechet(Statistics{9, []float64{0, 0}, a}, Statistics{9, []float64{1, 1}, b})
	if want := 2 + 5 + 6 - 2*root; err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("distance %v, error %v, want %v", got, err, want)
	}
}

// The distance of n draws of a law in d dimensions to the law itself is small, of order d²/n.
func TestFrechetOfDraws(t *testing.T) {
	const n, d = 4000, 5
	draws, err := StatisticsOf(Features[float64]{d, golden.Normals("draws", n*d)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Frechet(law(make([]float64, d), []float64{1, 1, 1, 1, 1}), draws)
	if most := 2 * d * d / float64(n); err != nil || got <= 0 || got > most {
		t.Errorf("distance %v, error %v, want above 0 and at most %v", got, err, most)
	}
}

// A rotation of both laws changes nothing, nor does their order.
func TestFrechetSymmetries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const d = 4
		draw := func(name string) Statistics {
			n := rapid.IntRange(d+2, 40).Draw(t, name)
			values := rapid.SliceOfN(rapid.Float64Range(-3, 3), n*d, n*d).Draw(t, name)
			s, err := StatisticsOf(Features[float64]{d, values})
			if err != nil {
				t.Fatal(err)
			}
			for i := range d { // regular, whatever was drawn
				s.Covariance.SetSym(i, i, s.Covariance.At(i, i)+0.1)
			}
			return s
		}
		one, two := draw("one"), draw("two")
		there, err := Frechet(one, two)
		if err != nil {
			t.Fatal(err)
		}
		back, _ := Frechet(two, one)
		var qr mat.QR
		qr.Factorize(mat.NewDense(d, d, rapid.SliceOfN(rapid.Float64Range(-1, 1), d*d, d*d).Draw(t, "rotation")))
		var q mat.Dense
		qr.QTo(&q)
		turned, _ := Frechet(rotated(one, &q), rotated(two, &q))
		if there < 0 || math.Abs(there-back) > 1e-8*(1+there) || math.Abs(there-turned) > 1e-8*(1+there) {
			t.Errorf("distance %v, back %v, both rotated %v", there, back, turned)
		}
	})
}

func rotated(s Statistics, q *mat.Dense) Statistics {
	var mean mat.VecDense
	mean.MulVec(q, mat.NewVecDense(len(s.Mean), s.Mean))
	var c mat.Dense
	c.Product(q, s.Covariance, q.T())
	r := Statistics{s.Count, mean.RawVector().Data, mat.NewSymDense(len(s.Mean), nil)}
	for i := range s.Mean {
		for j := i; j < len(s.Mean); j++ {
			r.Covariance.SetSym(i, j, (c.At(i, j)+c.At(j, i))/2)
		}
	}
	return r
}

// With fewer images than features, tr (Σ₁ Σ₂)^½ is the sum of the singular values of A Bᵀ, where A [n, d] is the first set, centred and
// divided by √(n − 1), so that Σ₁ = Aᵀ A, and B the second.
func TestFrechetOfFewImages(t *testing.T) {
	g := readGolden(t).Metrics.Deficient
	one, two := g.sets()
	centred := func(f Features[float64]) (*mat.Dense, Statistics) {
		s, err := StatisticsOf(f)
		if err != nil {
			t.Fatal(err)
		}
		a := mat.NewDense(f.Len(), f.Columns, slices.Clone(f.Values))
		for i := range f.Len() {
			floats.Sub(a.RawRowView(i), s.Mean)
		}
		a.Scale(1/math.Sqrt(float64(f.Len()-1)), a)
		return a, s
	}
	a, first := centred(one)
	b, second := centred(two)
	var product mat.Dense
	product.Mul(a, b.T())
	var svd mat.SVD
	if !svd.Factorize(&product, mat.SVDNone) {
		t.Fatal("no singular values")
	}
	shift := floats.Distance(first.Mean, second.Mean, 2)
	want := shift*shift + mat.Trace(first.Covariance) + mat.Trace(second.Covariance) - 2*floats.Sum(svd.Values(nil))
	got, err := Frechet(first, second)
	if _, is := errors.AsType[*RankError](err); !is {
		t.Errorf("error %v, want one of the rank", err)
	}
	if math.Abs(got-want) > 1e-12*want {
		t.Errorf("distance %.16g, want %.16g", got, want)
	}
}

// With one feature that never changes, the distance is still right, and its error says which set has it.
func TestFrechetOfSingular(t *testing.T) {
	singular, regular := law([]float64{0, 1}, []float64{2, 0}), law([]float64{0, 0}, []float64{1, 3})
	for name, call := range map[string]func() (float64, error){
		"first":  func() (float64, error) { return Frechet(singular, regular) },
		"second": func() (float64, error) { return Frechet(regular, singular) },
	} {
		got, err := call()
		if want := 1.0 + 1 + 9; math.Abs(got-want) > 1e-12 || err == nil || !strings.Contains(err.Error(), "the "+name+" set, of 1000 images, has rank 1, want 2") {
			t.Errorf("distance %v, error %v, want %v and one of the %s set", got, err, want, name)
		}
	}
	if got, _ := Frechet(law([]float64{0}, []float64{0}), law([]float64{2}, []float64{0})); got != 4 {
		t.Errorf("distance of two points %v, want 4", got)
	}
}

func TestFrechetRefuses(t *testing.T) {
	good := law([]float64{0, 1}, []float64{2, 1})
	for want, bad := range map[string]Statistics{
		"2 and of 3 features":             law([]float64{0, 1, 2}, []float64{2, 1, 1}),
		"number 1 of the mean is NaN":     law([]float64{0, math.NaN()}, []float64{2, 1}),
		"(0, 0) of the covariance is +In": law([]float64{0, 1}, []float64{math.Inf(1), 1}),
		"wants a covariance of as many":   {Mean: []float64{1, 2}},
		"a mean of 0 numbers":             {},
		"variance 0 is -1":                {Mean: []float64{1}, Covariance: mat.NewSymDense(1, []float64{-1})},
	} {
		if _, err := Frechet(good, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
