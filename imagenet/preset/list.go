package preset

import "slices"

// Origin says who wrote a preset.
type Origin string

const (
	Released Origin = "released" // by the authors of W-Flow, with their code: the same values as in the official file
	Ours     Origin = "ours"     // by this repository
)

// Listed is a line of the list of presets.
type Listed struct {
	Name    string `json:"name"`    // gen/… trains a generator, mae/… an encoder; the file is Name with .yaml behind it
	Origin  Origin `json:"origin"`  // who wrote it
	Source  string `json:"source"`  // where a released preset was published; who wrote one of ours, and after which paper
	Purpose string `json:"purpose"` // what it is for, in a line
}

// official is where W-Flow's code and its configurations were published.
const official = "github.com/hanjq17/W-Flow"

// presets lists every file of the folders gen and mae. A new preset is its file and a line here, and nothing else.
//
// A file of ours begins with a comment that says what the preset is and where its numbers are from. If it varies another
// preset, the first word of the comment is the name of that preset, and the comment has a line for every key that differs:
//
//	#   train.loss_kwargs.R_list: [0.025] instead of [0.05]
var presets = []Listed{
	{"gen/ablation_ot_1node", Released, official, "generator B/2 of the paper's comparisons: a short training on 8 GPUs, features of mae/latent_ablation_256"},
	{"gen/latent_sota_B_ot_1node", Released, official, "generator B/2 at full length: 8 GPUs, features of mae/latent_640"},
	{"gen/latent_sota_B_ot_8node", Released, official, "generator B/2 at full length: 64 GPUs, features of mae/latent_640"},
	{"gen/latent_sota_L_ot_1node", Released, official, "generator L/2 at full length: 8 GPUs, features of mae/latent_640"},
	{"gen/latent_sota_L_ot_8node", Released, official, "generator L/2 at full length: 64 GPUs, features of mae/latent_640"},
	{"gen/latent_sota_XL_ot_1node", Released, official, "generator XL/2 at full length, the paper's best: 8 GPUs, features of mae/latent_640"},
	{"gen/latent_sota_XL_ot_8node", Released, official, "generator XL/2 at full length, the paper's best: 64 GPUs, features of mae/latent_640"},
	{"mae/latent_640", Released, official, "feature encoder that the generators at full length are trained with"},
	{"mae/latent_ablation_256", Released, official, "feature encoder of the comparisons: narrower, a short training"},

	{"gen/ablation_R0.025", Ours, "wflowlab, after Table 2b of arXiv 2605.11755", "gen/ablation_ot_1node with half its ε: what the regularisation is worth"},
	{"gen/imagenet64", Ours, "wflowlab, after github.com/hudsonchen/riesz_flow_hudson", "generator for ImageNet at 64 pixels on one accelerator, features of mae/latent_ablation_256"},
	{"gen/mnist", Ours, "wflowlab", "generator of digits on a CPU, trained in the way of ImageNet: pixels, and features of mae/mnist"},
	{"gen/mnist_pixels", Ours, "wflowlab", "small generator of digits on a CPU, the quickest to train: pixels as the one feature"},
	{"gen/pilot", Ours, "github.com/hudsonchen/riesz_flow_hudson", "generator for ImageNet at 64 pixels, a pilot: whether everything works, features of mae/latent_ablation_256"},
	{"mae/mnist", Ours, "wflowlab", "feature encoder of gen/mnist: pixels of digits, on a CPU"},
}

// List returns the presets that are in the program: the released ones, then ours, each by name.
func List() []Listed { return slices.Clone(presets) }

// Names returns the names of [List], which [Named] knows.
func Names() (names []string) {
	for _, p := range presets {
		names = append(names, p.Name)
	}
	return names
}
