package judge

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/internal/descent"
)

// Neighbours finds the nearest of some images. Finalize it when done.
type Neighbours struct {
	images Images
	all    *tensors.Tensor
	exec   *graph.Exec
}

// NewNeighbours returns what finds the nearest of some images, of whatever class.
func NewNeighbours(backend compute.Backend, images Images) (*Neighbours, error) {
	if err := images.check(); err != nil {
		return nil, err
	}
	exec, err := graph.NewExec(backend, func(x, y *graph.Node) *graph.Node { // [B, numbers], [n, numbers]
		inner := graph.DotGeneral(x, []int{1}, nil, y, []int{1}, nil)
		square := graph.InsertAxes(graph.ReduceSum(graph.Square(y), 1), 0)
		return graph.ArgMin(graph.Sub(square, graph.MulScalar(inner, 2)), 1, dtypes.Int32)
	})
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	return &Neighbours{images, tensors.FromFlatDataAndDimensions(images.ink(), len(images.Labels), numbers), exec}, nil
}

// ink returns the images with 0 for paper, so that squares are small and round little.
func (m Images) ink() []float32 {
	ink := slices.Clone(m.Numbers)
	for i := range ink {
		ink[i] = (ink[i] + 1) / 2
	}
	return ink
}

// Finalize frees the images and the compiled graph.
func (n *Neighbours) Finalize() {
	n.exec.Finalize()
	n.all.FinalizeAll()
}

// Distance returns the mean distance ‖x − y‖ of images x to the nearest y, in pixels from −1 to 1. Which is the nearest is found in
// float32, so that of two that are as near within rounding it may be the second. The distance to it is computed in float64.
func (n *Neighbours) Distance(m Images) (float64, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	ink, count := m.ink(), len(m.Labels)
	var sum float64
	for first := 0; first < count; first += readBatch {
		batch := make([]float32, readBatch*numbers)
		copy(batch, ink[first*numbers:min(first+readBatch, count)*numbers])
		out, err := n.exec.Call(tensors.FromFlatDataAndDimensions(batch, readBatch, numbers), n.all)
		if err != nil {
			return 0, fmt.Errorf("judge: %w", descent.Plain(err))
		}
		for k, at := range tensors.MustCopyFlatData[int32](out[0])[:min(count-first, readBatch)] {
			sum += distance(m.image(first+k), n.images.image(int(at)))
		}
	}
	return sum / float64(count), nil
}

func distance(x, y []float32) float64 {
	var sum float64
	for k := range x {
		d := float64(x[k]) - float64(y[k])
		sum += d * d
	}
	return math.Sqrt(sum)
}
