package mae

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
)

type goldenFile struct {
	Fixture, Set, Torch string
	Cases               map[string]goldenCase
	FullConfigs         map[string]fullConfig `json:"full_configs"`
	GroupNormGroups     map[string]int        `json:"groupnorm_groups"`
	GroupNormEps        float64               `json:"groupnorm_eps"`
}

type goldenCase struct {
	Config           goldenConfig
	ActivationKwargs goldenActivations  `json:"activation_kwargs"`
	Prefix, Input    string             // Input is "gauss input/x [2,S,S,4]"
	Params           []golden.Parameter // without a prefix
	NParams          counts             `json:"n_params"`
	NGroups          int                `json:"n_groups"`
	NVectors         int                `json:"n_vectors"`
	Groups           []goldenGroup
	LossMeanSquare   float64       `json:"loss_mean_square"`
	GradX            golden.Tensor `json:"grad_x"`
	MAEForward       struct {
		Args     string
		RNGCalls [][2]any `json:"rng_calls"`
		Metrics  map[string]golden.Tensor
		Grads    map[string]golden.Tensor
	} `json:"mae_forward"`
}

type goldenGroup struct {
	Name string
	golden.Tensor
}

// goldenConfig has the keys of the model block of an encoder's configuration, and num_classes.
type goldenConfig struct {
	BaseChannels   int     `json:"base_channels"`
	Layers         []int   `json:"layers"`
	InChannels     int     `json:"in_channels"`
	NumClasses     int     `json:"num_classes"`
	PatchSize      int     `json:"patch_size"`
	DropoutProb    float64 `json:"dropout_prob"`
	UseBF16        bool    `json:"use_bf16"`
	InputPatchSize int     `json:"input_patch_size"`
}

// UnmarshalJSON reads the keys that are there; the others have the official defaults.
func (c *goldenConfig) UnmarshalJSON(text []byte) error {
	type plain goldenConfig
	*c = goldenConfig{InputPatchSize: 1}
	return golden.Decode(text, (*plain)(c))
}

// config returns the network that FromPreset makes of the keys, which names those that it cannot follow.
func (c goldenConfig) config(t *testing.T) Config {
	t.Helper()
	if c.UseBF16 {
		t.Fatal("use_bf16 is true, want false: the file holds float64 runs, to a precision that bfloat16 has not")
	}
	config, _, err := FromPreset(&preset.MAE{
		Data:  preset.Data{Classes: c.NumClasses},
		Model: preset.MAEModel{Width: c.BaseChannels, Patch: c.PatchSize, Dropout: c.DropoutProb, Layers: c.Layers, Channels: c.InChannels, InputPatch: c.InputPatchSize},
	})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// goldenActivations are keyword arguments of the official function that computes features.
type goldenActivations struct{ preset.Features }

// UnmarshalJSON reads the keys that are there; the others have the official defaults.
func (a *goldenActivations) UnmarshalJSON(text []byte) error {
	a.Features = preset.ReleasedFeatures()
	every := json.RawMessage(strconv.Itoa(int(a.EveryBlock)))
	if err := golden.Decode(text, &struct {
		MeanPatches *[]int           `json:"patch_mean_size"`
		StdPatches  *[]int           `json:"patch_std_size"`
		Std         *bool            `json:"use_std"`
		Mean        *bool            `json:"use_mean"`
		EveryBlock  *json.RawMessage `json:"every_k_block"`
	}{&a.MeanPatches, &a.StdPatches, &a.Std, &a.Mean, &every}); err != nil {
		return err
	}
	if string(every) == `"inf"` {
		every = []byte(".inf") // as YAML writes it
	}
	if err := a.EveryBlock.UnmarshalText(every); err != nil {
		return fmt.Errorf("every_k_block is %w", err)
	}
	return nil
}

type counts struct{ Total, Encoder, Decoder, FC int }

type fullConfig struct {
	counts
	NTensors    int                `json:"n_tensors"`
	TableSHA256 string             `json:"table_sha256"`
	Table       []golden.Parameter // at one width
}

func (f *fullConfig) UnmarshalJSON(text []byte) error {
	return golden.Decode(text, &struct {
		*counts
		NTensors    *int                `json:"n_tensors"`
		TableSHA256 *string             `json:"table_sha256"`
		Table       *[]golden.Parameter `json:"table"`
	}{&f.counts, &f.NTensors, &f.TableSHA256, &f.Table})
}

func countsOf(t weights.Table) counts {
	return counts{t.Size(), t.Under("encoder.").Size(), t.Under("decoder.").Size(), t.Under("fc.").Size()}
}

// latents returns the input of a case and its shape.
func (c goldenCase) latents(t *testing.T) ([]float64, []int) {
	t.Helper()
	shape := make([]int, 4)
	if _, err := fmt.Sscanf(c.Input, "gauss input/x [%d,%d,%d,%d]", &shape[0], &shape[1], &shape[2], &shape[3]); err != nil {
		t.Fatalf("input %q: %v", c.Input, err)
	}
	return golden.Normals(c.Prefix+"input/x", shape[0]*shape[1]*shape[2]*shape[3]), shape
}

func readGolden(t *testing.T) goldenFile {
	t.Helper()
	var f goldenFile
	if err := golden.Read("f2_encoder.json", &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) == 0 || len(f.FullConfigs) == 0 || len(f.GroupNormGroups) == 0 {
		t.Fatalf("%d cases, %d full configurations and %d numbers of groups, want some of each", len(f.Cases), len(f.FullConfigs), len(f.GroupNormGroups))
	}
	return f
}

// store returns the weights of a case.
func (c goldenCase) store(t *testing.T, double bool) *model.Store {
	t.Helper()
	kinds := map[string]string{}
	for _, p := range c.Params {
		kinds[p.Name] = p.Kind
	}
	read := func(p weights.Parameter) ([]float64, error) {
		return golden.Weight(c.Prefix+p.Name, kinds[p.Name], p.Shape, 1)
	}
	table, store := c.Config.config(t).Table(), model.NewStore()
	var err error
	if double {
		err = weights.Load(store.RootScope(), table, read)
	} else {
		err = weights.Load(store.RootScope(), table, func(p weights.Parameter) ([]float32, error) {
			v, err := read(p)
			return converted[float32](v), err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return store
}
