package dit

import (
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// Config is the shape of a generator and the precision in which it computes. Beside each field stands its key in the model
// block of the official configuration files. Where two keys stand beside a field, they must have the same value.
type Config struct {
	Size     int // input_size: height and width of the latent
	Channels int // in_channels, out_channels: of the latent
	Patch    int // patch_size: a token is Patch × Patch points of the latent

	Width    int     // hidden_size, cond_dim: numbers of a token and of the condition
	Depth    int     // depth: blocks
	Heads    int     // num_heads: of the attention, Width/Heads numbers each
	MLPRatio float64 // mlp_ratio: inner width of the feed-forward part, in units of Width; two thirds of it with SwiGLU

	Classes   int // num_classes, of the dataset block; there is no null class
	Codebooks int // noise_coords: how many style codebooks there are
	Entries   int // noise_classes: vectors of a codebook; 0 means no codebooks
	Context   int // n_cls_tokens: in-context tokens before those of the latent; may be 0

	QKNorm  bool // use_qknorm: queries and keys are normalised, head by head
	SwiGLU  bool // use_swiglu: W₂(SiLU(W₁x) ⊙ W₃x), else W₂ GELU(W₁x)
	RoPE    bool // use_rope: rotary positions along the sequence
	RMSNorm bool // use_rmsnorm: root-mean-square norms with weights, else layer norms without (with, for queries and keys)

	// BFloat16 (use_bf16) rounds both operands and the result of every linear map and of the attention's products to
	// bfloat16. Everything between them stays in the precision of the weights: tokens, norms, modulation, activations,
	// rotation and softmax. (Under PyTorch's autocast, which the official code uses, the product of a gate and of what passes
	// it is rounded once more.) It is made for GPUs: CPUs become slower by it.
	BFloat16 bool
	// Float32Attention (attn_fp32) leaves the attention's products out of BFloat16.
	Float32Attention bool
	// Pixels says that images are pixels, which lie between −1 and 1 (use_latent is false): the network ends in a tanh then. One
	// without it leaves grey specks on the paper around a digit, because there it has to hit −1.
	Pixels bool
	// Recompute (use_remat) computes each block again for the gradient, from its input, instead of storing what is inside.
	Recompute bool
}

// B returns the released size B/2: 132,708,880 parameters, for latents [32, 32, 4] and the 1,000 classes of ImageNet, in
// float32.
func B() Config { return released(768, 12, 12) }

// L returns the released size L/2: 462,909,456 parameters, otherwise as [B].
func L() Config { return released(1024, 24, 16) }

// XL returns the released size XL/2: 678,929,872 parameters, otherwise as [B].
func XL() Config { return released(1152, 28, 16) }

func released(width, depth, heads int) Config {
	return Config{
		Size: 32, Channels: 4, Patch: 2,
		Width: width, Depth: depth, Heads: heads, MLPRatio: 4,
		Classes: 1000, Codebooks: 32, Entries: 64, Context: 16,
		QKNorm: true, SwiGLU: true, RoPE: true, RMSNorm: true,
	}
}

// Validate returns an error that says what is impossible, or nil if nothing is.
func (c Config) Validate() error {
	for _, f := range []struct {
		name        string
		value, from int
	}{
		{"Size", c.Size, 1}, {"Channels", c.Channels, 1}, {"Patch", c.Patch, 1},
		{"Width", c.Width, 1}, {"Depth", c.Depth, 1}, {"Heads", c.Heads, 1},
		{"Classes", c.Classes, 1}, {"Codebooks", c.Codebooks, 0}, {"Entries", c.Entries, 0}, {"Context", c.Context, 0},
	} {
		if f.value < f.from {
			return fmt.Errorf("dit: %s is %d, want at least %d", f.name, f.value, f.from)
		}
	}
	switch {
	case c.Size%c.Patch != 0:
		return fmt.Errorf("dit: Size %d is no multiple of Patch %d", c.Size, c.Patch)
	case c.Width%c.Heads != 0:
		return fmt.Errorf("dit: Width %d is no multiple of Heads %d", c.Width, c.Heads)
	case c.Width%4 != 0: // sines and cosines of rows and columns
		return fmt.Errorf("dit: Width %d is no multiple of 4", c.Width)
	case c.RoPE && c.Width/c.Heads%2 != 0:
		return fmt.Errorf("dit: RoPE turns pairs of numbers: heads of %d are odd", c.Width/c.Heads)
	case !(c.MLPRatio*float64(c.Width) >= 2 && c.MLPRatio <= 1024):
		return fmt.Errorf("dit: MLPRatio %v of Width %d is no feed-forward width", c.MLPRatio, c.Width)
	}
	return nil
}

// Shape implements generator.Network: noise has the shape of the latents.
func (c Config) Shape() generator.Shape {
	s := generator.Shape{Side: c.Size, Channels: c.Channels, Noise: []int{c.Size, c.Size, c.Channels}, Classes: c.Classes}
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

// latents returns how many tokens the latent has.
func (c Config) latents() int { return c.Size / c.Patch * (c.Size / c.Patch) }

// point returns how many numbers of the latent one token stands for.
func (c Config) point() int { return c.Patch * c.Patch * c.Channels }

// inner returns the inner width of the feed-forward part: ⌊MLPRatio·Width⌋. With SwiGLU it is two thirds of that, rounded
// down to an integer and then up to a multiple of 32.
func (c Config) inner() int {
	inner := int(float64(c.Width) * c.MLPRatio)
	if !c.SwiGLU {
		return inner
	}
	return (2*inner/3 + 31) / 32 * 32
}

// Table returns the parameters by their official names, in the official order.
func (c Config) Table() weights.Table {
	var t weights.Table
	linear := func(name string, in, out int) {
		t.Add(name+".weight", out, in)
		t.Add(name+".bias", out)
	}
	norm := func(name string) { // layer norms of tokens have no weights
		if c.RMSNorm {
			t.Add(name+".weight", c.Width)
		}
	}
	t.Add("class_embed.weight", c.Classes, c.Width)
	for i := range c.codebooks() {
		t.Add(codebook(i), c.Entries, c.Width)
	}
	linear("cfg_embedder.fc1.linear", frequencies, c.Width)
	linear("cfg_embedder.fc2.linear", c.Width, c.Width)
	t.Add("cfg_norm.weight", c.Width)
	t.Add("model.pos_embed", 1, c.latents(), c.Width)
	if c.Context > 0 {
		t.Add("model.cls_embed", 1, c.Context, c.Width)
	}
	linear("model.patch_embed.linear", c.point(), c.Width)
	for k := range c.Depth {
		b := block(k)
		norm(b + "norm1")
		norm(b + "norm2")
		linear(b+"attn.qkv.linear", c.Width, 3*c.Width)
		if c.QKNorm {
			for _, name := range []string{"attn.q_norm", "attn.k_norm"} {
				t.Add(b+name+".weight", c.Width/c.Heads)
				if !c.RMSNorm {
					t.Add(b+name+".bias", c.Width/c.Heads)
				}
			}
		}
		linear(b+"attn.proj.linear", c.Width, c.Width)
		if c.SwiGLU {
			linear(b+"mlp.w1.linear", c.Width, c.inner())
			linear(b+"mlp.w3.linear", c.Width, c.inner())
			linear(b+"mlp.w2.linear", c.inner(), c.Width)
		} else {
			linear(b+"mlp.fc1.linear", c.Width, c.inner())
			linear(b+"mlp.fc2.linear", c.inner(), c.Width)
		}
		linear(b+"adaLN_mod.1.linear", c.Width, 6*c.Width)
	}
	norm("model.final_layer.norm_final")
	linear("model.final_layer.adaLN_mod.1.linear", c.Width, 2*c.Width)
	linear("model.final_layer.linear.linear", c.Width, c.point())
	if c.Context > 0 {
		linear("model.c_token_proj.linear", c.Width, c.Width)
	}
	return t
}

// codebook returns the name of codebook i.
func codebook(i int) string { return fmt.Sprintf("noise_embeds.%d.weight", i) }

// block returns the prefix of the names of block k.
func block(k int) string { return fmt.Sprintf("model.blocks.%d.", k) }
