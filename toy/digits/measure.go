package digits

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Diversity returns the mean squared distance between two different rows of x [n, d], in squared units of ink,
//
//	Σ_{i≠j} ‖x_i − x_j‖²/(n(n−1)) = 2 Σ_i ‖x_i − x̄‖²/(n−1),
//
// an unbiased estimate of E‖X − X'‖². A generator that makes too few kinds of images, or too average ones, shows in it and
// not in how well its images are read. It panics if there are fewer than two rows.
func Diversity(x *mat.Dense) float64 {
	n, d := x.Dims()
	if n < 2 {
		panic("digits: diversity of one image, want two at least")
	}
	sum := 0.0
	for j := range d {
		mean := 0.0
		for i := range n {
			mean += x.At(i, j) / float64(n)
		}
		for i := range n {
			sum += float64((x.At(i, j) - mean) * (x.At(i, j) - mean))
		}
	}
	return 2 * sum / float64(n-1)
}

// EnergyDistance returns the unbiased estimate from x [n, d] and y [m, d] of the energy distance
//
//	2 E‖X − Y‖ − E‖X − X'‖ − E‖Y − Y'‖ ≥ 0,
//
// in units of ink: every mean is over pairs of different rows. It is 0 exactly when the two laws are one, and its estimate
// is then as often below 0 as above, whatever n and m. W₂² between samples is not like that: it is above 0 even then,
// less so for clouds that have shrunk. It panics if a set has fewer than two rows or the dimensions differ.
//
// Source: Székely and Rizzo, Energy statistics (2013).
func EnergyDistance(x, y *mat.Dense) float64 {
	n, _ := x.Dims()
	m, _ := y.Dims()
	if n < 2 || m < 2 {
		panic("digits: energy distance of one image, want two at least")
	}
	across := sumDistances(x, y) / float64(n*m)
	within := sumDistances(x, x)/float64(n*(n-1)) + sumDistances(y, y)/float64(m*(m-1))
	return 2*across - within
}

// Nearest returns for every row of x [n, d] the nearest row of known [m, d], the first of equals, and its distance in
// units of ink. Distances far below those of new real images mean that x copies known. It panics if the dimensions
// differ.
func Nearest(x, known *mat.Dense) (row []int, distance []float64) {
	check(x, known)
	n, _ := x.Dims()
	m, _ := known.Dims()
	row, distance = make([]int, n), make([]float64, n)
	for i := range n {
		best := math.Inf(1)
		for k := range m {
			if s := squared(x.RawRowView(i), known.RawRowView(k)); s < best {
				best, row[i] = s, k
			}
		}
		distance[i] = math.Sqrt(best)
	}
	return row, distance
}

func sumDistances(x, y *mat.Dense) (sum float64) {
	check(x, y)
	n, _ := x.Dims()
	m, _ := y.Dims()
	for i := range n {
		for k := range m {
			sum += math.Sqrt(squared(x.RawRowView(i), y.RawRowView(k)))
		}
	}
	return sum
}

func squared(x, y []float64) (sum float64) {
	for j, v := range x {
		sum += float64((v - y[j]) * (v - y[j]))
	}
	return sum
}

func check(x, y *mat.Dense) {
	_, d := x.Dims()
	if _, e := y.Dims(); d != e {
		panic(fmt.Sprintf("digits: images of %d and of %d pixels", d, e))
	}
}
