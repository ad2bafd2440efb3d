package preset

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// text returns the text of a preset in which each pair of strings is replaced, the first by the second.
func edited(t testing.TB, name string, pairs ...string) string {
	t.Helper()
	p, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("%s has no %q, want it to be replaced", name, pairs[i])
		}
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	return s
}

const (
	ablation = "gen/ablation_ot_1node"
	mae640   = "mae/latent_640"
	pixels   = "gen/mnist_pixels"
)

// Every fault is named by file, line and path, with what was found and what is wanted.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		preset, old, new string
		want             string // after "preset: f:"
	}{
		// unknown keys
		{ablation, "hidden_size:", "hiden_size:", "16: model: missing hidden_size\npreset: f:21: model.hiden_size: unknown key, the nearest known one is model.hidden_size"},
		{ablation, "  seed: 42", "  seed: 42\n  sed: 1", "48: train.sed: unknown key, the nearest known one is train.seed"},
		{ablation, "  seed: 42", "  seed: 42\n  depth: 1", "48: train.depth: unknown key, the nearest known one is model.depth"},
		{ablation, "    batch_sinkhorn", "    use_new_cgf: true\n    batch_sinkhorn", "79: train.ot_kwargs.use_new_cgf: unknown key, the nearest known one is train.ot_kwargs.use_new_cfg"},
		{ablation, "feature:", "hsdp_dim: 4\nfeature:", "81: hsdp_dim: unknown key, the nearest known one is "},
		{ablation, "  seed: 42", "  seed: 42\n  ? [1]\n  : 2", "48: train: a key that is not a word"},
		{ablation, "  seed: 42", "  seed: 42\n  steps: 1\n  seed: 43", "48: train.steps: unknown key, the nearest known one is train.seed\npreset: f:49: train.seed: given twice, first in line 47"},
		{mae640, "hsdp_dim", "hdsp_dim", "1: hdsp_dim: unknown key, the nearest known one is hsdp_dim"},
		{mae640, "base_channels", "hidden_size", "20: model.hidden_size: unknown key"},

		// types
		{ablation, "depth: 12", "depth: 12.0", `22: model.depth: "12.0", want an integer`},
		{ablation, "depth: 12", "depth: '12'", `22: model.depth: the string "12", want an integer`},
		{ablation, "depth: 12", "depth: twelve", `22: model.depth: "twelve", want an integer`},
		{ablation, "depth: 12", "depth: 012", `22: model.depth: "012", want an integer`},
		{ablation, "depth: 12", "depth: 0x12", `22: model.depth: "0x12", want an integer`},
		{ablation, "depth: 12", "depth: true", `22: model.depth: "true", want an integer`},
		{ablation, "depth: 12", "depth: [12]", `22: model.depth: a list, want an integer`},
		{ablation, "depth: 12", "depth:", `22: model.depth: nothing, want an integer`},
		{ablation, "depth: 12", "depth: !!int 12", `22: model.depth: the tag !!int, want an integer`},
		{ablation, "depth: 12", "depth: 99999999999", `22: model.depth: "99999999999", want an integer of 32 bits`},
		{ablation, "depth: 12", "depth: 99999999999999999999", `22: model.depth: "99999999999999999999", want an integer`},
		{ablation, "mlp_ratio: 4.0", "mlp_ratio: .nan", `24: model.mlp_ratio: ".nan", want a finite number`},
		{ablation, "mlp_ratio: 4.0", "mlp_ratio: .inf", `24: model.mlp_ratio: ".inf", want a finite number`},
		{ablation, "mlp_ratio: 4.0", "mlp_ratio: 1e999", `24: model.mlp_ratio: "1e999", want a finite number`},
		{ablation, "mlp_ratio: 4.0", "mlp_ratio: 0x1p2", `24: model.mlp_ratio: "0x1p2", want a finite number`},
		{ablation, "mlp_ratio: 4.0", "mlp_ratio: inf", `24: model.mlp_ratio: "inf", want a finite number`},
		{ablation, "use_rope: true", "use_rope: 1", `28: model.use_rope: "1", want true or false`},
		{ablation, "use_rope: true", `use_rope: "true"`, `28: model.use_rope: the string "true", want true or false`},
		{ablation, "mae_path: hf://mae_latent_256", "mae_path: 256", `82: feature.mae_path: "256", want a string`},
		{ablation, "mae_path: hf://mae_latent_256", "mae_path: ~", `82: feature.mae_path: nothing, want a string`},
		{ablation, "cfg_list: [1.0, 1.5,", "cfg_list: [1.0, x,", `71: train.cfg_list[1]: "x", want a finite number`},
		{ablation, "R_list: [0.05]", "R_list: 0.05", `70: train.loss_kwargs.R_list: "0.05", want a list`},
		{ablation, "every_k_block: 2", "every_k_block: 0", `68: train.activation_kwargs.every_k_block: "0", want a positive integer or .inf`},
		{ablation, "every_k_block: 2", "every_k_block: -.inf", `68: train.activation_kwargs.every_k_block: "-.inf", want a positive integer or .inf`},
		{ablation, "logging:", "logging: 5\nignored:", `1: logging: "5", want a block of keys`},

		// values
		{ablation, "hidden_size: 768", "hidden_size: -768", "21: model.hidden_size: -768 is not in [1,65536]"},
		{ablation, "depth: 12", "depth: 0", "22: model.depth: 0 is not in [1,1024]"},
		{ablation, "num_heads: 12", "num_heads: 11", "23: model.num_heads: 11 does not divide hidden_size 768"},
		{ablation, "num_heads: 12", "num_heads: 256", "23: model.num_heads: 256 leaves heads of width 3"},
		{ablation, "cond_dim: 768", "cond_dim: 512", "17: model.cond_dim: 512, want hidden_size 768"},
		{ablation, "patch_size: 2", "patch_size: 3", "20: model.patch_size: 3 does not divide input_size 32"},
		{ablation, "out_channels: 4", "out_channels: 8", "25: model.out_channels: 8, want in_channels 4"},
		{ablation, "input_size: 32", "input_size: 16", "18: model.input_size: 16, want an eighth of resolution 256"},
		{ablation, "cfg_min: 1.0", "cfg_min: 5", "60: train.forward_dict.cfg_min: 5 is more than cfg_max 4"},
		{ablation, "cfg_min: 1.0", "cfg_min: 0.5", "60: train.forward_dict.cfg_min: 0.5 is not in [1,1e6]"},
		{ablation, "ot_mode: debiased", "ot_mode: sinkhorn", `73: train.ot_mode: "sinkhorn", want debiased or none`},
		{ablation, "lr_schedule: const", "lr_schedule: linear", `39: optimizer.lr_schedule.lr_schedule: "linear", want const or cosine`},
		{ablation, "warmup_steps: 5000\n    lr_schedule: const", "warmup_steps: 100000\n    lr_schedule: cosine", "38: optimizer.lr_schedule.warmup_steps: 100000, want less than total_steps 100000, at which the cosine ends"},
		{ablation, "use_latent: true", "use_latent: false", "18: model.input_size: 32, want resolution 256: use_latent is false, so that images are pixels"},
		{ablation, "    R_list: [0.05]", "    R_list: [0.05]\n    R_final: [0.01, 0.02]", "71: train.loss_kwargs.R_final: 2 numbers, want one for each of the 1 of R_list"},
		{ablation, "    R_list: [0.05]", "    R_list: [0.05]\n    R_final: [0]", "71: train.loss_kwargs.R_final[0]: 0 is not in (0,1e6]"},
		{ablation, "grad_accum_steps: 4", "grad_accum_steps: 4\n  groups_at_once: 3", "58: train.groups_at_once: 3 groups of two classes do not divide train_batch_size 64"},
		{ablation, "grad_accum_steps: 4", "grad_accum_steps: 4\n  groups_at_once: 0", "58: train.groups_at_once: 0 is not in [1,1e6]"},
		{ablation, "depth: 12", "depth: 12\n  network: unet", `23: model.network: "unet", want dit or residual`},
		{ablation, "depth: 12", "depth: 12\n  noise_size: 64", "23: model.noise_size: 64, want 0: the noise of a transformer has the shape of what it makes"},
		{pixels, "noise_size: 64", "noise_size: 0", "19: model.noise_size: 0, want at least 1 for network residual"},
		{pixels, "patch_size: 32", "patch_size: 8", "23: model.patch_size: 8, want 32 for network residual, which has one token"},
		{pixels, "num_heads: 1", "num_heads: 2", "26: model.num_heads: 2, want 1 for network residual"},
		{pixels, "use_swiglu: false", "use_swiglu: true", "30: model.use_swiglu: true, want false for network residual"},
		{pixels, "use_rmsnorm: true", "use_rmsnorm: false", "32: model.use_rmsnorm: false, want true for network residual"},
		{pixels, "n_cls_tokens: 0", "n_cls_tokens: 4", "33: model.n_cls_tokens: 4, want 0 for network residual"},
		{pixels, "use_bf16: false", "use_bf16: true", "36: model.use_bf16: true, want false for network residual"},
		{"mae/mnist", "resolution: 32", "resolution: 28", "8: dataset.resolution: 28 pixels, want a multiple of patch_size 1 × input_patch_size 4, and of eight times the latter"},
		{pixels, "use_mae: false", "use_mae: false\n  from_step: 5", "95: feature.from_step: 5, want 0: use_mae is false"},
		{ablation, "use_mae: true", "use_mae: true\n  image_weight: 0", "84: feature.image_weight: 0 is not in (0,1e6]"},
		{ablation, "sinkhorn_num_iter: 10", "sinkhorn_num_iter: 0", "75: train.ot_kwargs.sinkhorn_num_iter: 0 is not in [1,1e9]"},
		{ablation, "R_list: [0.05]", "R_list: []", "70: train.loss_kwargs.R_list: empty"},
		{ablation, "R_list: [0.05]", "R_list: [0.05, 0]", "70: train.loss_kwargs.R_list[1]: 0 is not in (0,1e6]"},
		{ablation, "ema_decay: 0.999", "ema_decay: 1.0", "72: train.ema_decay: 1 is not in [0,1)"},
		{ablation, "grad_accum_steps: 4", "grad_accum_steps: 5", "57: train.grad_accum_steps: 5 does not divide train_batch_size 64"},
		{ablation, "train_batch_size: 64", "train_batch_size: 2048", "46: train.train_batch_size: 2048, want at most batch_size 1024"},
		{ablation, "mae_path: hf://mae_latent_256", "mae_path: ''", "82: feature.mae_path: empty, but use_mae is true"},
		{ablation, "patch_std_size: [2, 4]", "patch_std_size:\n    - 2\n    - -4", "67: train.activation_kwargs.patch_std_size[1]: -4 is not in [1,4096]"},
		{mae640, "layers: [3, 4, 6, 3]", "layers: [3, 4, 6]", "23: model.layers: 3 stages, want 4"},
		{mae640, "mask_ratio_min: 0.5", "mask_ratio_min: 0.75", "43: train.forward_dict.mask_ratio_min: 0.75 is more than mask_ratio_max 0.5"},
		{mae640, "finetune_last_steps: 3000", "finetune_last_steps: 300000", "53: train.finetune_last_steps: 300000 is more than total_steps 200000"},
		{mae640, "patch_size: 2", "patch_size: 5", "21: model.patch_size: 5 × input_patch_size 1 does not divide the latent of resolution 256"},

		// what a file must have
		{ablation, "  ot_mode: debiased\n", "", "44: train: missing ot_mode"},
		{ablation, "  mae_path: hf://mae_latent_256\n  use_mae: true\n  use_convnext: false\n", "", "81: feature: nothing, want a block of keys"},
		{ablation, "feature:\n  mae_path: hf://mae_latent_256\n  use_mae: true\n  use_convnext: false\n", "", "1: missing feature"},
		{mae640, "  keep_last: 2\n", "", "36: train: missing keep_last"},
	} {
		text := edited(t, c.preset, c.old, c.new)
		_, err := Parse("f", []byte(text))
		if err == nil || !strings.Contains(err.Error(), "preset: f:"+c.want) {
			t.Errorf("%q: %v\nwant %s", c.new, err, c.want)
			continue
		}
		// The line is the one that has the key, or the entry of a list.
		where := strings.SplitN(c.want, ": ", 3)
		line, _ := strconv.Atoi(where[0])
		key := where[1][strings.LastIndex(where[1], ".")+1:]
		if found := strings.Split(text, "\n")[line-1]; !strings.Contains(where[1], "[") && !strings.HasPrefix(where[1], "missing") && !strings.HasPrefix(c.new, "  seed: 42\n  ?") && !strings.Contains(found, key) {
			t.Errorf("%q: %s, but line %d is %q", c.new, c.want, line, found)
		}
	}
}

