package residual

import (
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/preset"
)

// FromPreset returns the generator that a configuration file describes whose model has network: residual. Any other
// network is an error.
func FromPreset(g *preset.Generator) (Config, error) {
	m := g.Model
	if m.Network != "residual" {
		return Config{}, fmt.Errorf("residual: network %q, want \"residual\"", m.Network)
	}
	c := Config{
		Side: m.Size, Channels: m.OutChannels, Noise: m.Noise,
		Width: m.Width, Inner: int(m.MLPRatio * float64(m.Width)), Depth: m.Depth,
		Classes: g.Data.Classes, Codebooks: m.Codebooks, Entries: m.Entries,
	}
	return c, c.Validate()
}
