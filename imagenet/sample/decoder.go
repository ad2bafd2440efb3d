package sample

import (
	"context"
	"fmt"
	"math"

	"github.com/wflowlab/wflowlab/imagenet/generator"
)

// Decoder turns what a generator makes into images [Side, Side, Channels] of bytes, row by row. One channel is grey, three
// are red, green and blue.
type Decoder struct {
	Side, Channels int
	Decode         func(ctx context.Context, made []float32) ([]byte, error) // of any number of images, as vae.Autoencoder has it

	Latents bool   // what is decoded are latents, multiplied by vae.Scale as an autoencoder wants them
	SHA256  string // of the autoencoder's weights; empty if there is none
}

// Pixels returns the decoder for generators that make pixels in [−1, 1]. It maps them to [0, 1], clips them, and rounds them
// to the nearest of 256 levels.
func Pixels(shape generator.Shape) Decoder {
	decode := func(_ context.Context, made []float32) ([]byte, error) {
		image := make([]byte, len(made))
		for i, v := range made {
			image[i] = byte(math.RoundToEven(255 * min(max((float64(v)+1)/2, 0), 1)))
		}
		return image, nil
	}
	return Decoder{Side: shape.Side, Channels: shape.Channels, Decode: decode}
}

// numbers returns how many bytes an image has.
func (d Decoder) numbers() int { return d.Side * d.Side * d.Channels }

// bytes decodes n images.
func (d Decoder) bytes(ctx context.Context, made []float32, n int) ([]byte, error) {
	if d.Channels != 1 && d.Channels != 3 {
		return nil, fmt.Errorf("sample: images of %d channels, want 1 or 3", d.Channels)
	}
	images, err := d.Decode(ctx, made)
	if err != nil {
		return nil, err
	}
	if len(images) != n*d.numbers() {
		return nil, fmt.Errorf("sample: the decoder returned %d bytes for %d images, want %d × %d × %d each", len(images), n, d.Side, d.Side, d.Channels)
	}
	return images, nil
}