// A key that is left out takes the official default, which Defaults lists, also where zero is another value.
func TestDefaults(t *testing.T) {
	cut := func(text, key string) string {
		i := strings.Index(text, key)
		if i < 0 {
			t.Fatalf("the preset has no key %s, want it to be cut out", key)
		}
		return text[:strings.LastIndex(text[:i], "\n")+1] + text[i+strings.Index(text[i:], "\n")+1:]
	}
	text := edited(t, ablation, "    R_list: [0.05]\n", "", "  loss_kwargs:\n", "")
	for _, key := range []string{"sinkhorn_num_iter", "use_new_cfg", "disable_diag_mask", "resample_neg", "batch_sinkhorn", "use_quadratic_cost", "ot_kwargs", "neg_cfg_pw", "ema_decay"} {
		text = cut(text, key)
	}
	p, err := Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	g := p.Generator.Train
	if g.Transport != (Transport{Iterations: 20}) || !slices.Equal(g.Loss.R, []float64{0.02, 0.05, 0.2}) ||
		g.Guidance.Exponent != 1 || g.Guidance.Unguided != 0 || g.Clip != 2 || g.Average != 0.999 || g.KeepLast != 2 ||
		g.EvalSamples != 50000 || g.PushAtResume != 3000 || p.Generator.Model.Recompute {
		t.Errorf("%+v, want the official defaults", g)
	}
	for _, path := range []string{"train.ot_kwargs.sinkhorn_num_iter", "train.loss_kwargs.R_list", "train.max_grad_norm", "model.use_remat"} {
		if !slices.Contains(p.Defaults(), path) {
			t.Errorf("the defaults are %v, want %s among them", p.Defaults(), path)
		}
	}
	out, err := p.Marshal()
	if err != nil || string(out) != text {
		t.Errorf("error %v and\n%s\nwant none and the keys of\n%s", err, out, text)
	}

	p, err = Parse("f", []byte(edited(t, ablation, "  ema_decay: 0.999", "  ema_decay: 0\n  max_grad_norm: 1\n  keep_last: 0")))
	if err != nil || p.Generator.Train.Average != 0 || p.Generator.Train.Clip != 1 || p.Generator.Train.KeepLast != 0 {
		t.Errorf("error %v, %+v, want none, and ema_decay 0, max_grad_norm 1 and keep_last 0", err, p)
	}
	if slices.Contains(p.Defaults(), "train.keep_last") {
		t.Errorf("the defaults are %v, want train.keep_last, which was given, not among them", p.Defaults())
	}
}

