package train

import (
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/wflow"
)

// fieldOf returns the field that a configuration trains with, and whether the particles are their own self term.
func fieldOf(g *preset.Generator) (field wflow.Field, oneBatch bool) {
	if g.Train.Mode == "none" {
		return &wflow.Drifting{}, true
	}
	t := g.Train.Transport
	f := &wflow.Sinkhorn{Iterations: t.Iterations, Cost: sinkhorn.Euclidean, MaskDiagonal: !t.Unmasked, Guidance: wflow.ByDistribution}
	if t.HalfSquaredCost {
		f.Cost = sinkhorn.HalfSquared
	}
	if t.GuideVelocity {
		f.Guidance = wflow.ByVelocity
	}
	return f, !t.SecondBatch
}
