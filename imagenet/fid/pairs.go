package fid

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/internal/descent"
)

// pairs are all pairs of a row of x [n, d] and a row of y [m, d]. Their squared distances are computed in float32, a block at a time,
// so that memory does not hold all of them. From these, what can be decided is; the rest is computed anew in float64.
type pairs[T float32 | float64] struct {
	backend compute.Backend
	x, y    Features[T]
	centre  []float64 // a point near all rows: the nearer it is, the less is rounded
}

func newPairs[T float32 | float64](backend compute.Backend, x, y Features[T]) pairs[T] {
	centre := make([]float64, y.Columns)
	for j := range y.Len() {
		for k, v := range y.Row(j) {
			centre[k] += float64(v) / float64(y.Len())
		}
	}
	return pairs[T]{backend, x, y, centre}
}

// block is the rounded squared distances of some rows of x, from row on, to some rows of y, from column on. The distance of row + i to
// column + j lies within slack(d)·(normsX[i] + normsY[j]) of squares[i·len(normsY) + j].
type block struct {
	row, column    int
	normsX, normsY []float32 // squared
	squares        []float32
}

// A block has up to so many rows of x, and of y.
const (
	mostRows    = 4096
	mostColumns = 2048
)

// slack bounds how far ‖x‖² + ‖y‖² − 2 x·y is off in float32, relative to ‖x‖² + ‖y‖²: each of the three sums of d products is off by
// at most d roundings, whatever their order, and 2 |x·y| ≤ ‖x‖² + ‖y‖².
func slack(d int) float32 { return 2 * float32(d+8) * 0x1p-24 }

// each calls visit with every block.
func (p pairs[T]) each(ctx context.Context, visit func(b block)) error {
	exec, err := graph.NewExec(p.backend, func(x, y *graph.Node) []*graph.Node {
		norm := func(x *graph.Node) *graph.Node { return graph.ReduceSum(graph.Square(x), 1) }
		normsX, normsY := norm(x), norm(y)
		inner := graph.DotGeneral(x, []int{1}, nil, y, []int{1}, nil)
		sums := graph.Add(graph.InsertAxes(normsX, 1), graph.InsertAxes(normsY, 0))
		return []*graph.Node{graph.Sub(sums, graph.MulScalar(inner, 2)), normsX, normsY}
	})
	if err != nil {
		return fmt.Errorf("fid: %w", err)
	}
	defer exec.Finalize()
	for row := 0; row < p.x.Len(); row += mostRows {
		x := p.centred(p.x, row, mostRows)
		for column := 0; column < p.y.Len(); column += mostColumns {
			if ctx.Err() != nil {
				return fmt.Errorf("fid: distances stopped: %w", context.Cause(ctx))
			}
			out, err := exec.Call(x, p.centred(p.y, column, mostColumns))
			if err != nil {
				return fmt.Errorf("fid: %w", descent.Plain(err))
			}
			b := block{row: row, column: column}
			for i, to := range []*[]float32{&b.squares, &b.normsX, &b.normsY} {
				*to = tensors.MustCopyFlatData[float32](out[i])
				out[i].MustFinalizeAll()
			}
			visit(b)
		}
	}
	return nil
}

// centred returns up to n rows, from first on, less the centre.
func (p pairs[T]) centred(f Features[T], first, n int) *tensors.Tensor {
	n = min(n, f.Len()-first)
	t := tensors.FromShape(shapes.Make(dtypes.Float32, n, f.Columns))
	tensors.MustMutableFlatData(t, func(flat []float32) {
		for i := range n {
			for k, v := range f.Row(first + i) {
				flat[i*f.Columns+k] = float32(float64(v) - p.centre[k])
			}
		}
	})
	return t
}

// square returns the squared distance of row i of x to row j of y.
func (p pairs[T]) square(i, j int) (sum float64) {
	y := p.y.Row(j)
	for k, v := range p.x.Row(i) {
		d := float64(v) - float64(y[k])
		sum += d * d
	}
	return sum
}
