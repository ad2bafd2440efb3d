// Package convolution builds convolutions of images for any engine, as GoMLX's own where these are fast, and otherwise as products
// of matrices.
package convolution

import (
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Padding says how many zeros lie around an image, before and after it, in height and in width.
type Padding [2][2]int

// Around returns the padding with which a kernel of odd sides keeps the size of the image if the stride is 1.
func Around(kernel *graph.Node) Padding {
	h, w := kernel.Shape().Dim(0)/2, kernel.Shape().Dim(1)/2
	return Padding{{h, h}, {w, w}}
}

// Convolve returns the convolution of x [b, h, w, in] with a kernel [height, width, in, out] of odd sides, at every stride-th position of
// x with its padding:
//
//	y[b, i, j, o] = Σ over a, c, k of x[b, i·stride + a, j·stride + c, k] · kernel[a, c, k, o]
//
// It is GoMLX's convolution, but for two cases in which one product of matrices is faster: twice as fast on a CPU if the result has
// fewer positions than channels, and a hundred times as fast on the pure Go engine, always. The sides are odd because the gradient of
// GoMLX's convolution is wrong for others.
func Convolve(x, kernel *graph.Node, stride int, p Padding) *graph.Node {
	positions := x.Shape().Dim(0)
	for axis, zeros := range p {
		positions *= (x.Shape().Dim(axis+1)+zeros[0]+zeros[1]-kernel.Shape().Dim(axis))/stride + 1
	}
	if positions <= kernel.Shape().Dim(3) || x.Graph().Backend().String() == gobackend.BackendName {
		return product(x, kernel, stride, p)
	}
	return graph.Convolve(x, kernel).Strides(stride).PaddingPerDim([][2]int{p[0], p[1]}).Done()
}

// product is Convolve as one product of matrices. The left one has a row for each position of the result, with all numbers that the kernel
// meets there.
func product(x, kernel *graph.Node, stride int, p Padding) *graph.Node {
	k := kernel.Shape()
	x = taps(x, 2, k.Dim(1), stride, p[1])
	x = taps(x, 1, k.Dim(0), stride, p[0])
	s := x.Shape()
	y := graph.MatMul(graph.Reshape(x, -1, s.Dim(3)), graph.Reshape(kernel, -1, k.Dim(3)))
	return graph.Reshape(y, s.Dim(0), s.Dim(1), s.Dim(2), k.Dim(3))
}

// taps returns every stride-th position along an axis with the channels of n positions in a row, itself the first of them.
func taps(x *graph.Node, axis, n, stride int, padding [2]int) *graph.Node {
	if n == 1 && stride == 1 && padding == [2]int{} {
		return x
	}
	x = padded(x, axis, padding)
	positions := (x.Shape().Dim(axis)-n)/stride + 1
	parts := make([]*graph.Node, n)
	for k := range parts {
		parts[k] = graph.SliceAxis(x, axis, graph.AxisRange(k, k+(positions-1)*stride+1).Stride(stride))
	}
	return graph.Concatenate(parts, -1)
}

// padded returns x with zeros before and after an axis. GoMLX's own Pad has no gradient.
func padded(x *graph.Node, axis int, padding [2]int) *graph.Node {
	zeros := func(n int) []*graph.Node {
		if n == 0 {
			return nil
		}
		s := x.Shape().Clone()
		s.Dimensions[axis] = n
		return []*graph.Node{graph.Zeros(x.Graph(), shapes.Make(s.DType, s.Dimensions...))}
	}
	parts := append(append(zeros(padding[0]), x), zeros(padding[1])...)
	if len(parts) == 1 {
		return x
	}
	return graph.Concatenate(parts, axis)
}
