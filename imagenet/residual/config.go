package residual

import (
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// Config is the shape of a network.
type Config struct {
	Side     int // height and width of the image
	Channels int // of the image
	Noise    int // how many numbers the noise has

	Width int // numbers of the state that the blocks change, and of the condition: a multiple of 4
	Inner int // numbers between the two linear maps of a block
	Depth int // blocks

	Classes   int // there is no null class
	Codebooks int // how many style codebooks there are
	Entries   int // vectors of a codebook; 0 means no codebooks
}

// Digits returns the network of the preset gen/mnist_pixels: 2,058,752 parameters, for digits [32, 32, 1] of ten classes.
func Digits() Config {
	return Config{Side: 32, Channels: 1, Noise: 64, Width: 256, Inner: 512, Depth: 3, Classes: 10, Codebooks: 8, Entries: 64}
}

// Validate returns an error that says what is impossible, or nil if nothing is.
func (c Config) Validate() error {
	for _, f := range []struct {
		name        string
		value, from int
	}{
		{"Side", c.Side, 1}, {"Channels", c.Channels, 1}, {"Noise", c.Noise, 1},
		{"Width", c.Width, 1}, {"Inner", c.Inner, 1}, {"Depth", c.Depth, 1},
		{"Classes", c.Classes, 1}, {"Codebooks", c.Codebooks, 0}, {"Entries", c.Entries, 0},
	} {
		if f.value < f.from {
			return fmt.Errorf("residual: %s is %d, want at least %d", f.name, f.value, f.from)
		}
	}
	if c.Width%4 != 0 {
		return fmt.Errorf("residual: Width %d is no multiple of 4", c.Width)
	}
	return nil
}

// Shape implements generator.Network: the noise is one vector.
func (c Config) Shape() generator.Shape {
	s := generator.Shape{Side: c.Side, Channels: c.Channels, Noise: []int{c.Noise}, Classes: c.Classes}
	if s.Codebooks = c.codebooks(); s.Codebooks > 0 {
		s.Entries = c.Entries
	}
	return s
}

// codebooks returns how many codebooks the network has.
func (c Config) codebooks() int {
	if c.Entries == 0 {
		return 0
	}
	return c.Codebooks
}

// transformer returns a dit.Config that has the same condition, and the least of everything else.
func (c Config) transformer() dit.Config {
	return dit.Config{
		Size: 1, Channels: 1, Patch: 1, Width: c.Width, Depth: 1, Heads: 1, MLPRatio: 1, RMSNorm: true,
		Classes: c.Classes, Codebooks: c.Codebooks, Entries: c.Entries,
	}
}

// Table returns the parameters. Those of the condition come first and have the names that they have in package dit.
func (c Config) Table() weights.Table {
	var t weights.Table
	linear := func(name string, in, out int) {
		t.Add(name+".weight", out, in)
		t.Add(name+".bias", out)
	}
	condition := c.transformer().Table()
	for _, prefix := range []string{"class_embed.", "noise_embeds.", "cfg_embedder.", "cfg_norm."} {
		t = append(t, condition.Under(prefix)...)
	}
	linear("model.noise_embed.linear", c.Noise, c.Width)
	for k := range c.Depth {
		name := block(k)
		t.Add(name+"norm.weight", c.Width)
		linear(name+"adaLN_mod.1.linear", c.Width, 3*c.Width)
		linear(name+"mlp.fc1.linear", c.Width, c.Inner)
		linear(name+"mlp.fc2.linear", c.Inner, c.Width)
	}
	t.Add("model.final_layer.norm_final.weight", c.Width)
	linear("model.final_layer.adaLN_mod.1.linear", c.Width, 2*c.Width)
	linear("model.final_layer.linear.linear", c.Width, c.Shape().Numbers())
	return t
}

// Initial returns the function that gives weights.Load the numbers from which training starts: those of
// dit.Config.Initial for parameters of the same kind. Matrices are Xavier-uniform, those of classes, styles and
// guidance scale normal with deviation 0.02, weights of norms 1. Modulations, the last matrix and biases are 0, so that
// the images are exactly 0.
func (c Config) Initial(seed uint64) func(weights.Parameter) ([]float32, error) {
	return c.transformer().Initial(seed)
}

func block(k int) string    { return fmt.Sprintf("model.blocks.%d.", k) }
func codebook(i int) string { return fmt.Sprintf("noise_embeds.%d.weight", i) }