// A key of ours that is left out is not reported: only the defaults of official keys are. It has a default, so that
// official files lead to it.
func TestKeysOfOurs(t *testing.T) {
	var c struct {
		Official int `yaml:"official" default:"2"`
		Block    struct {
			Ours  int `yaml:"ours" default:"3" ours:"true"`
			Given int `yaml:"given" default:"4"`
		} `yaml:"block"`
	}
	if got := leftOut(reflect.ValueOf(&c).Elem(), map[string]int{"block.given": 1}); !slices.Equal(got, []string{"official"}) {
		t.Errorf("keys left out are %q, want official alone", got)
	}
	for _, config := range []any{&Generator{}, &MAE{}} {
		for k := range leaves("", reflect.ValueOf(config).Elem()) {
			if k.ours && !k.optional {
				t.Errorf("%s is a key of ours without a default, want one", k.path)
			}
		}
	}
}

// A preset made by hand is written with what differs from the defaults, and read back the same.
func TestMarshalByHand(t *testing.T) {
	for _, name := range Names() {
		p, _ := Named(name)
		hand := &Preset{Name: "hand", Generator: p.Generator, MAE: p.MAE}
		if p.Generator != nil {
			p.Generator.Train.Features.EveryBlock = 0
			p.Generator.Train.KeepLast = 7
			p.Generator.Optimizer.Rate.Peak = 1e-7
			p.Generator.Feature.Path = "yes: # 1"
		}
		text, err := hand.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse("hand", text)
		if err != nil {
			t.Fatalf("%v, want no error in\n%s", err, text)
		}
		if !reflect.DeepEqual(back.Generator, p.Generator) || !reflect.DeepEqual(back.MAE, p.MAE) {
			t.Errorf("%s came back as %+v, want %+v", name, back, p)
		}
		if hand.Defaults() != nil {
			t.Errorf("a preset made by hand has the defaults %v, want none", hand.Defaults())
		}
		if p.Generator != nil && (!strings.Contains(string(text), "learning_rate: 1.0e-07\n") || !strings.Contains(string(text), "every_k_block: .inf\n") || strings.Contains(string(text), "max_grad_norm")) {
			t.Errorf("want learning_rate: 1.0e-07, every_k_block: .inf and no max_grad_norm in\n%s", text)
		}
	}
	p, _ := Named(ablation)
	if err := (&Preset{Name: "none"}).Check(); err == nil {
		t.Error("a preset of nothing: no error, want one")
	}
	p.Generator.Model.Heads = 0
	if _, err := json.Marshal(p); err == nil {
		t.Error("impossible values were written as JSON, want an error")
	}
	if _, err := p.Marshal(); err == nil || !strings.Contains(err.Error(), "model.num_heads: 0 is not in") {
		t.Errorf("error %v, want one with model.num_heads: 0 is not in", err)
	}
	p.Generator.Model.Heads, p.Generator.Optimizer.WeightDecay = 12, math.NaN()
	if err := p.Check(); err == nil || !strings.Contains(err.Error(), "optimizer.weight_decay: NaN is not in") {
		t.Errorf("error %v, want one with optimizer.weight_decay: NaN is not in", err)
	}
}

