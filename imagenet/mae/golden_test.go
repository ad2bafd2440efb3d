package mae

import (
	"encoding/json"
	"fmt"
	"regexp"
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
				t.Errorf("width %s: the table lacks %v, want it", width, p)
			}
		}
	}
	for key, c := range f.Cases {
		table := c.Config.config(t).Table()
		if got := countsOf(table); got != c.NParams {
			t.Errorf("case %s: %+v, want %+v", key, got, c.NParams)
		}
		same := func(p weights.Parameter, q golden.Parameter) bool {
			return p.Name == q.Name && slices.Equal(p.Shape, q.Shape)
		}
		if !slices.EqualFunc(table, c.Params, same) {
			t.Errorf("case %s: the table is %v, want %v", key, table, c.Params)
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
		t.Errorf("%d cases ran, want %d", ran, len(f.Cases))
	}
}

// A case whose keyword arguments ask for a part of the recorded groups has these groups, and no other.
func TestGoldenActivations(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // the groups are the same on XLA, which compiles each of these graphs for long
	b, _ := backend(t)
	whole := readGolden(t).Cases["b"]
	for arguments, asked := range map[string]*regexp.Regexp{
		`{"use_std": false, "every_k_block": "inf"}`:                                       regexp.MustCompile(`^(global|norm_x|conv1|layer\d)(_mean|_mean_2|_mean_4|_std_2|_std_4)?$`),
		`{"use_mean": false, "patch_std_size": [], "patch_mean_size": [4]}`:                regexp.MustCompile(`^(global|norm_x|conv1|layer\d(_blk\d)?)(_std|_mean_4)?$`),
		`{"every_k_block": 4, "patch_std_size": [2], "patch_mean_size": [], "use_std": 1}`: nil,
		`{"every_k_block": 4, "patch_std_size": [2], "patch_mean_size": []}`:               regexp.MustCompile(`^(global|norm_x|conv1|layer\d(_blk4)?)(_mean|_std|_std_2)?$`),
		`{"every_k_block": 0}`: nil,
		`{"every_block": 2}`:   nil,
	} {
		c := whole
		err := json.Unmarshal([]byte(arguments), &c.ActivationKwargs)
		if asked == nil {
			if key := strings.Split(arguments, `"`)[1]; err == nil || !strings.Contains(err.Error(), key) && !strings.Contains(err.Error(), "use_std") {
				t.Errorf("%s: error %v, want one that names the key", arguments, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", arguments, err)
		}
		c.Groups = slices.DeleteFunc(slices.Clone(c.Groups), func(g goldenGroup) bool { return !asked.MatchString(g.Name) })
		names, values := features[float64](t, b, c)
		if len(names) != len(c.Groups) || len(names) == len(whole.Groups) {
			t.Errorf("%s: %d groups %q, want %d, fewer than %d", arguments, len(names), names, len(c.Groups), len(whole.Groups))
			continue
		}
		for k, want := range c.Groups {
			if names[k] != want.Name {
				t.Errorf("%s: group %d is %s, want %s", arguments, k, names[k], want.Name)
				continue
			}
			compare[float64](t, arguments+" "+want.Name, values[k], want.Tensor)
		}
	}
}

func checkFeatures[T float32 | float64](t *testing.T, b compute.Backend, c goldenCase) {
	names, out := features[T](t, b, c)
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

// features returns the features of a case, their names, and behind them the loss and its gradient.
func features[T float32 | float64](t *testing.T, b compute.Backend, c goldenCase) (names []string, out []*tensors.Tensor) {
	t.Helper()
	config := c.Config.config(t)
	store := c.store(t, float64Of[T]())
	x, shape := c.latents(t)
	exec := model.MustNewExec(b, store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		var values []*graph.Node
		var loss *graph.Node
		names = nil
		for _, f := range config.Features(scope, x, c.ActivationKwargs.Features) {
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
	return names, out
}

func checkLosses[T float32 | float64](t *testing.T, b compute.Backend, c goldenCase) {
	var lambda, ratio float64
	if _, err := fmt.Sscanf(c.MAEForward.Args, "lambda_cls=%g, mask_ratio %g, labels=randint input/labels", &lambda, &ratio); err != nil {
		t.Fatalf("the masked pass has the arguments %q (%v), want lambda_cls=…, mask_ratio …, labels=randint input/labels", c.MAEForward.Args, err)
	}
	config := c.Config.config(t)
	store := c.store(t, float64Of[T]())
	x, shape := c.latents(t)
	squares := shape[1] / config.Patch
	if want := []int{shape[0], squares, squares}; len(c.MAEForward.RNGCalls) != 2 || fmt.Sprint(c.MAEForward.RNGCalls[1][1]) != fmt.Sprint(want) {
		t.Fatalf("the masked pass draws %v, want a ratio and then squares %v", c.MAEForward.RNGCalls, want)
	}
	hidden := make([]bool, shape[0]*squares*squares)
	for i := range hidden {
		hidden[i] = golden.Uniform(c.MAEForward.RNGCalls[1][0].(string), uint64(i)) < ratio
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
		hidden := graph.ReduceMean(graph.ConvertDType(in[1], in[0].DType()), 1, 2)
		var variables []*graph.Node
		for _, p := range gradients {
			variables = append(variables, weights.Node(scope, in[0].Graph(), p.Name))
		}
		return append([]*graph.Node{l.Total, l.CrossEntropy, l.Reconstruction, l.Accuracy, hidden},
			graph.Gradient(graph.ReduceAllMean(l.Total), variables...)...)
	})
	out, err := exec.Call(tensors.FromFlatDataAndDimensions(converted[T](x), shape...),
		tensors.FromFlatDataAndDimensions(hidden, shape[0], squares, squares), classes, T(lambda))
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
