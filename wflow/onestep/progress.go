package onestep

import (
	"fmt"
	"time"

	"github.com/janpfeifer/gonb/gonbui"

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

// Display returns a report that shows one line in the notebook it runs in: steps, mean V², R and the time left. Outside
// a notebook it shows nothing.
func Display() func(Progress) {
	if !gonbui.IsNotebook {
		return func(Progress) {}
	}
	id := "training " + gonbui.UniqueId()
	var last time.Time
	return func(p Progress) {
		if p.Step < p.Steps && time.Since(last) < 250*time.Millisecond {
			return
		}
		last = time.Now()
		gonbui.UpdateHTML(id, p.html())
	}
}

// html is one line with a bar.
func (p Progress) html() string {
	left := fmt.Sprintf("%v left", p.Remaining.Round(time.Second))
	if p.Step == p.Steps {
		left = fmt.Sprintf("took %v", p.Elapsed.Round(time.Second))
	}
	return fmt.Sprintf(`<progress value="%d" max="%d"></progress> step %d of %d · mean V² %s · R %s · %s`,
		p.Step, p.Steps, p.Step, p.Steps, short(p.MeanSquare), short(p.R), left)
}

func short(v []float64) string {
	s := ""
	for i, x := range v {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%.2g", x)
	}
	return s
}
