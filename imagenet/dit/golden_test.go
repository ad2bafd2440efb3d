package dit

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// goldens is f1_generator.json; testdata/README.md describes it.
type goldens struct {
	Fixture, Set, Torch string
	Cases               map[string]goldenCase
	Full                map[string]struct {
		Config  goldenConfig
		Size    int    `json:"n_params"`
		Tensors int    `json:"n_tensors"`
		SHA256  string `json:"table_sha256"`
		Table   []golden.Parameter
	} `json:"full_configs"`
	Places map[string]golden.Tensor `json:"pos_embed_init"`
}

type goldenCase struct {
	Config goldenConfig
	Prefix string
	Params []golden.Parameter
	Size   int `json:"n_params"`
	Inputs struct {
		Rule   string
		Labels []int32
		Styles [][]int32 `json:"noise_labels"`
		Alpha  []float64 `json:"cfg_scale"`
	}
	Outputs, Grads map[string]golden.Tensor
	Norms          map[string]float64 `json:"grad_norms_all"`
}

// goldenConfig has the keys of the model block of a generator's configuration, and num_classes.
type goldenConfig struct {
	InChannels  int     `json:"in_channels"`
	OutChannels int     `json:"out_channels"`
	Patch       int     `json:"patch_size"`
	MLPRatio    float64 `json:"mlp_ratio"`
	QKNorm      bool    `json:"use_qknorm"`
	SwiGLU      bool    `json:"use_swiglu"`
	RoPE        bool    `json:"use_rope"`
	RMSNorm     bool    `json:"use_rmsnorm"`
	BFloat16    bool    `json:"use_bf16"`
	Attention   bool    `json:"attn_fp32"`
	Recompute   bool    `json:"use_remat"`
	Width       int     `json:"hidden_size"`
	Condition   int     `json:"cond_dim"`
	Depth       int
	Heads       int `json:"num_heads"`
	Size        int `json:"input_size"`
	Context     int `json:"n_cls_tokens"`
	Entries     int `json:"noise_classes"`
	Codebooks   int `json:"noise_coords"`
	Classes     int `json:"num_classes"`
}

