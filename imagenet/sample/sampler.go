package sample

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/internal/devices"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/internal/finite"
)

// Settings says how a sampler computes. The zero value works.
type Settings struct {
	Batch   int // images that are computed together; 0 means 8
	Devices int // of the engine, each of which computes a share of a batch; 0 means 1
}

// Sampler makes images of a generator. Finalize it when done.
type Sampler struct {
	network generator.Network
	batch   int
	store   *model.Store
	devices devices.Set
	exec    *model.Exec
}

// MostInBatch is how many images may be computed together: memory holds all of them.
const MostInBatch = 65536

// New returns a sampler of a network. Read returns the network's weights, in the way that [weights.Load] wants. The graph is
// compiled once, at the first images. The error names what does not fit: a batch that the devices do not divide, or a
// parameter.
func New(backend compute.Backend, network generator.Network, read func(weights.Parameter) ([]float32, error), settings *Settings) (*Sampler, error) {
	batch, count := 8, 1
	if settings != nil && settings.Batch != 0 {
		batch = settings.Batch
	}
	if settings != nil && settings.Devices != 0 {
		count = settings.Devices
	}
	spread, err := devices.First(backend, count)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	if batch > MostInBatch {
		return nil, fmt.Errorf("sample: batches of %d images, want %d or fewer", batch, MostInBatch)
	}
	if batch < 1 || batch%count != 0 {
		return nil, fmt.Errorf("sample: batches of %d images on %d devices: want a multiple of %d; the nearest is %d",
			batch, count, count, max((batch+count/2)/count, 1)*count)
	}
	s := &Sampler{network: network, batch: batch, store: model.NewStore(), devices: spread}
	if err = weights.Load(s.store.RootScope(), network.Table(), read); err == nil {
		s.exec, err = model.NewExec(backend, s.store, s.graph)
	}
	if err != nil {
		s.store.Finalize()
		return nil, fmt.Errorf("sample: %w", descent.Plain(err))
	}
	spread.Deal(s.exec, 0)
	return s, nil
}

// Finalize frees the weights and the compiled graph.
func (s *Sampler) Finalize() {
	s.exec.Finalize()
	s.store.Finalize()
}

// Shape returns the shapes of the network.
func (s *Sampler) Shape() generator.Shape { return s.network.Shape() }

// Batch returns how many images are computed together.
func (s *Sampler) Batch() int { return s.batch }

// graph builds images [B, Side, Side, Channels] from classes, guidance scales, noise and, if there are codebooks, styles.
func (s *Sampler) graph(scope *model.Scope, in []*graph.Node) *graph.Node {
	classes, alpha, noise := in[0], in[1], in[2]
	var styles *graph.Node
	if s.network.Shape().Codebooks > 0 {
		styles = in[3]
	}
	return s.network.Generate(scope, noise, classes, styles, alpha)
}

// Make makes some images of a sequence, whose numbers increase. For each batch it calls a function with the numbers of its
// images and the images [n, Side, Side, Channels], which are valid until the function returns. Make returns the function's
// error, and stops between two batches when the context is done.
//
// Batch b has the images b·Batch … (b+1)·Batch − 1 of the sequence, each at its own place, or those of them that are wanted.
// So the same engine and batch size give the same bytes, however a sequence is cut into parts. The noise is the same bytes
// always, and with another batch size or number of devices images differ by rounding.
func (s *Sampler) Make(ctx context.Context, q Sequence, numbers []int, each func(numbers []int, images []float32) error) error {
	if err := q.Check(s.Shape()); err != nil {
		return err
	}
	for k, i := range numbers {
		if i < 0 || i >= q.Len() || k > 0 && i <= numbers[k-1] {
			return fmt.Errorf("sample: image %d: want increasing numbers from 0 to %d", i, q.Len()-1)
		}
	}
	for done := 0; done < len(numbers); {
		if ctx.Err() != nil {
			return fmt.Errorf("sample: stopped after %d of %d images: %w", done, len(numbers), context.Cause(ctx))
		}
		n := 1
		for done+n < len(numbers) && numbers[done+n]/s.batch == numbers[done]/s.batch {
			n++
		}
		some := numbers[done : done+n]
		images, err := s.compute(q, some)
		if err != nil {
			return fmt.Errorf("sample: images %d to %d: %w", some[0], some[n-1], err)
		}
		if err := each(some, images); err != nil {
			return err
		}
		done += n
	}
	return nil
}

// compute returns images of one batch.
func (s *Sampler) compute(q Sequence, numbers []int) ([]float32, error) {
	places := slices.Repeat([]int{-1}, s.batch)
	for _, i := range numbers {
		places[i%s.batch] = i
	}
	shape := s.Shape()
	noise, styles, classes, alpha := q.draw(shape, places)
	inputs := append([]*tensors.Tensor{tensors.FromFlatDataAndDimensions(classes, s.batch), tensors.FromFlatDataAndDimensions(alpha, s.batch)},
		shape.Tensors(noise, styles, s.batch)...)
	outputs, err := s.devices.Call(s.exec, 0, devices.Arrays(inputs))
	if err != nil {
		return nil, descent.Plain(err)
	}
	all := make([]float32, 0, s.batch*shape.Numbers())
	for _, o := range outputs {
		err = errors.Join(err, tensors.ConstFlatData(o, func(flat []float32) { all = append(all, flat...) }), o.FinalizeAll())
	}
	for _, i := range inputs {
		err = errors.Join(err, i.FinalizeAll())
	}
	if err != nil {
		return nil, err
	}
	images := make([]float32, 0, len(numbers)*shape.Numbers())
	for _, i := range numbers {
		image := all[i%s.batch*shape.Numbers():][:shape.Numbers()]
		if err := finite.Check(image); err != nil {
			return nil, fmt.Errorf("image %d: %w: the weights are damaged, or α %v and temperature %v are too large", i, err, q.Alpha, q.Temperature)
		}
		images = append(images, image...)
	}
	return images, nil
}
