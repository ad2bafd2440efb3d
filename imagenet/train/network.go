package train

import (
	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/residual"
)

// Network returns the network that a configuration file describes: a dit.Config or a residual.Config.
func Network(g *preset.Generator) (generator.Network, error) {
	if g.Model.Network == "residual" {
		return residual.FromPreset(g)
	}
	return dit.FromPreset(g)
}
