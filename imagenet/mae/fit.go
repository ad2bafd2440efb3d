package mae

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/internal/devices"
	"github.com/wflowlab/wflowlab/imagenet/internal/steps"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Sample is a latent [S, S, Channels] and its class.
type Sample struct {
	Latent []float32
	Class  int
}

// Fit pre-trains encoder, decoder and classifier of a configuration as p says, from Initial(p.Seed). It returns the
// moving average of their weights, by the names of the Table, in the official layout. Sample returns sample i of the
// training, for i from 0 to Steps·Batch − 1, or why it cannot be had, which ends the training before its step; all
// latents have the same side. A stream of the seed draws the hidden squares. If report is not nil, it is told the mean
// reconstruction loss of each step. Errors count steps from 1. The same call gives the same weights on the same engine.
// When the context is done, Fit stops between two steps, and returns the weights so far with an error that wraps the
// context's.
func (p Pretraining) Fit(ctx context.Context, backend compute.Backend, c Config, sample func(i int) (Sample, error), report func(step int, reconstruction float64)) (map[string][]float32, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if p.Steps < 1 || p.Batch < 1 || !(p.Clip > 0) || !(p.Average >= 0 && p.Average < 1) {
		return nil, fmt.Errorf("mae: %d steps of %d, Clip %v, Average %v: want positive numbers, and an average in [0, 1)", p.Steps, p.Batch, p.Clip, p.Average)
	}
	count := max(p.Devices, 1)
	if p.Batch%count != 0 {
		return nil, fmt.Errorf("mae: batches of %d on %d devices: want a multiple; the nearest is %d", p.Batch, count, max((p.Batch+count/2)/count, 1)*count)
	}
	store := model.NewStore()
	defer store.Finalize()
	descender, err := start(p, c, backend, store, Initial(p.Seed))
	if err != nil {
		return nil, fmt.Errorf("mae: %w", err)
	}
	defer descender.Finalize()
	take := func(step int) (loss, reconstruction float64, err error) { return p.take(descender, c, step, sample) }
	kept := steps.Checkpoint{Path: p.Checkpoint, Every: p.Every, Begin: p.begin, Extend: p.Extend, Extendable: []string{"BFloat16", "Engine", "Rate", "Steps"}}
	if p.Checkpoint != "" {
		first, err := p.batch(c, 0, sample)
		if err == nil {
			kept.Of, err = steps.Of(backend, first, p, c)
		}
		if err != nil {
			return nil, fmt.Errorf("mae: %w", err)
		}
	}
	done, stopped := steps.Run(ctx, store, kept, p.Steps, take, report)
	if stopped != nil {
		if stopped = fmt.Errorf("mae: %w", stopped); ctx.Err() == nil {
			return nil, stopped
		}
	}
	average := store.Scope(descent.AverageScope)
	if done == 0 { // then there is none yet
		average = store.RootScope()
	}
	trained, err := weights.All[float32](average, c.Table())
	if err != nil {
		return nil, fmt.Errorf("mae: trained %w", err)
	}
	return trained, stopped
}

// start makes the variables of a store and returns what takes steps with them, in the precision of the initial weights: float64 for
// comparisons.
func start[T float32 | float64](p Pretraining, c Config, backend compute.Backend, store *model.Store, initial func(weights.Parameter) ([]T, error)) (*steps.Descender, error) {
	if err := weights.Load(store.RootScope(), c.Table(), initial); err != nil {
		return nil, err
	}
	for v := range store.IterVariables() {
		v.SetTrainable(true)
	}
	way := steps.Descent{Common: 1, Chunks: 1, Beta1: p.Beta1, Beta2: p.Beta2, WeightDecay: p.WeightDecay, Clip: p.Clip, Average: p.Average,
		Loss: func(scope *model.Scope, in []*graph.Node) []*graph.Node {
			precision := weights.Node(scope, in[0].Graph(), c.Table()[0].Name).DType()
			lambda, latents := graph.ConvertDType(in[0], precision), graph.ConvertDType(in[1], precision)
			l := c.Losses(scope, latents, in[2], in[3], lambda)
			return []*graph.Node{graph.ReduceAllMean(l.Total), graph.ReduceAllMean(l.Reconstruction)}
		}}
	return way.Start(backend, max(p.Devices, 1), store)
}

// take takes a step, counted from 0, and returns the means of its losses.
func (p Pretraining) take(d *steps.Descender, c Config, step int, sample func(i int) (Sample, error)) (total, reconstruction float64, err error) {
	in, err := p.batch(c, step, sample)
	if err != nil {
		return 0, 0, err
	}
	values, err := d.Gradient(0, devices.Arrays(in)...)
	if err == nil {
		_, err = d.Update(p.Rate.At(step, p.Steps))
	}
	if err != nil {
		return 0, 0, fmt.Errorf("step %d: %w", step+1, err)
	}
	return float64(values[0][0]), float64(values[1][0]), nil
}

// begin tells Begin how many steps are done, and logs the warnings.
func (p Pretraining) begin(done int) error {
	if p.Begin != nil {
		if err := p.Begin(done); err != nil {
			return err
		}
	}
	if done < p.Steps {
		for _, warning := range p.Warnings() {
			log.Print("mae: ", warning)
		}
	}
	return nil
}

// batch returns the inputs of a step: λ, latents, hidden squares and classes.
func (p Pretraining) batch(c Config, step int, sample func(i int) (Sample, error)) ([]*tensors.Tensor, error) {
	var latents []float32
	classes := make([]int32, p.Batch)
	side, size := 0, 0
	for k := range classes {
		s, err := sample(step*p.Batch + k)
		if err != nil {
			return nil, err
		}
		if k == 0 {
			size = len(s.Latent)
			side = int(math.Sqrt(float64(size/c.Channels)) + 0.5)
		}
		if len(s.Latent) != size || side == 0 || side*side*c.Channels != size || side%c.side() != 0 || side%(c.inputPatch()*c.Patch) != 0 || s.Class < 0 || s.Class >= c.Classes {
			return nil, fmt.Errorf("sample %d: %d numbers of class %d, want [S, S, %d] with S a multiple of %d and of %d, as all of its batch, and a class below %d",
				step*p.Batch+k, len(s.Latent), s.Class, c.Channels, c.side(), c.inputPatch()*c.Patch, c.Classes)
		}
		latents, classes[k] = append(latents, s.Latent...), int32(s.Class)
	}
	squares := side / (c.inputPatch() * c.Patch)
	hidden, u := make([]bool, p.Batch*squares*squares), stream.New(p.Seed, "hidden")
	for k := range hidden {
		hidden[k] = u.Uniform(uint64(step*len(hidden)+k)) < p.Hidden
	}
	return []*tensors.Tensor{
		tensors.FromScalar(float32(p.Lambda(step))),
		tensors.FromFlatDataAndDimensions(latents, p.Batch, side, side, c.Channels),
		tensors.FromFlatDataAndDimensions(hidden, p.Batch, squares, squares),
		tensors.FromFlatDataAndDimensions(classes, p.Batch),
	}, nil
}
