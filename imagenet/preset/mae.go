package preset

// MAE is the configuration of the encoder's pre-training as a masked autoencoder. Every key must be given: the official
// release has these files but not the program that reads them, so that its defaults are not known.
type MAE struct {
	Shards    int       `yaml:"hsdp_dim" in:"[1,1e6]"` // devices that share one copy of the weights
	Logging   MAELog    `yaml:"logging"`
	Data      Data      `yaml:"dataset"`
	Model     MAEModel  `yaml:"model"`
	Optimizer Optimizer `yaml:"optimizer"`
	Train     MAETrain  `yaml:"train"`
}

// MAELog says where progress is reported.
type MAELog struct {
	Project string `yaml:"project"`
	Entity  string `yaml:"entity"`
	Wandb   bool   `yaml:"use_wandb"`
	Every   int    `yaml:"log_every_k" in:"[1,1e9]"`
}

// MAEModel is the shape of the network.
type MAEModel struct {
	Width      int     `yaml:"base_channels" in:"[1,65536]"` // channels of the first stage; each further stage has twice as many
	Patch      int     `yaml:"patch_size" in:"[1,4096]"`     // side of the squares that are hidden, in points of the encoder's grid
	Dropout    float64 `yaml:"dropout_prob" in:"[0,1)"`
	Layers     []int   `yaml:"layers" in:"[1,1024]"` // blocks of each of the four stages
	Channels   int     `yaml:"in_channels" in:"[1,4096]"`
	BFloat16   bool    `yaml:"use_bf16"`
	InputPatch int     `yaml:"input_patch_size" in:"[1,4096]"` // the encoder's grid: a point of it is a square of the image of this side
}

// MAETrain is the training itself.
type MAETrain struct {
	Seed        int     `yaml:"seed" in:"[0,2147483647]"`
	Steps       int     `yaml:"total_steps" in:"[1,1e9]"`
	SaveEvery   int     `yaml:"save_per_step" in:"[1,1e9]"`
	EvalEvery   int     `yaml:"eval_per_step" in:"[1,1e9]"`
	EvalSamples int     `yaml:"eval_samples" in:"[1,1e9]"`
	Masking     Masking `yaml:"forward_dict"`
	EvalMasking Masking `yaml:"eval_forward_dict"`
	Average     float64 `yaml:"ema_decay" in:"[0,1)"`
	KeepEvery   int     `yaml:"keep_every" in:"[1,1e9]"`
	KeepLast    int     `yaml:"keep_last" in:"[0,1e9]"`

	FineTune       int     `yaml:"finetune_last_steps" in:"[0,1e9]"` // how many steps at the end classify too
	FineTuneWarmUp int     `yaml:"warmup_finetune" in:"[0,1e9]"`     // the first so many of them, over which the classifier's weight rises
	FineTuneWeight float64 `yaml:"finetune_cls" in:"[0,1]"`          // the weight that it rises to
}

// Masking says how many squares are hidden and what is learned from it. The share of hidden squares is uniform between
// Least and Most. Classification is the weight λ in the loss λ·(cross entropy) + (1−λ)·(reconstruction).
type Masking struct {
	Least          float64 `yaml:"mask_ratio_min" in:"[0,1]"`
	Most           float64 `yaml:"mask_ratio_max" in:"[0,1]"`
	Classification float64 `yaml:"lambda_cls" in:"[0,1]"`
}

// Parameters returns how many numbers encoder, decoder and classifier have together, the size of the table that
// mae.FromPreset leads to.
func (m *MAE) Parameters() int {
	width, n := m.Model.Width, m.Model.encoder()
	in := 8 * width
	n += convolution(in, in, 3)
	for _, out := range []int{4 * width, 2 * width, width, width} {
		n += 2*(in+out) + convolution(in+out, out, 3) + convolution(out, out, 3)
		in = out
	}
	n += linear(in, m.Model.point())
	return n + linear(8*width, m.Data.Classes)
}

// encoder returns how many numbers the encoder has.
func (m MAEModel) encoder() int {
	n, in := convolution(m.point(), m.Width, 3), m.Width
	for stage, blocks := range m.Layers {
		out := m.Width << stage
		for range blocks {
			n += convolution(in, out, 3) + convolution(out, out, 3)
			if in != out {
				n += convolution(in, out, 1)
			}
			in = out
		}
		n += 2 * out
	}
	return n
}

// point returns how many channels the encoder sees at a point: those of a square of InputPatch × InputPatch.
func (m MAEModel) point() int { return m.InputPatch * m.InputPatch * m.Channels }

// convolution returns how many numbers a convolution has with the norm behind it.
func convolution(in, out, side int) int { return in*out*side*side + 2*out }

// check reports the values that cannot be together.
func (m *MAE) check(fault func(path, format string, args ...any)) {
	if len(m.Model.Layers) != 4 {
		fault("model.layers", "%d stages, want 4", len(m.Model.Layers))
	}
	if m.Data.Latent && m.Data.Resolution%(8*m.Model.Patch*m.Model.InputPatch) != 0 {
		fault("model.patch_size", "%d × input_patch_size %d does not divide the latent of resolution %d",
			m.Model.Patch, m.Model.InputPatch, m.Data.Resolution)
	}
	if side := m.Model.Patch * m.Model.InputPatch; !m.Data.Latent && (m.Data.Resolution%side != 0 || m.Data.Resolution%(8*m.Model.InputPatch) != 0) {
		fault("dataset.resolution", "%d pixels, want a multiple of patch_size %d × input_patch_size %d, and of eight times the latter: the encoder halves them three times",
			m.Data.Resolution, m.Model.Patch, m.Model.InputPatch)
	}
	if r := m.Optimizer.Rate; r.Schedule == "cosine" && r.WarmUp >= r.Steps {
		fault("optimizer.lr_schedule.warmup_steps", "%d, want less than total_steps %d, at which the cosine ends", r.WarmUp, r.Steps)
	}
	for _, k := range []struct {
		key string
		Masking
	}{{"forward_dict", m.Train.Masking}, {"eval_forward_dict", m.Train.EvalMasking}} {
		if k.Least > k.Most {
			fault("train."+k.key+".mask_ratio_min", "%v is more than mask_ratio_max %v", k.Least, k.Most)
		}
	}
	if m.Train.FineTune > m.Train.Steps {
		fault("train.finetune_last_steps", "%d is more than total_steps %d", m.Train.FineTune, m.Train.Steps)
	}
}
