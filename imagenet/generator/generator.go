// Package generator says what a generator of images is, whatever its network: from noise, a class, a style and a guidance
// scale it makes an image in one evaluation. Training and sampling are written for any [Network].
package generator

import (
	"context"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/parallel"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Network makes images in one evaluation. dit.Config and residual.Config are networks.
type Network interface {
	// Shape returns the shapes of what goes in and of what comes out.
	Shape() Shape

	// Table lists the parameters, and Initial gives them the numbers from which training starts.
	Table() weights.Table
	Initial(seed uint64) func(weights.Parameter) ([]float32, error)

	// Generate builds the network in a graph: images [B, Side, Side, Channels] from noise [B, Noise...], classes [B], styles
	// [B, Codebooks] (nil without codebooks) and guidance scales [B]. Parameters are variables of the scope.
	Generate(scope *model.Scope, noise, labels, styles, alpha *graph.Node) *graph.Node
}

// Shape has the shapes of a network's inputs and of its output.
type Shape struct {
	Side, Channels     int   // an image is [Side, Side, Channels]: a latent, or pixels
	Noise              []int // of one image
	Classes            int   // labels are 0 … Classes − 1
	Codebooks, Entries int   // a style is one of Entries for each of Codebooks; both are 0 without styles
}

// Numbers returns how many numbers an image has.
func (s Shape) Numbers() int { return s.Side * s.Side * s.Channels }

// Draw returns the noise [n, Noise...] and the styles [n, Codebooks] of the images first … first+n−1 of a sequence; styles are
// nil without codebooks. The noise is standard normal, styles are uniform. Both are functions of the seed, of the name of the
// sequence and of an image's number in it, so that they do not depend on how images are dealt to batches, devices and processes.
func (s Shape) Draw(seed uint64, name string, first, n int) (noise []float32, styles []int32) {
	size := 1
	for _, d := range s.Noise {
		size *= d
	}
	noise = make([]float32, n*size)
	normal := stream.New(seed, name)
	parallel.Each(context.Background(), n, func(image int) { // a step of the largest training draws 67 million numbers
		for i := image * size; i < (image+1)*size; i++ {
			noise[i] = float32(normal.Normal(uint64(first*size + i)))
		}
	})
	if s.Codebooks == 0 {
		return noise, nil
	}
	styles = make([]int32, n*s.Codebooks)
	style := stream.New(seed, name+" styles")
	for i := range styles {
		styles[i] = int32(style.Intn(uint64(first*s.Codebooks+i), s.Entries))
	}
	return noise, styles
}

// Tensors returns noise and styles of n images as inputs of a graph, with some axes in place of that of the images.
func (s Shape) Tensors(noise []float32, styles []int32, images ...int) []*tensors.Tensor {
	list := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(noise, append(images, s.Noise...)...)}
	if s.Codebooks > 0 {
		list = append(list, tensors.FromFlatDataAndDimensions(styles, append(images, s.Codebooks)...))
	}
	return list
}
