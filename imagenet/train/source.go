package train

import (
	"context"
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/bank"
	"github.com/wflowlab/wflowlab/internal/parallel"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// source makes the batches of a training. What it draws is a function of the seed and of a step's number, given the banks.
type source struct {
	Training
	order *Order
	bank  *bank.Bank
}

func newSource(t Training) *source {
	return &source{Training: t, order: NewOrder(t.Data.Len(), t.Batch, t.Seed),
		bank: bank.New(t.Generator.Shape().Classes, t.ClassBank, t.GlobalBank)}
}

// batch pushes the loads of a step into the banks and draws the step's batch. Steps are to be taken in their order.
func (s *source) batch(step int) (b Batch, err error) {
	var last []bank.Image
	for k := range s.Loads {
		last = s.order.Images(step*s.Loads + k)
		for _, image := range last {
			s.bank.Push(image, s.Data.Label(image.Row))
		}
	}
	var real, unconditional []bank.Image
	ofClass, ofAll := stream.New(s.Seed, "data"), stream.New(s.Seed, "unconditional")
	scale, unguided := stream.New(s.Seed, "scale"), stream.New(s.Seed, "unguided")
	for slot, k := range stream.New(s.Seed, "classes").Perm(uint64(step), s.Batch)[:s.Classes] {
		i := uint64(step*s.Classes + slot)
		class := s.Data.Label(last[k].Row)
		b.Labels = append(b.Labels, int32(class))
		b.Alpha = append(b.Alpha, float32(s.Scales.Draw(scale.Uniform(i), unguided.Uniform(i))))
		images, err := s.bank.OfClass(class, ofClass.Sub(i), s.Real)
		if err != nil {
			return b, err
		}
		real = append(real, images...)
		if s.Unconditional > 0 {
			if images, err = s.bank.OfAll(ofAll.Sub(i), s.Unconditional); err != nil {
				return b, err
			}
			unconditional = append(unconditional, images...)
		}
	}
	if b.Real, err = s.read(real); err != nil {
		return b, err
	}
	if b.Unconditional, err = s.read(unconditional); err != nil {
		return b, err
	}
	n := s.Classes * s.Particles
	b.Noise, b.Styles = s.Generator.Shape().Draw(s.Seed, "noise", step*n, n)
	if !s.OneBatch {
		b.SecondNoise, b.SecondStyles = s.Generator.Shape().Draw(s.Seed, "second noise", step*n, n)
	}
	for _, r := range s.R {
		b.R = append(b.R, float32(r.At(step, s.Steps)))
	}
	b.Rate = s.Rate.At(step, s.Steps)
	return b, nil
}

// read reads images, on all cores.
func (s *source) read(images []bank.Image) ([]float32, error) {
	size := s.Generator.Shape().Numbers()
	values := make([]float32, len(images)*size)
	errs := make([]error, len(images))
	parallel.Each(context.Background(), len(images), func(k int) {
		errs[k] = read(s.Data, images[k], values[k*size:(k+1)*size])
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

// read reads an image of a data set, or its mirror image. An error names the image.
func read(data Images, image bank.Image, into []float32) error {
	u := 0.0
	if image.Mirrored {
		u = 0.5
	}
	if err := data.Read(image.Row, u, into); err != nil {
		return fmt.Errorf("image %d: %w", image.Row, err)
	}
	return nil
}

// enough returns an error if a data set makes no batch.
func enough(data Images, batch int) error {
	if data.Len() < batch {
		return fmt.Errorf("train: %d images make no batch of %d: an epoch has no step", data.Len(), batch)
	}
	return nil
}
