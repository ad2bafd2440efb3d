package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// gallery draws samples of a generator that is being trained.
type gallery struct {
	backend  compute.Backend
	network  generator.Network
	decoder  sample.Decoder
	sequence sample.Sequence
	columns  int
}

// newGallery returns what draws eight samples of each of ten classes, or of the twelve classes that the authors show.
func newGallery(backend compute.Backend, network generator.Network) gallery {
	shape := network.Shape()
	g := gallery{backend, network, sample.Pixels(shape), sample.Demo(), sample.DemoColumns}
	g.sequence.Alpha = 1
	if shape.Classes < 1000 {
		const each, most = 8, 10
		g.sequence.Classes, g.sequence.Each, g.columns = nil, each, each
		for class := range min(shape.Classes, most) {
			g.sequence.Classes = append(g.sequence.Classes, class)
		}
	}
	if shape.Channels == 4 {
		g.decoder = falseColours(shape)
	}
	return g
}

// falseColours returns the decoder that shows the first three channels of latents as red, green and blue: no autoencoder is needed
// to see shapes.
func falseColours(shape generator.Shape) sample.Decoder {
	three := sample.Pixels(shape)
	three.Channels = 3
	decode := three.Decode
	three.Decode = func(ctx context.Context, made []float32) ([]byte, error) {
		var colours []float32
		for i := 0; i < len(made); i += shape.Channels {
			for _, v := range made[i : i+3] {
				colours = append(colours, v/2) // latents have a deviation of about 1
			}
		}
		return decode(ctx, colours)
	}
	return three
}

// draw draws samples of the generator as it is now.
func (g gallery) draw(ctx context.Context, run string, p train.Progress) error {
	now, err := p.Weights()
	if err != nil {
		return err
	}
	read := func(p weights.Parameter) ([]float32, error) { return now[p.Name], nil }
	s, err := sample.New(g.backend, g.network, read, &sample.Settings{Batch: g.sequence.Len()})
	if err != nil {
		return err
	}
	defer s.Finalize()
	pictures := sample.Pictures{Sampler: s, Decoder: g.decoder, Sequence: g.sequence}
	path := filepath.Join(run, fmt.Sprintf("grid-%08d.png", p.Step))
	return pictures.WriteGrid(context.WithoutCancel(ctx), path, g.columns, 0, g.sequence.Len(), nil)
}
