// Package toy makes clouds of points to try transport, flows and generators on: distributions of the plane with known
// modes and densities, and readers of a cloud of one's own. Package toy/digits holds small real images.
//
//	x := toy.EightGaussians().Sample(1, 1000)  // [1000, 2], drawn by seed 1
//	y, err := toy.ReadFile("cloud.csv")        // [n, d], finite, or an error that names row, column and value
//
// Sample i of a distribution is a pure function of a stream (package wflow/stream) and of i. Training draws its batches
// as slices of one endless sequence, whatever the batch size:
//
//	data := stream.New(1, "data")
//	batch := toy.TwoMoons().Draw(data, step*256, 256)
//
// Samples are the same bytes on every platform, js/wasm included; densities, which use math.Exp, need not be.
package toy

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Distribution is a law of points in R^d: how to draw it and, where it is known, its density. The functions of this
// package return ready ones; a literal with At makes another.
type Distribution struct {
	Name string // in a few words, for titles
	Dim  int    // d

	// At writes one sample into x [d], made from words of s, which is a stream of its own for every sample. How it gives the
	// same bytes on every platform is said at [Arc].
	At func(s stream.Stream, x []float64)

	// Density returns the probability density at x [d], per unit of volume; nil where it is not known.
	Density func(x []float64) float64
}

// Sample returns n independent points as rows of [n, d]. The seed and the distribution's name choose the stream, so
// different distributions are independent under one seed.
func (d Distribution) Sample(seed uint64, n int) *mat.Dense {
	return d.Draw(stream.New(seed, "toy "+d.Name), 0, n)
}

// Draw returns samples first … first+n−1 of the stream as rows of [n, d]; sample i is the same whatever first and n.
// It panics if first < 0 or n < 1.
func (d Distribution) Draw(s stream.Stream, first, n int) *mat.Dense {
	if first < 0 || n < 1 {
		panic(fmt.Sprintf("toy: Draw(first %d, n %d) wants first ≥ 0 and n ≥ 1", first, n))
	}
	x := mat.NewDense(n, d.Dim, nil)
	for k := range n {
		d.At(s.Sub(uint64(first+k)), x.RawRowView(k))
	}
	return x
}

// Empirical returns the distribution that draws rows of points [n, d] with equal probability, with replacement.
// It has no density.
func Empirical(points *mat.Dense) Distribution {
	n, d := points.Dims()
	return Distribution{
		Name: "empirical", Dim: d,
		At: func(s stream.Stream, x []float64) { copy(x, points.RawRowView(s.Intn(0, n))) },
	}
}

// All returns every distribution of the plane in this package, each with its density.
//
// A new one joins this list: TestAll says so. Then the other tests say what they want for it. TestBytes prints the line
// with its hash to paste, TestSecondMoments asks for the closed form of E‖x‖², and TestDensity for a larger box or smaller
// cells where it needs them.
func All() []Distribution {
	return []Distribution{
		EightGaussians().Distribution, SixPlusTwo().Distribution, Gaussian(2).Distribution,
		TwoMoons(), TwoSpirals(), SwissRoll(), SCurve(), Rings(), Ellipse(), Circle(),
		Pinwheel(), Checkerboard(),
	}
}
