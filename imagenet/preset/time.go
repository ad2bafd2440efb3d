package preset

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

// times has what is known of the presets. Where nothing is known there is no line.
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
}

// sampling returns the line of how fast images are made.
func sampling(rate string) Time {
	return Time{rate + " images/s in batches of 4, decoding included", "one H100", Reported, paper + ", Table 6"}
}

// Times returns what is known of how long the training of a listed preset takes, and how fast its generator is. It is
// nil for a file of your own, and where nothing is known.
func (p *Preset) Times() []Time {
	if p.Listed == nil {
		return nil
	}
	return times[p.Listed.Name]
}
