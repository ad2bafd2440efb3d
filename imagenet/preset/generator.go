package preset

// Generator is the configuration of a generator's training. A field that counts something for each class counts what
// one step takes. The tags of the fields say what a file may hold:
//
//	yaml     the official key
//	in       the interval in which the number lies; for a list, the interval in which each of its numbers lies
//	one      the words that the string may be
//	default  the value that the official code takes if the file lacks the key; a key without this tag must be given
//	ours     true for a key that the official code lacks; its default means what the official code does
type Generator struct {
	Logging   Logging        `yaml:"logging"`
	Data      Data           `yaml:"dataset"`
	Model     GeneratorModel `yaml:"model"`
	Optimizer Optimizer      `yaml:"optimizer"`
	Train     GeneratorTrain `yaml:"train"`
	Feature   Feature        `yaml:"feature"`
}

// Logging says where progress is reported.
type Logging struct {
	Wandb bool `yaml:"use_wandb"`                // to Weights & Biases
	Every int  `yaml:"log_every_k" in:"[1,1e9]"` // steps
}

// Data is the data set and how it is loaded.
type Data struct {
	Resolution int    `yaml:"resolution" in:"[1,65536]"`           // of the images, in pixels
	Augment    bool   `yaml:"use_aug"`                             // random crops
	Latent     bool   `yaml:"use_latent"`                          // latents instead of pixels
	Cached     bool   `yaml:"use_cache"`                           // latents from the cache instead of from images
	Mirror     bool   `yaml:"use_flip" default:"true" ours:"true"` // each image is mirrored with probability ½: not where a mirror image means something else, as of a digit
	Classes    int    `yaml:"num_classes" in:"[1,1e6]"`
	EvalSplit  string `yaml:"eval_split" one:"train val" default:"val"` // only forks of the official code read this key; the default is what the official code does
	Batch      int    `yaml:"batch_size" in:"[1,1e9]"`                  // images of a load, all processes together
	EvalBatch  int    `yaml:"eval_batch_size" in:"[1,1e9]"`
	Loader     Loader `yaml:"kwargs"`
}

// Loader is how batches are loaded.
type Loader struct {
	Workers  int  `yaml:"num_workers" in:"[0,65536]"`
	Pinned   bool `yaml:"pin_memory"`
	Prefetch int  `yaml:"prefetch_factor" in:"[1,65536]"` // batches of a worker
}

// GeneratorModel is the shape of a generator and the precision it computes in. Network says which it is: dit is the
// official transformer of package dit, and residual is the network of package residual, which takes the image as one
// token. Of that, Noise, Width, Depth, MLPRatio and the codebooks are free.
type GeneratorModel struct {
	Network     string  `yaml:"network" one:"dit residual" default:"dit" ours:"true"`
	Noise       int     `yaml:"noise_size" in:"[0,65536]" default:"0" ours:"true"` // numbers of the noise of residual; dit's has the shape of the latent, and 0 here
	Condition   int     `yaml:"cond_dim" in:"[1,65536]"`                           // numbers of the condition: Width
	Size        int     `yaml:"input_size" in:"[1,4096]"`                          // height and width of the latent
	InChannels  int     `yaml:"in_channels" in:"[1,4096]"`
	Patch       int     `yaml:"patch_size" in:"[1,4096]"` // a token is Patch × Patch points of the latent
	Width       int     `yaml:"hidden_size" in:"[1,65536]"`
	Depth       int     `yaml:"depth" in:"[1,1024]"` // blocks
	Heads       int     `yaml:"num_heads" in:"[1,65536]"`
	MLPRatio    float64 `yaml:"mlp_ratio" in:"(0,64]"` // inner width of the feed-forward part, in units of Width
	OutChannels int     `yaml:"out_channels" in:"[1,4096]"`

	QKNorm  bool `yaml:"use_qknorm"`
	SwiGLU  bool `yaml:"use_swiglu"`
	RoPE    bool `yaml:"use_rope"`
	RMSNorm bool `yaml:"use_rmsnorm"`

	Context   int `yaml:"n_cls_tokens" in:"[0,65536]"`  // in-context tokens
	Entries   int `yaml:"noise_classes" in:"[0,65536]"` // vectors of a codebook; 0 means no codebooks
	Codebooks int `yaml:"noise_coords" in:"[0,65536]"`

	BFloat16         bool `yaml:"use_bf16"`
	Float32Attention bool `yaml:"attn_fp32"`
	Recompute        bool `yaml:"use_remat" default:"false"` // the backward pass computes blocks again, to save memory
}