// Every field has the value of its key, here for the table of the released configurations.
func TestNamedFields(t *testing.T) {
	type row struct {
		width, depth, heads                            int
		batch, classes, chunks, data, unconditional, L int
		R, exponent, unguided, rate, decay             float64
		warmUp, steps, save, keep, push                int
		float32Attention, recompute                    bool
		encoder                                        string
	}
	for name, want := range map[string]row{
		"gen/ablation_ot_1node":       {768, 12, 12, 1024, 64, 4, 64, 16, 10, 0.05, 3, 0, 2e-4, 0.01, 5000, 30000, 2000, 10000, 64, true, false, "hf://mae_latent_256"},
		"gen/latent_sota_B_ot_8node":  {768, 12, 12, 4096, 128, 1, 64, 32, 10, 0.05, 5, 0, 4e-4, 0, 10000, 200000, 2000, 20000, 128, false, false, "hf://mae_latent_640"},
		"gen/latent_sota_B_ot_1node":  {768, 12, 12, 512, 128, 8, 64, 32, 10, 0.05, 5, 0, 4e-4, 0, 10000, 200000, 2000, 20000, 128, false, false, "hf://mae_latent_640"},
		"gen/latent_sota_L_ot_8node":  {1024, 24, 16, 4096, 128, 1, 64, 32, 1, 0.05, 3, 0.5, 4e-4, 0.01, 10000, 200000, 2000, 20000, 128, false, true, "hf://mae_latent_640"},
		"gen/latent_sota_L_ot_1node":  {1024, 24, 16, 512, 128, 8, 64, 32, 1, 0.05, 3, 0.5, 4e-4, 0.01, 10000, 200000, 2000, 20000, 128, false, true, "hf://mae_latent_640"},
		"gen/latent_sota_XL_ot_8node": {1152, 28, 16, 4096, 128, 1, 128, 32, 1, 0.01, 4, 0.2, 3e-4, 0.01, 10000, 200000, 2000, 20000, 128, false, true, "hf://mae_latent_640"},
		"gen/latent_sota_XL_ot_1node": {1152, 28, 16, 512, 128, 8, 128, 32, 1, 0.01, 4, 0.2, 3e-4, 0.01, 10000, 200000, 2000, 20000, 128, false, true, "hf://mae_latent_640"},
	} {
		p, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		g := p.Generator
		m, o, r := g.Model, g.Optimizer, g.Train
		got := row{m.Width, m.Depth, m.Heads, g.Data.Batch, r.Classes, r.Chunks, r.Real, r.Unconditional, r.Transport.Iterations,
			r.Loss.R[0], r.Guidance.Exponent, r.Guidance.Unguided, o.Rate.Peak, o.WeightDecay, o.Rate.WarmUp, r.Steps, r.SaveEvery,
			r.KeepEvery, r.Push, m.Float32Attention, m.Recompute, g.Feature.Path}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if m.Condition != m.Width || m.Size != 32 || m.InChannels != 4 || m.Patch != 2 || m.Context != 16 || m.Codebooks != 32 || m.Entries != 64 ||
			r.ClassBank != 128 || r.GlobalBank != 1000 || r.Guidance.Particles != 64 || r.Guidance.Least != 1 || r.Guidance.Most != 4 ||
			o.Beta1 != 0.9 || o.Beta2 != 0.95 || r.EvalEvery != 5000 || !m.BFloat16 || g.Data.Resolution != 256 || r.Features.EveryBlock != 2 {
			t.Errorf("%s: %+v, want what all released generators have in common", name, g)
		}
	}
	p, _ := Named(mae640)
	m := p.MAE
	if m.Shards != 8 || m.Model.Width != 640 || m.Train.FineTune != 3000 || m.Train.FineTuneWarmUp != 1000 || m.Train.FineTuneWeight != 0.1 ||
		m.Train.Masking != (Masking{0.5, 0.5, 0}) || m.Optimizer.Rate.WarmUp != 4000 || m.Data.Batch != 8192 {
		t.Errorf("%+v, want the values of mae/latent_640", m)
	}
	if _, err := Named("gen/ablation_ot_1nod"); err == nil || !strings.Contains(err.Error(), `no preset "gen/ablation_ot_1nod": did you mean gen/ablation_ot_1node?`) {
		t.Errorf("error %v, want one that asks for gen/ablation_ot_1node", err)
	}
}

