package fid

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/wflowlab/wflowlab/internal/descent"
)

// Subsets say how many random subsets of how many images a kernel distance averages over. The images are chosen by NumPy's generator
// with the seed: for each subset those of the first set, then those of the second.
type Subsets struct {
	Count, Size int // usual are 100 of 1,000
	Seed        uint32
}

// KernelDistance is the mean of a kernel distance over subsets, and its standard deviation over them, which divides by their number.
type KernelDistance struct {
	Mean, Deviation float64
	Each            []float64
}

// Kernel returns the squared maximum mean discrepancy of two sets of features [n, d], which is called KID if they are those of
// Inception. Of a subset it is
//
//	mean over i ≠ j of k(x_i, x_j) + mean over i ≠ j of k(y_i, y_j) − 2 mean over i, j of k(x_i, y_j),   k(x, y) = (x·y/d + 1)³
//
// which is unbiased: 0 in the mean over samples of one law, and so now and then below 0. It is computed in float64. Kernel stops between
// two subsets when the context is done.
//
// Source: Bińkowski et al., Demystifying MMD GANs (2018).
func Kernel[T float32 | float64](ctx context.Context, backend compute.Backend, one, two Features[T], s Subsets) (KernelDistance, error) {
	if err := errors.Join(one.check("first set"), two.check("second set")); err != nil {
		return KernelDistance{}, err
	}
	if one.Columns != two.Columns {
		return KernelDistance{}, fmt.Errorf("fid: features of %d and of %d numbers, want as many", one.Columns, two.Columns)
	}
	if s.Count < 1 || s.Size < 2 || s.Size > min(one.Len(), two.Len()) {
		return KernelDistance{}, fmt.Errorf("fid: kernel distance of %d and %d images with %d subsets of %d, want subsets of 2 to %d", one.Len(), two.Len(), s.Count, s.Size, min(one.Len(), two.Len()))
	}
	exec, err := graph.NewExec(backend, discrepancy)
	if err != nil {
		return KernelDistance{}, fmt.Errorf("fid: %w", err)
	}
	defer exec.Finalize()
	random, k := newNumPy(s.Seed), KernelDistance{}
	for i := range s.Count {
		if ctx.Err() != nil {
			return k, fmt.Errorf("fid: kernel distance stopped after %d of %d subsets: %w", i, s.Count, context.Cause(ctx))
		}
		x := one.rows(random.choice(one.Len(), s.Size))
		y := two.rows(random.choice(two.Len(), s.Size))
		out, err := exec.Call1(tensorOf(x), tensorOf(y))
		if err != nil {
			return k, fmt.Errorf("fid: %w", descent.Plain(err))
		}
		k.Each = append(k.Each, tensors.ToScalar[float64](out))
	}
	k.Mean, k.Deviation = stat.PopMeanStdDev(k.Each, nil)
	if math.IsNaN(k.Mean) || math.IsInf(k.Mean, 0) {
		return k, fmt.Errorf("fid: kernel distance %v: features are too large for a cubic kernel", k.Mean)
	}
	return k, nil
}

func tensorOf(m *mat.Dense) *tensors.Tensor {
	n, d := m.Dims()
	return tensors.FromFlatDataAndDimensions(m.RawMatrix().Data, n, d)
}

// discrepancy builds the distance of two subsets [n, d].
func discrepancy(x, y *graph.Node) *graph.Node {
	n, d := float64(x.Shape().Dim(0)), float64(x.Shape().Dim(1))
	kernel := func(inner *graph.Node) *graph.Node {
		k := graph.AddScalar(graph.DivScalar(inner, d), 1)
		return graph.ReduceAllSum(graph.Mul(k, graph.Square(k)))
	}
	others := func(x *graph.Node) *graph.Node { // mean over i ≠ j
		diagonal := kernel(graph.ReduceSum(graph.Square(x), 1))
		return graph.DivScalar(graph.Sub(kernel(graph.DotGeneral(x, []int{1}, nil, x, []int{1}, nil)), diagonal), n*(n-1))
	}
	cross := kernel(graph.DotGeneral(x, []int{1}, nil, y, []int{1}, nil))
	return graph.Sub(graph.Add(others(x), others(y)), graph.MulScalar(cross, 2/(n*n)))
}
