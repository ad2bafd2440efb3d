package onestep

import (
	"time"

	"github.com/wflowlab/wflowlab/wflow/mlp"
)

// Progress is what a training reports after every step.
type Progress struct {
	Step, Steps        int           // steps done, and of the whole run
	MeanSquare         []float64     // mean V_R² before normalisation, one per R: the signal that falls
	R                  []float64     // regularisations of the step
	Rate               float64       // learning rate of the step
	GradientNorm       float64       // before clipping
	Elapsed, Remaining time.Duration // since Train began, and until its end at the present pace

	generator func() (*mlp.Generator, error)
}

// Generator returns the generator of this moment, the moving average of the weights, as Train returns it at the end.
// Call it before the report returns.
func (p Progress) Generator() (*mlp.Generator, error) { return p.generator() }