func TestVariant(t *testing.T) {
	for _, c := range []struct {
		t    Transport
		want string
	}{
		{Transport{SecondBatch: true, Unmasked: true, GuideVelocity: true, HalfSquaredCost: true}, "two-batch velocity ‖x−y‖²/2 R·d"},
		{Transport{Unmasked: true, HalfSquaredCost: true}, "single batch distribution ‖x−y‖²/2 R·d"},
		{Transport{GuideVelocity: true}, "diagonal mask velocity ‖x−y‖ R·√d"},
		{Transport{SecondBatch: true}, "two-batch with diagonal mask distribution ‖x−y‖ R·√d"},
	} {
		g := &Generator{Train: GeneratorTrain{Mode: "debiased", Transport: c.t}}
		v := g.Variant()
		if got := strings.Join([]string{v.SelfTerm, v.Guidance, v.Cost, v.Epsilon}, " "); got != c.want || v.Energy != "sinkhorn" {
			t.Errorf("%+v: %s, want %s", c.t, got, c.want)
		}
	}
	g := &Generator{Train: GeneratorTrain{Mode: "none", Loss: Loss{R: []float64{0.2}}}}
	if v := g.Variant(); !reflect.DeepEqual(v, Variant{Energy: "drifting", R: []float64{0.2}}) {
		t.Errorf("%+v, want drifting with R 0.2", v)
	}
}