// Optimizer is AdamW.
type Optimizer struct {
	Rate        Rate    `yaml:"lr_schedule"`
	WeightDecay float64 `yaml:"weight_decay" in:"[0,1e9]"`
	Beta1       float64 `yaml:"adam_b1" in:"[0,1)"`
	Beta2       float64 `yaml:"adam_b2" in:"[0,1)"`
}

// Rate is the learning rate: linear from 1e-6 to Peak over WarmUp steps, then constant, or falling along a half wave of a
// cosine until Steps.
type Rate struct {
	Peak     float64 `yaml:"learning_rate" in:"(0,1e9]"`
	WarmUp   int     `yaml:"warmup_steps" in:"[0,1e9]"`
	Schedule string  `yaml:"lr_schedule" one:"const cosine"`
	Steps    int     `yaml:"total_steps" in:"[1,1e9]"` // at which a cosine ends; of no effect while the rate is constant
}

// GeneratorTrain is the training itself.
type GeneratorTrain struct {
	DiverseNoise bool `yaml:"diverse_noise"`                 // every process draws noise of its own
	Classes      int  `yaml:"train_batch_size" in:"[1,1e9]"` // of a step, all processes together
	Seed         int  `yaml:"seed" in:"[0,2147483647]"`
	Steps        int  `yaml:"total_steps" in:"[1,1e9]"`
	SaveEvery    int  `yaml:"save_per_step" in:"[1,1e9]"`
	KeepEvery    int  `yaml:"keep_every" in:"[1,1e9]"`
	KeepLast     int  `yaml:"keep_last" in:"[0,1e9]" default:"2"`

	EvalEvery   int  `yaml:"eval_per_step" in:"[1,1e9]"`
	EvalSamples int  `yaml:"eval_samples" in:"[1,1e9]" default:"50000"`
	FirstLook   int  `yaml:"sanity_samples" in:"[0,1e9]" default:"500"` // samples evaluated at step 1; a key of forks, as are the next three
	FID         bool `yaml:"eval_fid" default:"true"`
	Inception   bool `yaml:"eval_isc" default:"true"`         // inception score
	Precision   bool `yaml:"eval_prc_recall" default:"false"` // and recall

	Real          int `yaml:"pos_per_sample" in:"[1,1e9]"`                         // data points of the class, for each class
	Unconditional int `yaml:"neg_per_sample" in:"[1,1e9]"`                         // data points of all classes, for each class
	ClassBank     int `yaml:"positive_bank_size" in:"[1,1e9]"`                     // newest latents kept of each class
	GlobalBank    int `yaml:"negative_bank_size" in:"[1,1e9]"`                     // newest latents kept of all classes together
	Push          int `yaml:"push_per_step" in:"[1,1e9]"`                          // latents that enter the banks of a process in a step
	PushAtResume  int `yaml:"push_at_resume" in:"[0,1e9]" default:"3000"`          // how often Push is done before the first step
	Chunks        int `yaml:"grad_accum_steps" in:"[1,1e9]"`                       // parts that a process cuts its classes into
	AtOnce        int `yaml:"groups_at_once" in:"[1,1e6]" default:"1" ours:"true"` // groups of two classes that a device computes at once: memory grows with them, results are the same
	Images        int `yaml:"images_at_once" in:"[0,1e6]" default:"0" ours:"true"` // of a class that the networks take at once, at most; 0: all. With fewer than there are particles, memory holds less and each particle is computed twice; results are the same

	Guidance Guidance  `yaml:"forward_dict"`
	Features Features  `yaml:"activation_kwargs"`
	Loss     Loss      `yaml:"loss_kwargs"`
	Alphas   []float64 `yaml:"cfg_list" in:"(0,1e6]"` // guidance scales evaluated in training

	Average   float64   `yaml:"ema_decay" in:"[0,1)" default:"0.999"`
	Clip      float64   `yaml:"max_grad_norm" in:"(0,1e9]" default:"2.0"`
	Mode      string    `yaml:"ot_mode" one:"debiased none"` // none is Drifting
	Transport Transport `yaml:"ot_kwargs"`
}

