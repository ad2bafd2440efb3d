package descent

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
)

// Run takes the steps of a training, each on its batch. If report is not nil, it is told the value of each step: the
// trainer's only metric, in float32. Run stops with an error between two steps when the context is done, and after a step
// whose loss or value is NaN or infinite.
func Run(ctx context.Context, trainer *train.Trainer, steps int, batch func(step int) (train.Batch, error), report func(step int, value float64)) error {
	for step := range steps {
		if ctx.Err() != nil {
			return fmt.Errorf("stopped after step %d of %d: %w", step, steps, context.Cause(ctx))
		}
		b, err := batch(step)
		if err != nil {
			return err
		}
		values, err := trainer.TrainStep(b)
		if err != nil {
			return fmt.Errorf("step %d: %w", step, Plain(err))
		}
		for _, k := range []int{0, 2} { // the loss; after its moving average, the metric
			if v := float64(tensors.ToScalar[float32](values[k])); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("the loss of step %d is %v", step, v)
			}
		}
		if report != nil {
			report(step, float64(tensors.ToScalar[float32](values[2])))
		}
	}
	return nil
}
