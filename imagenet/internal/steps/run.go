package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"

	"github.com/wflowlab/wflowlab/internal/descent"
)

// Run takes the steps of a training whose state is a store, and returns how many are done. Take takes a step, counted
// from 0, and returns its loss, and the value of it that report is told, unless that is nil. Errors count steps from 1.
// Run stops with an error between two steps when the context is done, and after a step whose loss or value is NaN or
// infinite.
//
// It goes on from the checkpoint if that is there, and writes it every so many steps, at the end and when the context is done.
func Run(ctx context.Context, store *model.Store, c Checkpoint, steps int, take func(step int) (loss, value float64, err error), report func(step int, value float64)) (done int, err error) {
	begun, err := c.load(store, steps)
	if err != nil {
		return 0, err
	}
	if c.Begin != nil {
		if err := c.Begin(begun); err != nil {
			return begun, err
		}
	}
	for step := begun; step < steps; step++ {
		if ctx.Err() != nil {
			err := descent.Stopped(ctx, step, steps)
			if step > begun {
				err = errors.Join(err, c.save(store, step))
			}
			return step, err
		}
		loss, value, err := take(step)
		if err != nil {
			return step, err
		}
		for _, v := range []float64{loss, value} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return step, fmt.Errorf("the loss of step %d is %v", step+1, v)
			}
		}
		if report != nil {
			report(step, value)
		}
		if next := step + 1; next == steps || next%cmp.Or(c.Every, 1000) == 0 {
			if err := c.save(store, next); err != nil {
				if ctx.Err() != nil {
					err = errors.Join(descent.Stopped(ctx, next, steps), err)
				}
				return next, err
			}
		}
	}
	return steps, nil
}

// Taker returns the function by which a GoMLX trainer takes the steps of Run, each on its batch. The trainer's only metric is the
// value.
func Taker(trainer *train.Trainer, batch func(step int) ([]*tensors.Tensor, error)) func(step int) (loss, value float64, err error) {
	return func(step int) (loss, value float64, err error) {
		in, err := batch(step)
		if err != nil {
			return 0, 0, err
		}
		values, err := trainer.TrainStep(train.Batch{Inputs: in})
		if err != nil {
			return 0, 0, fmt.Errorf("step %d: %w", step+1, descent.Plain(err))
		}
		scalar := func(k int) float64 { return float64(tensors.ToScalar[float32](values[k])) }
		return scalar(0), scalar(2), nil // between the two is the loss's moving average
	}
}
