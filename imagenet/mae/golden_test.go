package mae

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// backend returns XLA where there is a plugin, else pure Go.
func backend(t testing.TB) (b compute.Backend, xla bool) {
	t.Helper()
	b, line, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	return b, strings.HasPrefix(line, "XLA")
}

type goldenFile struct {
	Fixture, Set, Torch string
	Cases               map[string]goldenCase
	FullConfigs         map[string]fullConfig `json:"full_configs"`
	GroupNormGroups     map[string]int        `json:"groupnorm_groups"`
	GroupNormEps        float64               `json:"groupnorm_eps"`
}

type goldenCase struct {
	Config struct {
		BaseChannels   int    `json:"base_channels"`
		Layers         [4]int `json:"layers"`
		InChannels     int    `json:"in_channels"`
		NumClasses     int    `json:"num_classes"`
		PatchSize      int    `json:"patch_size"`
		UseBF16        bool   `json:"use_bf16"`
		InputPatchSize int    `json:"input_patch_size"`
	}
	ActivationKwargs struct{}           `json:"activation_kwargs"`
	Prefix, Input    string             // Input is "gauss input/x [2,S,S,4]"
	Params           []golden.Parameter // without a prefix
	NParams          counts             `json:"n_params"`
	NGroups          int                `json:"n_groups"`
	NVectors         int                `json:"n_vectors"`
	Groups           []struct {
		Name string
		golden.Tensor
	}
	LossMeanSquare float64       `json:"loss_mean_square"`
	GradX          golden.Tensor `json:"grad_x"`
	MAEForward     struct {
		Args     string
		RNGCalls [][2]any `json:"rng_calls"`
		Metrics  map[string]golden.Tensor
		Grads    map[string]golden.Tensor
	} `json:"mae_forward"`
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

func (c goldenCase) config() Config {
	return Config{Width: c.Config.BaseChannels, Layers: c.Config.Layers, Channels: c.Config.InChannels,
		Classes: c.Config.NumClasses, Patch: c.Config.PatchSize}
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
		t.Fatal("no case")
	}
	return f
}

// TestGoldenTable: names, shapes, counts and checksums of the reference's state.
func TestGoldenTable(t *testing.T) {
	f := readGolden(t)
	for width, want := range f.FullConfigs {
		w, err := strconv.Atoi(width)
		if err != nil {
			t.Fatal(err)
		}
		table := Released(w).Table()
		if got := countsOf(table); got != want.counts || len(table) != want.NTensors || table.SHA256() != want.TableSHA256 {
			t.Errorf("width %s: %+v, %d tensors, SHA-256 %s, want %+v", width, got, len(table), table.SHA256(), want)
		}
		for _, p := range want.Table {
			if !slices.ContainsFunc(table, func(q weights.Parameter) bool {
				return q.Name == p.Name && slices.Equal(q.Shape, p.Shape)
			}) {
				t.Errorf("width %s: no %v", width, p)
			}
		}
	}
	for key, c := range f.Cases {
		table := c.config().Table()
		if got := countsOf(table); got != c.NParams {
			t.Errorf("case %s: %+v, want %+v", key, got, c.NParams)
		}
		same := func(p weights.Parameter, q golden.Parameter) bool {
			return p.Name == q.Name && slices.Equal(p.Shape, q.Shape)
		}
		if !slices.EqualFunc(table, c.Params, same) {
			t.Errorf("case %s: another table or order", key)
		}
	}
}

func TestGoldenGroupNorm(t *testing.T) {
	f := readGolden(t)
	for channels, want := range f.GroupNormGroups {
		c, err := strconv.Atoi(channels)
		if err != nil {
			t.Fatal(err)
		}
		if got := groups(c); got != want {
			t.Errorf("%d channels: %d groups, want %d", c, got, want)
		}
	}
	if f.GroupNormEps != epsilon {
		t.Errorf("ε %v, want %v", epsilon, f.GroupNormEps)
	}
}

func TestGoldenFeatures(t *testing.T) { onGolden(t, checkFeatures[float32], checkFeatures[float64]) }

func TestGoldenLosses(t *testing.T) { onGolden(t, checkLosses[float32], checkLosses[float64]) }

// onGolden runs both checks on all cases.
func onGolden(t *testing.T, single, double func(*testing.T, compute.Backend, goldenCase)) {
	b, xla := backend(t)
	f := readGolden(t)
	ran := 0
	for key, c := range f.Cases {
		t.Run(key+"/float32", func(t *testing.T) { single(t, b, c); ran++ })
		t.Run(key+"/float64", func(t *testing.T) {
			if xla && testing.Short() {
				t.Skip("XLA compiles each of these graphs for five seconds; the same ones run on pure Go")
			}
			double(t, b, c)
		})
	}
	if ran != len(f.Cases) {
		t.Errorf("%d of %d cases ran", ran, len(f.Cases))
	}
}

