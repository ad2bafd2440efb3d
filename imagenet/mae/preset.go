package mae

import (
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/wflow/onestep"
)

// FromPreset returns the network and the pre-training that a configuration file of an encoder describes. It is an error if a
// key asks for what is not built here: see [Config]. The share of squares that are hidden must be one number: it is an error
// if mask_ratio_min and mask_ratio_max differ, which asks for a share that is drawn. The released files ask for BFloat16. On a CPU,
// set it to false: the weights are the same.
func FromPreset(m *preset.MAE) (Config, Pretraining, error) {
	n, t := m.Model, m.Train
	switch {
	case n.Dropout != 0:
		return Config{}, Pretraining{}, fmt.Errorf("mae: dropout_prob %v, want 0", n.Dropout)
	case len(n.Layers) != 4:
		return Config{}, Pretraining{}, fmt.Errorf("mae: layers of %d stages, want 4", len(n.Layers))
	case t.Masking.Least != t.Masking.Most:
		return Config{}, Pretraining{}, fmt.Errorf("mae: mask_ratio_min %v and mask_ratio_max %v, want them equal", t.Masking.Least, t.Masking.Most)
	case m.Optimizer.Rate.Schedule == "cosine" && m.Optimizer.Rate.Steps != t.Steps:
		return Config{}, Pretraining{}, fmt.Errorf("mae: lr_schedule is a cosine until step %d, want the total_steps %d of train", m.Optimizer.Rate.Steps, t.Steps)
	case t.Masking.Classification != 0:
		return Config{}, Pretraining{}, fmt.Errorf("mae: lambda_cls %v, want 0 before the last steps", t.Masking.Classification)
	}
	c := Config{Width: n.Width, Layers: [4]int(n.Layers), Channels: n.Channels, Classes: m.Data.Classes, Patch: n.Patch, InputPatch: n.InputPatch, BFloat16: n.BFloat16}
	p := Pretraining{
		Steps: t.Steps, Batch: m.Data.Batch,
		Rate:  onestep.Rate{Peak: m.Optimizer.Rate.Peak, WarmUp: m.Optimizer.Rate.WarmUp, Decay: m.Optimizer.Rate.Schedule == "cosine"},
		Beta1: m.Optimizer.Beta1, Beta2: m.Optimizer.Beta2, WeightDecay: m.Optimizer.WeightDecay, Clip: clip,
		Average: t.Average, Hidden: t.Masking.Least, Seed: uint64(t.Seed),
		FineTuneSteps: t.FineTune, FineTuneWarmUp: t.FineTuneWarmUp, FineTuneLambda: t.FineTuneWeight,
	}
	return c, p, c.Validate()
}
