package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"

	"github.com/wflowlab/wflowlab/internal/descent"
)

// Run takes the steps of a training, each on its batch, and returns how many are done. If report is not nil, it is told the value
// of each step: the trainer's only metric, in float32. Run stops with an error between two steps when the context is done, and
// after a step whose loss or value is NaN or infinite.
//
// It goes on from the checkpoint if that is there, and writes it every so many steps, at the end and when the context is done.
func Run(ctx context.Context, trainer *train.Trainer, c Checkpoint, steps int, batch func(step int) (train.Batch, error), report func(step int, value float64)) (done int, err error) {
	begun, err := c.load(trainer.Store(), steps)
	if err != nil {
		return 0, err
	}
	for step := begun; step < steps; step++ {
		if ctx.Err() != nil {
			err := descent.Stopped(ctx, step, steps)
			if step > begun {
				err = errors.Join(err, c.save(trainer.Store(), step))
			}
			return step, err
		}
		b, err := batch(step)
		if err != nil {
			return step, err
		}
		values, err := trainer.TrainStep(b)
		if err != nil {
			return step, fmt.Errorf("step %d: %w", step, descent.Plain(err))
		}
		for _, k := range []int{0, 2} { // the loss; after its moving average, the metric
			if v := float64(tensors.ToScalar[float32](values[k])); math.IsNaN(v) || math.IsInf(v, 0) {
				return step, fmt.Errorf("the loss of step %d is %v", step, v)
			}
		}
		if report != nil {
			report(step, float64(tensors.ToScalar[float32](values[2])))
		}
		if next := step + 1; next == steps || next%cmp.Or(c.Every, 1000) == 0 {
			if err := c.save(trainer.Store(), next); err != nil {
				return next, err
			}
		}
	}
	return steps, nil
}
