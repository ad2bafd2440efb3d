package train

import (
	"errors"
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/onestep"
)

// group is how many classes share scale and normalisation, as in every released training: there, each process takes two at a time.
const group = 2

// FromPreset returns the training of a network that a configuration file describes, on some devices of one process. Each device
// takes as many groups of two classes at once as the file says, or fewer if there are not as many. Data and, if features are of
// an encoder, Encoder are for the caller to set. A configuration that was made by hand must pass [preset.Preset.Check].
//
// The file counts for many processes, of which each takes two classes in each of its Chunks. This process does the work of all:
// it loads what all load in a step. The official code gives each process banks of its own; here one bank sees all images.
func FromPreset(g *preset.Generator, network generator.Network, devices int) (Training, error) {
	t, o := g.Train, g.Optimizer
	switch {
	case devices < 1:
		return Training{}, fmt.Errorf("train: %d devices, want 1 or more", devices)
	case g.Feature.ConvNeXt:
		return Training{}, errors.New("train: use_convnext is true, want false: features are of the masked autoencoder")
	case t.Classes%group != 0:
		return Training{}, fmt.Errorf("train: train_batch_size %d is odd, want groups of two classes", t.Classes)
	case t.Classes%(group*devices) != 0:
		return Training{}, fmt.Errorf("train: train_batch_size %d on %d devices: want a multiple of %d, two classes for each; the nearest is %d",
			t.Classes, devices, group*devices, nearestMultiple(t.Classes, group*devices))
	case o.Rate.Schedule == "cosine" && o.Rate.Steps != t.Steps:
		return Training{}, fmt.Errorf("train: total_steps is %d for the cosine of the learning rate and %d for the training, want them equal", o.Rate.Steps, t.Steps)
	}
	groups := t.Classes / group / devices // of a device
	atOnce := min(t.AtOnce, groups)
	if groups%atOnce != 0 {
		return Training{}, fmt.Errorf("train: groups_at_once %d for a device that has %d groups of two classes: want a divisor", atOnce, groups)
	}
	field, oneBatch := fieldOf(g)
	processes := max(t.Classes/(group*t.Chunks), 1)
	perProcess := max(g.Data.Batch/processes, 1)
	training := Training{
		Step: Step{
			Generator: network, Field: field, Regularisations: len(t.Loss.R), OneBatch: oneBatch, ImageWeight: g.Feature.Image,
			Classes: t.Classes, Group: group, Chunk: group * devices * atOnce, Images: t.Images,
			Particles: t.Guidance.Particles, Real: t.Real, Unconditional: t.Unconditional,
			Beta1: o.Beta1, Beta2: o.Beta2, WeightDecay: o.WeightDecay, Clip: t.Clip, Average: t.Average,
		},
		Batch: g.Data.Batch, Loads: (t.Push + perProcess - 1) / perProcess, ClassBank: t.ClassBank, GlobalBank: t.GlobalBank,
		Scales: onestep.Scales{Min: t.Guidance.Least, Max: t.Guidance.Most, Exponent: t.Guidance.Exponent, Unguided: t.Guidance.Unguided},
		Rate:   onestep.Rate{Peak: o.Rate.Peak, WarmUp: o.Rate.WarmUp, Decay: o.Rate.Schedule == "cosine"},
		Steps:  t.Steps, Seed: uint64(t.Seed), FeaturesFrom: g.Feature.From,
		Devices: devices, SaveEvery: t.SaveEvery, KeepEvery: t.KeepEvery, KeepLast: t.KeepLast,
	}
	for i, r := range t.Loss.R {
		a := onestep.Annealing{From: r, To: r}
		if len(t.Loss.Final) > 0 {
			a.To = t.Loss.Final[i]
		}
		training.R = append(training.R, a)
	}
	return training, nil
}

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
