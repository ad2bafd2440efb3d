package fid

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/internal/finite"
)

// Extractor is the network, ready to see images. It sees one image at a time, so the features of an image are the same bytes whatever
// images come with it. Several goroutines may use it at once, which keeps an engine busy. Finalize it when done.
type Extractor struct {
	store *model.Store
	exec  *model.Exec
}

// Seen is what the network sees in an image.
type Seen struct {
	Features [len(stages)][]float32 // the means over all positions behind each stage: 64, 192, 768 and 2048 numbers
	Unbiased []float32              // logits of the 1,008 classes without the bias of the last layer, as Inception scores take them
	Logits   []float32              // with the bias
}

// New returns the network with the weights that read returns, in the way that [weights.Load] wants.
func New(backend compute.Backend, read func(weights.Parameter) ([]float32, error)) (*Extractor, error) {
	store := model.NewStore()
	if err := load(store.RootScope(), read); err != nil {
		return nil, fmt.Errorf("fid: %w", err)
	}
	exec, err := model.NewExec(backend, store, see)
	if err != nil {
		return nil, fmt.Errorf("fid: %w", err)
	}
	return &Extractor{store, exec}, nil
}

// Finalize releases the weights and the compiled graph.
func (e *Extractor) Finalize() {
	e.exec.Finalize()
	e.store.Finalize()
}

// See returns what the network sees in an image [height, width, 3], whose bytes are row by row, red first. An image of another size than
// 299 × 299 is resized as TensorFlow 1 did.
func (e *Extractor) See(pixels []byte, height, width int) (Seen, error) {
	if height < 1 || width < 1 || len(pixels) != height*width*3 {
		return Seen{}, fmt.Errorf("fid: %d bytes of an image of %d × %d pixels, want three for each pixel", len(pixels), width, height)
	}
	image := tensors.FromFlatDataAndDimensions(resize(pixels, height, width), 1, side, side, 3)
	defer image.MustFinalizeAll()
	out, err := e.exec.Call(image)
	if err != nil {
		return Seen{}, fmt.Errorf("fid: %w", descent.Plain(err))
	}
	var s Seen
	into := []*[]float32{&s.Unbiased, &s.Logits}
	for k := range s.Features {
		into = append(into, &s.Features[k])
	}
	for k, to := range into {
		if *to, err = tensors.CopyFlatData[float32](out[k]); err != nil {
			return Seen{}, fmt.Errorf("fid: %w", err)
		}
		out[k].MustFinalizeAll()
		if err := finite.Check(*to); err != nil {
			return Seen{}, fmt.Errorf("fid: features: %w", err)
		}
	}
	return s, nil
}

// see builds the network on images [n, 299, 299, 3] with numbers from 0 to 255. It returns the logits [n, 1008] without and with
// the bias, and the features behind each stage.
func see(scope *model.Scope, images *graph.Node) []*graph.Node {
	x := graph.DivScalar(graph.AddScalar(images, -128), 128)
	var features []*graph.Node
	for _, stage := range stages {
		x = stage.build(scope, "", x)
		features = append(features, graph.ReduceMean(x, 1, 2))
	}
	last := features[len(features)-1]
	unbiased := graph.DotGeneral(last, []int{1}, nil, weights.Node(scope, x.Graph(), "fc.weight"), []int{1}, nil)
	bias := graph.InsertAxes(weights.Node(scope, x.Graph(), "fc.bias"), 0)
	return append([]*graph.Node{unbiased, graph.Add(unbiased, bias)}, features...)
}
