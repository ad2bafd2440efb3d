package mae

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow/onestep"
)

// Losses are the numbers that pre-training computes for each sample, [B].
type Losses struct {
	Total          *graph.Node // λ·CrossEntropy + (1 − λ)·Reconstruction: minimise its mean
	Reconstruction *graph.Node // Σ (decoded − latent)² over hidden points of the grid and their channels / hidden points; 0 if there are none
	CrossEntropy   *graph.Node // −log softmax(fc(mean over positions of layer4)) at the class
	Accuracy       *graph.Node // 1 where the class has the largest logit, else 0
}

// Losses builds the masked pass on latents [B, S, S, Channels]. Squares of Patch × Patch points of the encoder's grid are set
// to zero where hidden [B, n, n] is true, or 1, with n = S/(InputPatch·Patch). What the encoder makes of the rest is decoded and
// classified. Classes [B] are integers. Lambda is the scalar of [Pretraining.Lambda].
//
// For a GoMLX trainer, latents, hidden, classes and lambda are the inputs of the model function. The total is its prediction
// and its loss.
//
// Source: arXiv 2602.04770 and its code; He et al., Masked Autoencoders (2022).
func (c Config) Losses(scope *model.Scope, latents, hidden, classes, lambda *graph.Node) Losses {
	classes.AssertDims(latents.Shape().Dim(0))
	grid, mask := c.hide(latents, hidden)
	m := c.encode(scope, graph.Mul(grid, graph.OneMinus(mask)))

	perSample := func(x *graph.Node) *graph.Node { return graph.ReduceSum(x, 1, 2, 3) }
	difference := graph.Mul(graph.Sub(c.Decode(scope, m), grid), mask)
	var l Losses
	l.Reconstruction = graph.Div(perSample(graph.Square(difference)), graph.MaxScalar(perSample(mask), 1))

	logits := network{scope}.classify(m)
	target := graph.OneHot(classes, c.Classes, latents.DType())
	l.CrossEntropy = graph.Neg(graph.ReduceSum(graph.Mul(graph.LogSoftmax(logits), target), -1))
	l.Accuracy = graph.ConvertDType(graph.Equal(graph.ArgMax(logits, -1, classes.DType()), classes), latents.DType())
	l.Total = graph.Add(graph.Mul(lambda, l.CrossEntropy), graph.Mul(graph.OneMinus(lambda), l.Reconstruction))
	return l
}

// classify returns the logits [B, Classes] of the mean over the positions of layer4.
func (n network) classify(m Maps) *graph.Node {
	weight, bias := weights.Node(n.scope, m.Conv1.Graph(), "fc.weight"), weights.Node(n.scope, m.Conv1.Graph(), "fc.bias")
	pooled := graph.ReduceMean(graph.ConvertDType(m.Stages[3], weight.DType()), 1, 2)
	return graph.Add(graph.Einsum("bc,kc->bk", pooled, weight), graph.ExpandLeftToRank(bias, 2))
}

// Pretraining says how an encoder is trained. Beside each field stands its key in the official configuration files. The
// optimiser is AdamW, on the gradient of the mean of Losses.Total, clipped to the norm Clip. The encoder that is kept has the
// moving average of the weights. The released encoders were trained on images that were cropped at random (0.2 to 1 of the
// area, bicubic), mirrored at random and encoded anew each time.
//
// Source: arXiv 2602.04770 and its code.
type Pretraining struct {
	Steps       int          // total_steps, of the train block
	Batch       int          // batch_size: images of a step
	Rate        onestep.Rate // learning_rate, warmup_steps
	Beta1       float64      // adam_b1
	Beta2       float64      // adam_b2
	WeightDecay float64      // weight_decay
	Clip        float64      // largest norm of the gradient; no key
	Average     float64      // ema_decay
	Hidden      float64      // mask_ratio_min, mask_ratio_max: probability of a square to be hidden
	Seed        uint64       // seed

	// Classification is on in the last steps only: λ rises linearly from 0 to FineTuneLambda over the first
	// FineTuneWarmUp of the last FineTuneSteps.
	FineTuneSteps  int     // finetune_last_steps; may be 0
	FineTuneWarmUp int     // warmup_finetune
	FineTuneLambda float64 // finetune_cls

	// Checkpoint is the path of the file that keeps the training, written every Every steps (0 means 1000), at the end, and when
	// the context ends. If it is there already, the training goes on from it, to the same weights as in one go. It belongs to
	// these settings, samples and engine; others are an error. Empty means none. Neither has a key.
	Checkpoint string `json:"-"`
	Every      int    `json:"-"`

	// Extend lets the training go on from a checkpoint with more Steps, with another Rate, on another engine, and with another
	// BFloat16 of the encoder. Rate and classification then follow the schedule of the longer training. Later checkpoints keep what
	// has changed. It has no key.
	Extend bool `json:"-"`

	// Begin, if not nil, is told the number of steps that are done, before the next one: the training fits its Checkpoint. An error
	// ends it there.
	Begin func(done int) error `json:"-"`

	Devices int `json:"-"` // of the engine, each with its share of the batch, which they must divide; 0 means 1
}

const clip = 2 // a configuration file has no key for it

// ReleasedPretraining returns how the released encoder of a width was trained: 640 for 200,000 steps, of which the last
// 3,000 classify too, and 256 for 30,000 steps, which never classify. Of other widths nothing is known: they get what 256 got.
func ReleasedPretraining(width int) Pretraining {
	p := Pretraining{
		Steps: 30_000, Batch: 8192, Rate: onestep.Rate{Peak: 4e-3, WarmUp: 4000}, Beta1: 0.9, Beta2: 0.95,
		WeightDecay: 0.01, Clip: clip, Average: 0.9995, Hidden: 0.5, Seed: 42,
		FineTuneWarmUp: 1000, FineTuneLambda: 0.1,
	}
	if width == 640 {
		p.Steps, p.FineTuneSteps = 200_000, 3000
	}
	return p
}

// Warnings says what is allowed, but probably not meant: a moving average that looks back over much of the training. Fit logs it at
// the start.
func (p Pretraining) Warnings() (list []string) {
	if short := descent.Short(p.Average, p.Steps); short != "" {
		list = append(list, short)
	}
	return list
}

// Lambda returns the share λ of classification in the loss of a step, counted from 0.
func (p Pretraining) Lambda(step int) float64 {
	into := step - (p.Steps - p.FineTuneSteps)
	switch {
	case into < 0 || p.FineTuneSteps == 0:
		return 0
	case into < p.FineTuneWarmUp:
		return p.FineTuneLambda * float64(into) / float64(p.FineTuneWarmUp)
	}
	return p.FineTuneLambda
}
