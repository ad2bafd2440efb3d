package mae

import (
	"fmt"
	"math"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Config is the shape of a network. Beside each field stands its key in the model block of the official configuration
// files. The key dropout_prob has no field: [FromPreset] wants 0 for it, which all released files say.
type Config struct {
	Width    int    // base_channels: channels of the first stage; each further stage has twice as many
	Layers   [4]int // layers: blocks of each stage
	Channels int    // in_channels: of the latent
	Classes  int    // num_classes, of the dataset block
	Patch    int    // patch_size: side of the squares that are hidden in pre-training, counted in points of what the encoder sees

	// InputPatch is input_patch_size: the encoder sees an image as a grid of squares of this side, and the numbers of a square are
	// the channels of its point. So [S, S, Channels] becomes [S/p, S/p, p·p·Channels]. 1, as all released files say, changes nothing,
	// nor does 0.
	InputPatch int

	// BFloat16 (use_bf16) rounds kernels, and what every layer makes, to bfloat16. The weights themselves, the statistics of norms,
	// what [Config.Features] makes of the maps, and losses stay in the precision of the weights. It is made for GPUs: CPUs become
	// slower by it.
	BFloat16 bool `json:",omitempty"`
}

// Released returns the configuration of the released ImageNet encoder of a width: 256 in the ablations, 640 otherwise.
func Released(width int) Config {
	return Config{Width: width, Layers: [4]int{3, 4, 6, 3}, Channels: 4, Classes: 1000, Patch: 2, InputPatch: 1}
}

// Validate returns an error that names the first field with an impossible value, or nil if there is none. A negative InputPatch counts
// as 0.
func (c Config) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"Width", c.Width}, {"Layers[0]", c.Layers[0]}, {"Layers[1]", c.Layers[1]}, {"Layers[2]", c.Layers[2]},
		{"Layers[3]", c.Layers[3]}, {"Channels", c.Channels}, {"Classes", c.Classes}, {"Patch", c.Patch},
	} {
		if f.value < 1 {
			return fmt.Errorf("mae: %s is %d, want at least 1", f.name, f.value)
		}
	}
	return nil
}

// points returns how many channels the encoder sees at a point of its grid.
func (c Config) points() int { return c.inputPatch() * c.inputPatch() * c.Channels }

// inputPatch returns the side of a point's square.
func (c Config) inputPatch() int { return max(c.InputPatch, 1) }

// side returns of what the side of an image must be a multiple: the encoder halves its grid three times.
func (c Config) side() int { return 8 * c.inputPatch() }

// width returns how many channels a stage has.
func (c Config) width(stage int) int { return c.Width << stage }

// Table returns the parameters by their official names: those of the encoder under "encoder.", of the decoder under
// "decoder." and of the classifier under "fc.". [Config.Encode] and [Config.Features] read only those of the encoder. With the
// released layers there are so many numbers:
//
//	width   encoder         decoder       classifier   all
//	128     85,075,456      22,278,404    1,025,000    108,378,860
//	256     340,216,832     89,088,516    2,049,000    431,354,348
//	640     2,126,036,480   556,709,124   5,121,000    2,687,866,604
func (c Config) Table() weights.Table {
	var t weights.Table
	norm := func(name string, channels int) {
		t.Add(name+".weight", channels)
		t.Add(name+".bias", channels)
	}
	convolution := func(conv, gn string, in, out, side int) {
		t.Add(conv+".weight", out, in, side, side)
		norm(gn, out)
	}
	convolution("encoder.conv1", "encoder.gn1", c.points(), c.Width, 3)
	for stage := range c.Layers {
		norm(stageNorm(stage), c.width(stage))
	}
	in := c.Width
	for stage, blocks := range c.Layers {
		for block := range blocks {
			name, out := blockName(stage, block), c.width(stage)
			convolution(name+".conv1", name+".gn1", in, out, 3)
			convolution(name+".conv2", name+".gn2", out, out, 3)
			if in != out {
				convolution(name+".proj_conv", name+".proj_gn", in, out, 1)
			}
			in = out
		}
	}
	convolution("decoder.bridge.conv", "decoder.bridge.gn", in, in, 3)
	for _, up := range c.ups() {
		norm(up.name+".concat_norm_fn", in+up.skip)
		convolution(up.name+".proj.conv", up.name+".proj.gn", in+up.skip, up.out, 3)
		convolution(up.name+".refine.conv", up.name+".refine.gn", up.out, up.out, 3)
		in = up.out
	}
	t.Add("decoder.head.weight", c.points(), in, 1, 1)
	t.Add("decoder.head.bias", c.points())
	t.Add("fc.weight", c.Classes, c.width(3))
	t.Add("fc.bias", c.Classes)
	return t
}

// Initial returns the function that gives weights.Load the numbers from which pre-training starts. They depend on the seed
// and on the parameter's name. Kernels are normal, with variance 2 / (inputs of an output), or half of that in the two linear
// layers before a loss. Weights of norms are 1, biases 0.
//
// Source: He et al., Delving Deep into Rectifiers (2015).
func Initial(seed uint64) func(weights.Parameter) ([]float32, error) {
	return func(p weights.Parameter) ([]float32, error) {
		values := make([]float32, p.Size())
		switch {
		case len(p.Shape) > 1:
			gain := 2.0
			if p.Name == "decoder.head.weight" || p.Name == "fc.weight" {
				gain = 1
			}
			deviation := math.Sqrt(gain * float64(p.Shape[0]) / float64(p.Size()))
			s := stream.New(seed, "weights "+p.Name)
			for i := range values {
				values[i] = float32(deviation * s.Normal(uint64(i)))
			}
		case strings.HasSuffix(p.Name, ".weight"):
			for i := range values {
				values[i] = 1
			}
		}
		return values, nil
	}
}
