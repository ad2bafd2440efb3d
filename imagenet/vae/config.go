package vae

import (
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// Config is the shape of an autoencoder.
type Config struct {
	Widths []int // channels of the blocks, from the image to the latent; between two blocks, height and width are halved
	Layers int   // residual layers of a block of the encoder; a block of the decoder has one more
	Latent int   // channels of the latent
	Groups int   // groups of every GroupNorm
}

// StableDiffusion returns the shape of stabilityai/sd-vae-ft-mse, which turns images [256, 256, 3] into latents [32, 32, 4].
func StableDiffusion() Config {
	return Config{Widths: []int{128, 256, 512, 512}, Layers: 2, Latent: 4, Groups: 32}
}

// Factor returns how many times as high and as wide as its latent an image is.
func (c Config) Factor() int { return 1 << (len(c.Widths) - 1) }

// Validate returns an error that says what is impossible, or nil if nothing is.
func (c Config) Validate() error {
	if len(c.Widths) == 0 || c.Layers < 1 || c.Latent < 1 || c.Groups < 1 {
		return fmt.Errorf("vae: %+v: widths, layers, latent channels and groups must be positive", c)
	}
	for _, width := range c.Widths {
		if width < 1 || width%c.Groups != 0 {
			return fmt.Errorf("vae: width %d is no multiple of %d groups", width, c.Groups)
		}
	}
	return nil
}

// Table returns the parameters by the names of diffusers' AutoencoderKL, in its order.
func (c Config) Table() weights.Table {
	var t weights.Table
	layer := func(name string, shape ...int) {
		t.Add(name+".weight", shape...)
		t.Add(name+".bias", shape[0])
	}
	residual := func(name string, in, out int) {
		layer(name+".norm1", in)
		layer(name+".conv1", out, in, 3, 3)
		layer(name+".norm2", out)
		layer(name+".conv2", out, out, 3, 3)
		if in != out {
			layer(name+".conv_shortcut", out, in, 1, 1)
		}
	}
	first, deepest, last := c.Widths[0], c.Widths[len(c.Widths)-1], len(c.Widths)-1
	middle := func(name string) {
		layer(name+".attentions.0.group_norm", deepest)
		for _, part := range attention {
			layer(name+".attentions.0."+part, deepest, deepest)
		}
		residual(name+".resnets.0", deepest, deepest)
		residual(name+".resnets.1", deepest, deepest)
	}

	layer("encoder.conv_in", first, 3, 3, 3)
	width := first
	for i, out := range c.Widths {
		for j := range c.Layers {
			residual(fmt.Sprintf("encoder.down_blocks.%d.resnets.%d", i, j), width, out)
			width = out
		}
		if i < last {
			layer(fmt.Sprintf("encoder.down_blocks.%d.downsamplers.0.conv", i), out, out, 3, 3)
		}
	}
	middle("encoder.mid_block")
	layer("encoder.conv_norm_out", deepest)
	layer("encoder.conv_out", 2*c.Latent, deepest, 3, 3)

	layer("decoder.conv_in", deepest, c.Latent, 3, 3)
	for i := range c.Widths {
		out := c.Widths[last-i]
		for j := range c.Layers + 1 {
			residual(fmt.Sprintf("decoder.up_blocks.%d.resnets.%d", i, j), width, out)
			width = out
		}
		if i < last {
			layer(fmt.Sprintf("decoder.up_blocks.%d.upsamplers.0.conv", i), out, out, 3, 3)
		}
	}
	middle("decoder.mid_block")
	layer("decoder.conv_norm_out", first)
	layer("decoder.conv_out", 3, first, 3, 3)

	layer("quant_conv", 2*c.Latent, 2*c.Latent, 1, 1)
	layer("post_quant_conv", c.Latent, c.Latent, 1, 1)
	return t
}