// Guidance is the law of the guidance scale α: density α^−Exponent on [Least, Most], and 1 with probability Unguided.
type Guidance struct {
	Particles int     `yaml:"gen_per_label" in:"[1,1e9]"` // generated for each class
	Least     float64 `yaml:"cfg_min" in:"[1,1e6]"`
	Most      float64 `yaml:"cfg_max" in:"[1,1e6]"`
	Exponent  float64 `yaml:"neg_cfg_pw" in:"[-1000,1000]" default:"1.0"`
	Unguided  float64 `yaml:"no_cfg_frac" in:"[0,1]" default:"0.0"`
}

// Loss has the regularisations R. For each R alone, transport is solved and the velocity normalised; then the velocities
// are summed. For features of d numbers, ε is R·d with the cost ‖x−y‖²/2, and R·√d with the cost ‖x−y‖. If Mode is none,
// R are the temperatures of Drifting. Each R falls geometrically to its Final over the first half of the steps, as
// onestep.Annealing does; without Final it is constant.
type Loss struct {
	R     []float64 `yaml:"R_list" in:"(0,1e6]" default:"0.02 0.05 0.2"`
	Final []float64 `yaml:"R_final" in:"(0,1e6]" default:"" ours:"true"`
}

// Transport is the estimator of the velocity: [Generator.Variant] names what the switches mean together.
type Transport struct {
	Iterations      int  `yaml:"sinkhorn_num_iter" in:"[1,1e9]" default:"20"` // the official code runs 1 where it says 0
	GuideVelocity   bool `yaml:"use_new_cfg" default:"false"`                 // α extrapolates the velocity; otherwise it extrapolates the data's law
	Unmasked        bool `yaml:"disable_diag_mask" default:"false"`           // a particle may be transported to itself
	SecondBatch     bool `yaml:"resample_neg" default:"false"`                // the self term transports to particles drawn anew
	OneCall         bool `yaml:"batch_sinkhorn" default:"false"`              // all regularisations and maps at once
	HalfSquaredCost bool `yaml:"use_quadratic_cost" default:"false"`          // ‖x−y‖²/2; otherwise ‖x−y‖
}

// twoBatches says whether a step generates a second batch, for the self term.
func (t GeneratorTrain) twoBatches() bool { return t.Mode != "none" && t.Transport.SecondBatch }

// Feature says which encoders the features come from.
type Feature struct {
	Path     string `yaml:"mae_path"` // of the MAE's weights; hf://NAME is models/mae/jax/NAME of Goodeat/drifting on Hugging Face, and mae/NAME is what the preset of that name trains
	MAE      bool   `yaml:"use_mae"`
	ConvNeXt bool   `yaml:"use_convnext"`

	From  int     `yaml:"from_step" in:"[0,1e9]" default:"0" ours:"true"`    // before this step, images are compared as they are, without an encoder
	Image float64 `yaml:"image_weight" in:"(0,1e6]" default:"1" ours:"true"` // how much the image itself counts among the features; each other one counts 1
}