// config returns the network that FromPreset makes of the keys, which names those that it cannot follow.
func (g goldenConfig) config(t *testing.T) Config {
	t.Helper()
	if g.BFloat16 {
		t.Fatal("use_bf16 is true, want false: the file holds float64 runs, to a precision that bfloat16 has not")
	}
	c, err := FromPreset(&preset.Generator{Data: preset.Data{Latent: true, Classes: g.Classes}, Model: preset.GeneratorModel{
		Condition: g.Condition, Size: g.Size, InChannels: g.InChannels, Patch: g.Patch, Width: g.Width, Depth: g.Depth, Heads: g.Heads,
		MLPRatio: g.MLPRatio, OutChannels: g.OutChannels, QKNorm: g.QKNorm, SwiGLU: g.SwiGLU, RoPE: g.RoPE, RMSNorm: g.RMSNorm,
		Context: g.Context, Entries: g.Entries, Codebooks: g.Codebooks, Float32Attention: g.Attention, Recompute: g.Recompute,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func loadGoldens(t *testing.T) (g goldens) {
	t.Helper()
	if err := golden.Read("f1_generator.json", &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) == 0 || len(g.Full) == 0 || len(g.Places) == 0 {
		t.Fatalf("%d cases, %d full configurations and %d tables of places, want some of each", len(g.Cases), len(g.Full), len(g.Places))
	}
	return g
}

// onBackends runs a test on pure Go and, where a plugin is named, on XLA.
func onBackends(t *testing.T, f func(t *testing.T, b compute.Backend)) {
	plugin := os.Getenv(engine.PluginVariable)
	for _, name := range []string{"pure Go", "XLA"} {
		if name == "XLA" && plugin == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if name == "XLA" && testing.Short() {
				t.Skip("XLA compiles every graph for seconds")
			}
			t.Setenv(compute.ConfigEnvVar, "")
			t.Setenv(engine.PluginVariable, "")
			if name == "XLA" {
				t.Setenv(engine.PluginVariable, plugin)
			}
			b, _, err := engine.Find()
			if err != nil {
				t.Fatal(err)
			}
			if (b.String() == "go") != (name == "pure Go") {
				t.Fatalf("got %s, want %s", b, name)
			}
			f(t, b)
		})
	}
}

func TestGoldenTables(t *testing.T) {
	sizes := map[string]Config{"B/2": B(), "L/2": L(), "XL/2": XL()}
	full := loadGoldens(t).Full
	for name, want := range full {
		c := want.Config.config(t)
		if released, ok := sizes[name]; ok && c != released {
			t.Errorf("%s is %+v, want %+v", name, released, c)
		}
		table := c.Table()
		if table.Size() != want.Size || len(table) != want.Tensors || table.SHA256() != want.SHA256 {
			t.Errorf("%s: %d numbers in %d parameters, SHA-256 %s, want %d, %d, %s",
				name, table.Size(), len(table), table.SHA256(), want.Size, want.Tensors, want.SHA256)
		}
		for _, p := range want.Table {
			if !slices.ContainsFunc(table, func(q weights.Parameter) bool { return q.Name == p.Name && slices.Equal(q.Shape, p.Shape) }) {
				t.Errorf("%s: the table lacks %s %v, want it", name, p.Name, p.Shape)
			}
		}
	}
	for name := range sizes {
		if _, ok := full[name]; !ok {
			t.Errorf("no case for %s, want one", name)
		}
	}
}

func TestGoldenPlaces(t *testing.T) {
	for name, want := range loadGoldens(t).Places {
		var width, side int
		if _, err := fmt.Sscanf(name, "%dx%d", &width, &side); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := make([]float64, side*side*width)
		for i := range got {
			got[i] = place(i/width, i%width, side, width)
		}
		if difference, _, err := want.Compare(got); err != nil || !(difference < 1e-11) { // of twelve digits
			t.Errorf("%s: off by %v (error %v), want at most 1e-11", name, difference, err)
		}
	}
}

func TestGoldenGenerator(t *testing.T) {
	cases := loadGoldens(t).Cases
	onBackends(t, func(t *testing.T, b compute.Backend) {
		ran := 0
		for name, c := range cases {
			t.Run(name+"/float64", func(t *testing.T) { checkCase[float64](t, b, c, false); ran++ })
			t.Run(name+"/float32", func(t *testing.T) { checkCase[float32](t, b, c, false) })
			if name == "a" { // the others say the same, and XLA compiles for seconds
				t.Run(name+"/recomputed", func(t *testing.T) { checkCase[float32](t, b, c, true) })
			}
		}
		if ran != len(cases) {
			t.Errorf("%d cases ran, want %d", ran, len(cases))
		}
	})
}

// checkCase holds everything recorded of a case to what the graph gives.
func checkCase[T float32 | float64](t *testing.T, b compute.Backend, c goldenCase, recompute bool) {
	config := c.Config.config(t)
	config.Recompute = config.Recompute || recompute
	table := config.Table()
	if table.Size() != c.Size || len(table) != len(c.Params) {
		t.Fatalf("%d numbers in %d parameters, want %d in %d", table.Size(), len(table), c.Size, len(c.Params))
	}
	kinds := map[string]string{}
	for i, p := range c.Params {
		if p.Name != table[i].Name || !slices.Equal(p.Shape, table[i].Shape) {
			t.Fatalf("parameter %d is %v, want %s %v", i, table[i], p.Name, p.Shape)
		}
		kinds[p.Name] = p.Kind
	}
	store := model.NewStore()
	if err := weights.Load(store.RootScope(), table, func(p weights.Parameter) ([]T, error) {
		values, err := golden.Weight(c.Prefix+p.Name, kinds[p.Name], p.Shape, 1)
		return as[T](values), err
	}); err != nil {
		t.Fatal(err)
	}

	const rule = "x = gauss input/x [3,S,S,in_channels]; labels = randint input/labels; noise_labels = randint input/noise_labels [3,max(1,noise_coords)]; cfg_scale = 1+3*U(input/cfg_scale)"
	if c.Inputs.Rule != rule || len(c.Inputs.Labels) != 3 || len(c.Inputs.Styles) != 3 || len(c.Inputs.Alpha) != 3 {
		t.Fatalf("the inputs are %q with %d labels, %d rows of styles and %d scales, want %q and three of each", c.Inputs.Rule, len(c.Inputs.Labels), len(c.Inputs.Styles), len(c.Inputs.Alpha), rule)
	}
	batch, size, codebooks := len(c.Inputs.Labels), config.Size, len(c.Inputs.Styles[0])
	noise := as[T](golden.Normals(c.Prefix+"input/x", batch*size*size*config.Channels))
	alpha := make([]T, batch)
	var styles []int32
	for i := range alpha {
		alpha[i] = T(1 + 3*golden.Uniform(c.Prefix+"input/cfg_scale", uint64(i)))
		if math.Abs(float64(alpha[i])-c.Inputs.Alpha[i]) > 1e-6 {
			t.Fatalf("α %v, want %v", alpha[i], c.Inputs.Alpha[i])
		}
		styles = append(styles, c.Inputs.Styles[i]...)
	}

	names := []string{"cond", "output", "loss"} // what the graph returns, in order
	for k := range config.Depth {
		names = append(names, fmt.Sprintf("block%d", k))
	}
	for _, p := range table {
		names = append(names, p.Name)
	}
	names = append(names, "input/x")
	exec := model.MustNewExec(b, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		noise, labels, styles, alpha := in[0], in[1], in[2], in[3]
		condition := config.Condition(scope, labels, styles, alpha)
		blocks, output := config.network(scope, noise).forward(noise, condition)
		// Summed one by one in float32, the mean itself would be off by 1e-6.
		loss := graph.ReduceAllMean(graph.Square(graph.ConvertDType(output, dtypes.Float64)))
		var variables []*graph.Node
		for _, p := range table {
			variables = append(variables, weights.Node(scope, noise.Graph(), p.Name))
		}
		gradients := graph.Gradient(loss, append(variables, noise)...)
		return slices.Concat([]*graph.Node{condition, output, loss}, blocks, gradients)
	})
	defer exec.Finalize()
	outputs, err := exec.Call(
		tensors.FromFlatDataAndDimensions(noise, batch, size, size, config.Channels),
		tensors.FromFlatDataAndDimensions(c.Inputs.Labels, batch),
		tensors.FromFlatDataAndDimensions(styles, batch, codebooks),
		tensors.FromFlatDataAndDimensions(alpha, batch))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{}
	for i, name := range names {
		if name == "loss" {
			got[name] = tensors.MustCopyFlatData[float64](outputs[i])
			continue
		}
		got[name] = as[float64](tensors.MustCopyFlatData[T](outputs[i]))
	}

	compared := 0
	near := func(name string, difference, largest, recorded float64) {
		compared++
		bound := 1e-9 * largest
		if _, single := any(T(0)).(float32); single {
			bound = max(10*recorded, 1e-6*largest)
		}
		if !(difference <= bound) {
			t.Errorf("%s: off by %.2g, want at most %.2g (largest entry %.2g)", name, difference, bound, largest)
		}
	}
	for _, recorded := range []map[string]golden.Tensor{c.Outputs, c.Grads} {
		for name, want := range recorded {
			difference, largest, err := want.Compare(got[name])
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			near(name, difference, largest, want.F32MaxAbs)
		}
	}
	for name, want := range c.Norms {
		norm := 0.0
		for _, v := range got[name] {
			norm += v * v
		}
		norm = math.Sqrt(norm)
		if want < 1e-15 { // a bias that adds the same to all scores of a query: zero, by terms of some 1e-2
			near("norm of "+name, norm, 1e-2, 0)
			continue
		}
		near("norm of "+name, math.Abs(norm-want), want, 0)
	}
	if want := 3 + config.Depth + len(c.Grads) + len(table); compared != want || len(c.Grads) == 0 {
		t.Errorf("%d comparisons, want %d", compared, want)
	}
}

func as[To, From float32 | float64](values []From) []To {
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = To(v)
	}
	return out
}
