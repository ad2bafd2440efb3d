package preset

import (
	"fmt"
	"slices"

	"github.com/wflowlab/wflowlab/internal/thousands"
)

// Basis says where a figure comes from.
type Basis string

const (
	Measured Basis = "measured" // by us
	Computed Basis = "computed" // from other figures
	Reported Basis = "reported" // by others
)

// Time is how long something takes on some hardware.
type Time struct {
	What     string `json:"what"` // that takes so long, or how fast it is
	Hardware string `json:"hardware"`
	Basis    Basis  `json:"basis"`
	Source   string `json:"source"`
}

const (
	paper = "arXiv 2605.11755"
	fork  = "github.com/hudsonchen/riesz_flow_hudson"
)

// times has what is known of the presets otherwise than by the operations of a step.
var times = map[string][]Time{
	"gen/latent_sota_L_ot_8node": {
		{"about 3 days for the whole training", "64 H100", Reported, paper},
		{"about 1.3 s a step, of 200,000", "64 H100", Computed, "from the 3 days"},
		sampling("84.88"),
	},
	"gen/latent_sota_B_ot_8node":  {sampling("107.76")},
	"gen/latent_sota_XL_ot_8node": {sampling("77.88")},
	"gen/imagenet64": {
		{"5.64 hours for 10,000 steps", "one accelerator, which is not named", Reported, fork},
		{"2.03 s a step, 45 hours for the 80,000 steps", "the same", Computed, "from the 5.64 hours"},
	},
	"gen/mnist": {
		{"about 0.5 s a step on pixels, 2.4 s with features of the encoder", "two cores of an Intel Xeon", Measured, "notebook 12, and wflow train with from_step: 0"},
		{"16 minutes for the training, beside 4 for its encoder", "two cores of an Intel Xeon", Measured, "make accept PARTS=digits"},
	},
	"gen/mnist_pixels": {{"about 0.2 s a step, 9 minutes for the training", "two cores of an Intel Xeon", Measured, "imagenet/README.md"}},
	"mae/mnist":        {{"about 0.6 s a step, 3 minutes for the training", "two cores of an Intel Xeon", Measured, "notebook 12"}},
}

// sampling returns the line of how fast images are made.
func sampling(rate string) Time {
	return Time{rate + " images/s in batches of 4, decoding included", "one H100", Reported, paper + ", Table 6"}
}

// known has the seconds of a step where they are known, and the devices that it was taken on.
var known = map[string]struct {
	seconds float64
	devices int
	device  string
}{
	large: {3 * 24 * 3600 / 200_000., 64, "H100"},
	small: {2.03, 1, "accelerator, that of gen/imagenet64"},
}

const (
	large = "gen/latent_sota_L_ot_8node"
	small = "gen/imagenet64"
)

// estimates say from which preset of known the time of another is estimated, and for how many devices.
var estimates = map[string]struct {
	from    string
	devices int
}{
	"gen/latent_sota_B_ot_8node":  {large, 64},
	"gen/latent_sota_XL_ot_8node": {large, 64},
	"gen/latent_sota_B_ot_1node":  {large, 8},
	"gen/latent_sota_L_ot_1node":  {large, 8},
	"gen/latent_sota_XL_ot_1node": {large, 8},
	"gen/ablation_ot_1node":       {large, 8},
	"gen/ablation_R0.025":         {large, 8},
	"mae/latent_640":              {large, 8},
	"mae/latent_ablation_256":     {large, 8},
	"gen/pilot":                   {small, 1},
}

// estimate returns how long a step and the training take if the devices do as many operations a second as in a training of which
// the time is known.
func (p *Preset) estimate() (t Time, ok bool) {
	e, ok := estimates[p.Listed.Name]
	if !ok {
		return t, false
	}
	from, err := Named(e.from)
	if err != nil {
		return t, false
	}
	operations, steps := p.operations()
	others, _ := from.operations()
	k := known[e.from]
	seconds := operations / others * k.seconds * float64(k.devices) / float64(e.devices)
	what := fmt.Sprintf("about %.2g s a step, %s for the %s steps", seconds, span(seconds*float64(steps)), thousands.Text(steps))
	return Time{what, fmt.Sprint(e.devices, " ", k.device), Computed, "from the time of " + e.from + ", by the operations of a step"}, true
}

// operations returns those of a step, 0 if they are not known, and the number of steps.
func (p *Preset) operations() (each float64, steps int) {
	if p.MAE != nil {
		return p.MAE.Operations(), p.MAE.Train.Steps
	}
	each, _ = p.Generator.Operations()
	return each, p.Generator.Train.Steps
}

// span writes a number of seconds in two digits.
func span(seconds float64) string {
	switch {
	case seconds < 2*3600:
		return fmt.Sprintf("%.2g minutes", seconds/60)
	case seconds < 48*3600:
		return fmt.Sprintf("%.2g hours", seconds/3600)
	}
	return fmt.Sprintf("%.2g days", seconds/86400)
}

// Times returns what is known of how long the training of a listed preset takes, and how fast its generator is. It is
// nil for a file of your own.
func (p *Preset) Times() []Time {
	if p.Listed == nil {
		return nil
	}
	list := slices.Clone(times[p.Listed.Name])
	if t, ok := p.estimate(); ok {
		list = append(list, t)
	}
	return list
}