// Variant names the variant of the method that a configuration trains, in the words of the paper's ablations.
type Variant struct {
	Energy     string    `json:"energy"`              // sinkhorn or drifting; with drifting only R has a meaning
	SelfTerm   string    `json:"self_term,omitempty"` // two-batch, single batch, diagonal mask; or two-batch with diagonal mask
	Guidance   string    `json:"guidance,omitempty"`  // velocity or distribution
	Cost       string    `json:"cost,omitempty"`      // ‖x−y‖²/2 or ‖x−y‖
	Epsilon    string    `json:"epsilon,omitempty"`   // R·d or R·√d, on normalised features of d numbers
	R          []float64 `json:"R"`
	Iterations int       `json:"iterations,omitempty"` // L
}

// Variant returns the variant that the switches of Transport mean.
func (g *Generator) Variant() Variant {
	t := g.Train.Transport
	v := Variant{Energy: "drifting", R: g.Train.Loss.R}
	if g.Train.Mode == "none" {
		return v
	}
	v.Energy, v.Iterations = "sinkhorn", t.Iterations
	v.Guidance, v.Cost, v.Epsilon = "distribution", "‖x−y‖", "R·√d"
	if t.GuideVelocity {
		v.Guidance = "velocity"
	}
	if t.HalfSquaredCost {
		v.Cost, v.Epsilon = "‖x−y‖²/2", "R·d"
	}
	switch {
	case t.SecondBatch && t.Unmasked:
		v.SelfTerm = "two-batch"
	case t.SecondBatch:
		v.SelfTerm = "two-batch with diagonal mask"
	case t.Unmasked:
		v.SelfTerm = "single batch"
	default:
		v.SelfTerm = "diagonal mask"
	}
	return v
}

// check reports the values that cannot be together.
func (g *Generator) check(fault func(path, format string, args ...any)) {
	m, t := g.Model, g.Train
	m.check(fault)
	if g.Data.Latent && g.Data.Resolution != 8*m.Size {
		fault("model.input_size", "%d, want an eighth of resolution %d: a latent's", m.Size, g.Data.Resolution)
	}
	if !g.Data.Latent && g.Data.Resolution != m.Size {
		fault("model.input_size", "%d, want resolution %d: use_latent is false, so that images are pixels", m.Size, g.Data.Resolution)
	}
	if r := g.Optimizer.Rate; r.Schedule == "cosine" && r.WarmUp >= r.Steps {
		fault("optimizer.lr_schedule.warmup_steps", "%d, want less than total_steps %d, at which the cosine ends", r.WarmUp, r.Steps)
	}
	if t.Classes > g.Data.Batch {
		fault("train.train_batch_size", "%d, want at most batch_size %d: labels are drawn from a batch", t.Classes, g.Data.Batch)
	}
	if t.Classes%t.Chunks != 0 {
		fault("train.grad_accum_steps", "%d does not divide train_batch_size %d", t.Chunks, t.Classes)
	}
	if t.AtOnce > 1 && t.Classes%(2*t.AtOnce) != 0 {
		fault("train.groups_at_once", "%d groups of two classes do not divide train_batch_size %d", t.AtOnce, t.Classes)
	}
	if t.Guidance.Least > t.Guidance.Most {
		fault("train.forward_dict.cfg_min", "%v is more than cfg_max %v", t.Guidance.Least, t.Guidance.Most)
	}
	if len(t.Loss.R) == 0 {
		fault("train.loss_kwargs.R_list", "empty")
	}
	if n := len(t.Loss.Final); n > 0 && n != len(t.Loss.R) {
		fault("train.loss_kwargs.R_final", "%d numbers, want one for each of the %d of R_list", n, len(t.Loss.R))
	}
	if g.Feature.From > 0 && !g.Feature.MAE {
		fault("feature.from_step", "%d, want 0: use_mae is false, so that no encoder counts from then on", g.Feature.From)
	}
	if g.Feature.MAE && g.Feature.Path == "" {
		fault("feature.mae_path", "empty, but use_mae is true")
	}
}