func checkFeatures[T float32 | float64](t *testing.T, b compute.Backend, c goldenCase) {
	config := c.config()
	store := c.store(t, float64Of[T]())
	x, shape := c.latents(t)
	var names []string
	exec := model.MustNewExec(b, store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		var values []*graph.Node
		var loss *graph.Node
		names = nil
		for _, f := range config.Features(scope, x, AllActivations()) {
			names = append(names, f.Name)
			values = append(values, f.Value)
			square := graph.ReduceAllMean(graph.Square(f.Value))
			if loss != nil {
				square = graph.Add(loss, square)
			}
			loss = square
		}
		loss = graph.DivScalar(loss, float64(len(values)))
		return append(values, loss, graph.Gradient(loss, x)[0])
	})
	out, err := exec.Call(tensors.FromFlatDataAndDimensions(converted[T](x), shape...))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != len(c.Groups) || len(names) != c.NGroups {
		t.Fatalf("%d groups, want %d", len(names), len(c.Groups))
	}
	vectors := 0
	for k, want := range c.Groups {
		if got := out[k].Shape().Dimensions; names[k] != want.Name || !slices.Equal(got, want.Shape) {
			t.Errorf("group %d: %s %v, want %s %v", k, names[k], got, want.Name, want.Shape)
			continue
		}
		vectors += want.Shape[1]
		compare[T](t, want.Name, out[k], want.Tensor)
	}
	if vectors != c.NVectors {
		t.Errorf("%d vectors, want %d", vectors, c.NVectors)
	}
	compare[T](t, "loss_mean_square", out[len(names)], golden.Tensor{Values: []float64{c.LossMeanSquare}})
	if sameSigns[T](b) {
		compare[T](t, "grad_x", out[len(names)+1], c.GradX)
	}
}

func checkLosses[T float32 | float64](t *testing.T, b compute.Backend, c goldenCase) {
	if c.MAEForward.Args != "lambda_cls=0.1, mask_ratio 0.5, labels=randint input/labels" || len(c.MAEForward.RNGCalls) != 2 {
		t.Fatalf("unknown pass %q, %v", c.MAEForward.Args, c.MAEForward.RNGCalls)
	}
	config := c.config()
	store := c.store(t, float64Of[T]())
	x, shape := c.latents(t)
	squares := shape[1] / config.Patch
	hidden := make([]bool, shape[0]*squares*squares)
	for i := range hidden {
		hidden[i] = golden.Uniform(c.MAEForward.RNGCalls[1][0].(string), uint64(i)) < 0.5
	}
	classes := make([]int32, shape[0])
	for i := range classes {
		classes[i] = int32(golden.Integer(c.Prefix+"input/labels", uint64(i), config.Classes))
	}
	table := config.Table()
	var gradients weights.Table
	for _, p := range table {
		if _, ok := c.MAEForward.Grads[p.Name]; ok {
			gradients = append(gradients, p)
		}
	}
	if len(gradients) == 0 || len(gradients) != len(c.MAEForward.Grads) {
		t.Fatalf("gradients of %d parameters, want %d", len(gradients), len(c.MAEForward.Grads))
	}
	exec := model.MustNewExec(b, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		l := config.Losses(scope, in[0], in[1], in[2], in[3])
		ratio := graph.ReduceMean(graph.ConvertDType(in[1], in[0].DType()), 1, 2)
		var of []*graph.Node
		for _, p := range gradients {
			of = append(of, weights.Of(scope, in[0].Graph(), p.Name))
		}
		return append([]*graph.Node{l.Total, l.CrossEntropy, l.Reconstruction, l.Accuracy, ratio},
			graph.Gradient(graph.ReduceAllMean(l.Total), of...)...)
	})
	out, err := exec.Call(tensors.FromFlatDataAndDimensions(converted[T](x), shape...),
		tensors.FromFlatDataAndDimensions(hidden, shape[0], squares, squares), classes, T(0.1))
	if err != nil {
		t.Fatal(err)
	}
	metrics := []string{"loss", "cls_loss", "recon_loss", "accuracy", "mask_ratio"}
	if len(c.MAEForward.Metrics) != len(metrics) {
		t.Errorf("%d metrics, want %d", len(c.MAEForward.Metrics), len(metrics))
	}
	for k, name := range metrics {
		compare[T](t, name, out[k], c.MAEForward.Metrics[name])
	}
	if !sameSigns[T](b) {
		return
	}
	for k, p := range gradients {
		values, err := tensors.CopyFlatData[T](out[len(metrics)+k])
		if err != nil {
			t.Fatal(err)
		}
		check[T](t, "gradient of "+p.Name, weights.Official(p, values), c.MAEForward.Grads[p.Name])
	}
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
	store := model.NewStore()
	var err error
	if double {
		err = weights.Load(store.RootScope(), c.config().Table(), read)
	} else {
		err = weights.Load(store.RootScope(), c.config().Table(), func(p weights.Parameter) ([]float32, error) {
			v, err := read(p)
			return converted[float32](v), err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// sameSigns tells whether every ReLU is open where it was in the reference. In float32 an input of one may be nothing but
// rounding: the order of sums then decides between two gradients that are a hundredth apart. XLA's order gives the
// recorded one, pure Go's does not always; float64 always does.
func sameSigns[T float32 | float64](b compute.Backend) bool {
	return float64Of[T]() || b.String() != gobackend.BackendName
}

func float64Of[T float32 | float64]() bool { return dtypes.FromGenericsType[T]() == dtypes.Float64 }

func converted[T, U float32 | float64](x []U) []T {
	out := make([]T, len(x))
	for i, v := range x {
		out[i] = T(v)
	}
	return out
}

func compare[T float32 | float64](t *testing.T, name string, got *tensors.Tensor, want golden.Tensor) {
	t.Helper()
	values, err := tensors.CopyFlatData[T](got)
	if err != nil {
		t.Fatal(err)
	}
	check(t, name, values, want)
}

// check holds float32 to ten times the reference's own rounding or 1e-6 of the largest entry, float64 to 1e-9 of it.
func check[T float32 | float64](t *testing.T, name string, got []T, want golden.Tensor) {
	t.Helper()
	difference, largest, err := want.Compare(converted[float64](got))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	bound := 1e-9 * largest
	if !float64Of[T]() {
		bound = max(10*want.F32MaxAbs, 1e-6*largest)
	}
	if !(difference <= bound) {
		t.Errorf("%s: off by %.2g, want at most %.2g (largest %.3g)", name, difference, bound, largest)
	}
}
