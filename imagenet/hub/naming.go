package hub

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Naming maps a tensor of a released file to the tensor that the official PyTorch code has for it: with its official name,
// and with its axes in the official order. It returns false if the tensor is not a part of the network, as the state of an
// optimiser is not.
type Naming func(Tensor) (Tensor, bool)

// Official is the naming of files that have the official names already, such as those of [View.WriteSafetensors].
func Official(t Tensor) (Tensor, bool) { return t, true }

// WFlow is the naming of the states that W-Flow's training writes, state_XXXXXXXX.pt. A state holds step, model, ema_model,
// optimizer and ema_decay. The generator is ema_model, which may lie within something else, such as state_dict. What
// wrappers of modules add to names, such as the _orig_mod of compiled networks, is dropped.
//
// Released in the repository jiaqihan99/W-Flow, in the folder checkpoints: latent_sota_B_ot/state_00200000.pt,
// latent_sota_L_ot/state_00200000.pt, latent_sota_XL_ot/state_00180000.pt and latent_ablation_ot/state_00030000.pt.
func WFlow(t Tensor) (Tensor, bool) {
	before, after, ok := strings.Cut("."+t.Name, ".ema_model.")
	if !ok {
		return t, false
	}
	t.Name = strings.TrimPrefix(before+"."+unwrapped(after), ".")
	return t, true
}

// wrappers are the parts of names that torch.compile, FSDP and checkpointed activations add.
var wrappers = []string{"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}

// unwrapped returns a name without the parts that wrappers add.
func unwrapped(name string) string {
	parts := slices.DeleteFunc(strings.Split(name, "."), func(part string) bool { return slices.Contains(wrappers, part) })
	return strings.Join(parts, ".")
}

// Drifting is the naming of the encoders that Drifting released. Their parameters are a tree of Flax with encoder, decoder
// and fc at its root. The tree says stages_0.layers_0 where the official name has stages.0.0, and scale where it has the
// weight of a norm. Its convolution kernels are [height, width, in, out], its linear kernels [in, out].
//
// Released in the repository Goodeat/drifting, in the folder models/mae/jax: mae_latent_256 and mae_latent_640, each with
// ema_params.msgpack and metadata.json.
//
// Source: the listing of mae_latent_256's tree, 431,354,348 numbers in all, in too-z/drifting on GitHub,
// tests/parity/reference_trees/tree_mae_256.txt; the modules' names in the model code of RahulBhalley/drifting agree.
func Drifting(t Tensor) (Tensor, bool) {
	t.Name = driftingStage.ReplaceAllString(t.Name, "stages.$1.$2.")
	module, leaf, _ := cutLast(t.Name, ".")
	switch {
	case leaf == "kernel" && len(t.Shape) == 4:
		t, leaf = t.transposed(3, 2, 0, 1), "weight"
	case leaf == "kernel" && len(t.Shape) == 2:
		t, leaf = t.transposed(1, 0), "weight"
	case leaf == "scale":
		leaf = "weight"
	}
	t.Name = module + "." + leaf
	return t, true
}

var driftingStage = regexp.MustCompile(`\bstages_(\d+)\.layers_(\d+)\.`)

// SDVAE is the naming of the autoencoder that diffusers calls AutoencoderKL, as safetensors or as a PyTorch file. Files
// from before diffusers 0.17 call the projections of attention query, key, value and proj_attn, and in some of them these
// have the shape [c, c, 1, 1].
//
// Released in the repository stabilityai/sd-vae-ft-mse: diffusion_pytorch_model.safetensors and
// diffusion_pytorch_model.bin.
func SDVAE(t Tensor) (Tensor, bool) {
	module, leaf, _ := cutLast(t.Name, ".")
	parent, layer, _ := cutLast(module, ".")
	if !strings.Contains(parent, ".attentions.") {
		return t, true
	}
	if name, old := map[string]string{"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}[layer]; old {
		t.Name = parent + "." + name + "." + leaf
	}
	if len(t.Shape) == 4 && t.Shape[2] == 1 && t.Shape[3] == 1 {
		if t.strides != nil {
			t.strides = t.strides[:2]
		}
		t.Shape = t.Shape[:2]
	}
	return t, true
}

// Inception is the naming of the network by which FID is measured, pt_inception-2015-12-05-6726825d.pth. It has the official names.
// The counters of batches, which training alone uses, are no part of the network.
//
// Released by mseitzer/pytorch-fid on GitHub, and by toshas/torch-fidelity as weights-inception-2015-12-05-6726825d.pth.
func Inception(t Tensor) (Tensor, bool) { return t, !strings.HasSuffix(t.Name, ".num_batches_tracked") }

// cutLast cuts s at the last sep. If there is none, before is empty and after is all of s.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// Metadata is what metadata.json says, a file that lies beside released parameters.
type Metadata struct {
	Kind        string          // mae or gen
	Backend     string          // jax or torch
	ModelConfig json.RawMessage `json:"model_config"` // what the network is built from
}

// ReadMetadata reads the metadata.json in the folder of a file.
func ReadMetadata(path string) (Metadata, error) {
	var m Metadata
	path = filepath.Join(filepath.Dir(path), "metadata.json")
	file, err := openFile(path)
	if err != nil {
		return m, fmt.Errorf("hub: %w", err)
	}
	defer file.Close()
	if err := json.NewDecoder(io.LimitReader(file, 1<<20)).Decode(&m); err != nil {
		return m, fmt.Errorf("hub: %s: %w", path, err)
	}
	if len(m.ModelConfig) == 0 {
		return m, fmt.Errorf("hub: %s: no model_config", path)
	}
	return m, nil
}
