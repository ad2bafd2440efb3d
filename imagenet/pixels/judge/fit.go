package judge

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/internal/steps"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

const (
	// Seed is that of the reader in the program.
	Seed = 1

	fitSteps = 3000
	fitBatch = 64
)

// Fit fits a reader to digits, and returns its weights. In each of 3,000 steps it sees 64 images, moved at random by up to two
// pixels, turned, slanted and stretched a little, and AdamW lowers their cross-entropy. Every image is seen once in an epoch. If
// report is not nil, it is told the loss of each step. The same seed gives the same weights on the same engine.
func Fit(ctx context.Context, backend compute.Backend, digits Images, seed uint64, report func(step int, loss float64)) (*safetensors.File, error) {
	return fit(ctx, backend, digits, seed, fitSteps, report)
}

func fit(ctx context.Context, backend compute.Backend, digits Images, seed uint64, count int, report func(step int, loss float64)) (*safetensors.File, error) {
	if err := digits.check(); err != nil {
		return nil, err
	}
	store := model.NewStore()
	defer store.Finalize()
	if err := weights.Load(store.RootScope(), table(), initial(seed)); err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	for v := range store.IterVariables() {
		v.SetTrainable(true)
	}
	way := steps.Descent{Chunks: 1, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.05, Clip: 2, Average: 0.995,
		Loss: func(scope *model.Scope, in []*graph.Node) []*graph.Node {
			_, logits := read(scope, in[0])
			logs := graph.LogSoftmax(logits, -1)
			of := graph.Mul(graph.OneHot(in[1], Classes, logs.DType()), logs)
			return []*graph.Node{graph.Neg(graph.ReduceAllMean(graph.ReduceSum(of, -1)))}
		}}
	descender, err := way.Start(backend, 1, store)
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	defer descender.Finalize()
	rate := onestep.Rate{Peak: 2e-3, WarmUp: 100, Decay: true}
	take := func(step int) (loss, value float64, err error) {
		images, labels := digits.batch(seed, step)
		values, err := descender.Gradient(0, tensors.FromFlatDataAndDimensions(images, fitBatch, Side, Side), tensors.FromFlatDataAndDimensions(labels, fitBatch))
		if err != nil {
			return 0, 0, err
		}
		loss = float64(values[0][0])
		_, err = descender.Update(rate.At(step, count))
		return loss, loss, err
	}
	if _, err := steps.Run(ctx, store, steps.Checkpoint{}, count, take, report); err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	fitted, err := weights.All[float32](store.Scope(descent.AverageScope), table())
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	return table().File(fitted), nil
}

// batch returns the images of a step, each moved in a way of its own, and their labels.
func (m Images) batch(seed uint64, step int) (images []float32, labels []int32) {
	images, labels = make([]float32, fitBatch*numbers), make([]int32, fitBatch)
	n := len(m.Labels)
	order, motions := stream.New(seed, "order"), stream.New(seed, "motions")
	epoch := -1
	var shuffled []int
	for k := range labels {
		seen := step*fitBatch + k
		if seen/n != epoch {
			epoch = seen / n
			shuffled = order.Perm(uint64(epoch), n)
		}
		i := shuffled[seen%n]
		labels[k] = int32(m.Labels[i])
		moving(motions.Sub(uint64(seen))).move(m.image(i), images[k*numbers:(k+1)*numbers])
	}
	return images, labels
}