// Merge keys and aliases mean what they mean in YAML: a block's own keys win, then the first merged.
func TestMerge(t *testing.T) {
	p, err := Parse("f", []byte(edited(t, mae640,
		"  forward_dict:\n    mask_ratio_min: 0.5", "  forward_dict: &m\n    mask_ratio_min: 0.25",
		"  eval_forward_dict:\n    mask_ratio_min: 0.5\n    mask_ratio_max: 0.5\n    lambda_cls: 0.0\n", "  eval_forward_dict: {<<: [*m, {lambda_cls: 1, mask_ratio_max: 1}], mask_ratio_max: 0.75}\n")))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.MAE.Train.EvalMasking, (Masking{0.25, 0.75, 0}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if out, err := p.Marshal(); err != nil || !strings.Contains(string(out), "eval_forward_dict:\n    mask_ratio_min: 0.25\n    mask_ratio_max: 0.75\n    lambda_cls: 0.0\n") {
		t.Errorf("error %v, want none and the merged keys in\n%s", err, out)
	}
}

func TestMarshalJSON(t *testing.T) {
	p, err := Parse("f", []byte(edited(t, ablation, "every_k_block: 2", "every_k_block: .inf")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind       string
		Parameters int
		Variant    map[string]any
		Config     map[string]map[string]any
		Defaults   []string
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	train := got.Config["train"]
	if got.Kind != "generator" || got.Parameters != 132708880 || got.Variant["self_term"] != "two-batch" || got.Variant["iterations"] != 10. ||
		train["keep_last"] != 2. || train["activation_kwargs"].(map[string]any)["every_k_block"] != ".inf" || !slices.Contains(got.Defaults, "train.keep_last") {
		t.Errorf("want the generator of the ablation with every_k_block .inf in\n%s", text)
	}
	p, _ = Named(mae640)
	if text, err = json.Marshal(p); err != nil || !bytes.Contains(text, []byte(`"kind":"mae","parameters":2687866604`)) {
		t.Errorf("error %v, want none and an encoder of 2687866604 parameters in\n%s", err, text)
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(path, []byte(edited(t, ablation, "seed: 42", "seed: 43")), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := ReadFile(path)
	if err != nil || p.Generator.Train.Seed != 43 || p.Name != path {
		t.Errorf("error %v, %+v, want none, the seed 43 and the name %s", err, p, path)
	}
	if _, err := ReadFile(path + "x"); err == nil || !strings.HasPrefix(err.Error(), "preset: open ") {
		t.Errorf("error %v, want one that begins with preset: open", err)
	}
	if _, err := ReadFile(t.TempDir()); err == nil {
		t.Error("a folder was read, want an error")
	}
}
