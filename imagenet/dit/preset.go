package dit

import (
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/preset"
)

// FromPreset returns the generator that a configuration file describes. It is an error if the file asks for another
// network, such as that of package residual. The released files ask for BFloat16, and those of the larger generators
// for Recompute. On a CPU, set BFloat16 to false: the weights are the same.
func FromPreset(g *preset.Generator) (Config, error) {
	m := g.Model
	if m.Network != "" && m.Network != "dit" {
		return Config{}, fmt.Errorf("dit: network %q, want \"dit\"", m.Network)
	}
	if m.Condition != m.Width || m.OutChannels != m.InChannels {
		return Config{}, fmt.Errorf("dit: cond_dim %d, hidden_size %d, in_channels %d, out_channels %d: want the first two equal, and the last two",
			m.Condition, m.Width, m.InChannels, m.OutChannels)
	}
	c := Config{
		Size: m.Size, Channels: m.InChannels, Patch: m.Patch,
		Width: m.Width, Depth: m.Depth, Heads: m.Heads, MLPRatio: m.MLPRatio,
		Classes: g.Data.Classes, Codebooks: m.Codebooks, Entries: m.Entries, Context: m.Context,
		QKNorm: m.QKNorm, SwiGLU: m.SwiGLU, RoPE: m.RoPE, RMSNorm: m.RMSNorm,
		BFloat16: m.BFloat16, Float32Attention: m.Float32Attention, Recompute: m.Recompute,
		Pixels: !g.Data.Latent,
	}
	return c, c.Validate()
}
