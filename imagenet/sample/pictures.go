package sample

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// Pictures makes the images of a sequence as bytes.
type Pictures struct {
	Sampler   *Sampler
	Decoder   Decoder
	Sequence  Sequence
	Generator string // SHA-256 of the generator's weights, by which a folder is known to be of this generator

	scale moments // of what the generator has made
}

// check returns an error if images first … first+n−1 are not all in the sequence, or the generator cannot make it.
func (p *Pictures) check(first, n int) error {
	if err := p.Sequence.Check(p.Sampler.Shape()); err != nil {
		return err
	}
	if all := p.Sequence.Len(); first < 0 || n < 1 || first > all-n {
		return fmt.Errorf("sample: %d images from number %d on, want some of 0 to %d", n, first, all-1)
	}
	return nil
}

// each makes some images of total, all others being there, and calls a function with those of each batch: their numbers and
// their bytes. It makes no more if the first latents have a scale that no autoencoder decodes.
func (p *Pictures) each(ctx context.Context, numbers []int, total int, progress func(done, total int), f func(numbers []int, images []byte) error) error {
	done := total - len(numbers)
	if progress == nil {
		progress = func(int, int) {}
	}
	progress(done, total)
	return p.Sampler.Make(ctx, p.Sequence, numbers, func(numbers []int, made []float32) error {
		p.scale.add(made)
		if p.Decoder.Latents {
			if err := unscaled(p.Scale()); err != nil {
				return err
			}
		}
		images, err := p.Decoder.bytes(ctx, made, len(numbers))
		if err != nil {
			return err
		}
		if err := f(numbers, images); err != nil {
			return err
		}
		done += len(numbers)
		progress(done, total)
		return nil
	})
}

// Scale returns the mean and the standard deviation of all numbers that the generator has made.
func (p *Pictures) Scale() latent.Sample {
	return p.scale.sample("the generator", p.Sampler.Shape().Numbers())
}

// picture returns an image [Side, Side, Channels] as a picture.
func (d Decoder) picture(pixels []byte) image.Image {
	bounds := image.Rect(0, 0, d.Side, d.Side)
	if d.Channels == 1 {
		return &image.Gray{Pix: pixels, Stride: d.Side, Rect: bounds}
	}
	m := image.NewNRGBA(bounds)
	for i := range d.Side * d.Side {
		copy(m.Pix[4*i:], pixels[3*i:3*i+3])
		m.Pix[4*i+3] = 0xff
	}
	return m
}

// background is what lies between the images of a grid and at its free places.
var background = color.Gray{0xff}

// span returns the numbers first … first+n−1.
func span(first, n int) []int {
	numbers := make([]int, n)
	for k := range numbers {
		numbers[k] = first + k
	}
	return numbers
}
