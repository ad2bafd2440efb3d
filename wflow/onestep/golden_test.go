package onestep

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"

	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/mlp"
)

// goldenTraining is f4_training.json; testdata/README.md describes it.
type goldenTraining struct {
	Schedules map[string]goldenSchedule `json:"lr_schedule"`
	Quantiles struct {
		R     []float64
		Alpha map[string][]float64
	} `json:"alpha_quantiles"`
	MLP                 []json.RawMessage
	Fixture, Set, Torch string
	TrainStep           json.RawMessage `json:"train_step"` // of the whole reference program: not read here
}

type goldenSchedule struct {
	Args struct {
		Peak   float64 `json:"learning_rate"`
		WarmUp int     `json:"warmup_steps"`
		Steps  int     `json:"total_steps"`
		Kind   string  `json:"lr_schedule"`
	}
	Steps []int
	LR    []float64
}

type goldenMLP struct {
	Prefix      string
	Params      []golden.Parameter
	Dims        []int
	WeightDecay float64 `json:"weight_decay"`
	Betas       []float64
	Eps         float64
	LRArgs      []any   `json:"lr_args"`
	Clip        float64 `json:"max_grad_norm"`
	Decay       float64 `json:"ema_decay"`
	Rule        string
	Steps       []struct {
		LR, Loss    float64
		Norm        float64 `json:"g_norm"`
		Params, EMA map[string]golden.Tensor
	}
}

func loadGoldenTraining(t *testing.T) goldenTraining {
	t.Helper()
	var g goldenTraining
	if err := golden.Read("f4_training.json", &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Schedules) == 0 || len(g.Quantiles.Alpha) == 0 || len(g.MLP) == 0 {
		t.Fatalf("%d schedules, %d quantiles and %d networks in the file, want some of each", len(g.Schedules), len(g.Quantiles.Alpha), len(g.MLP))
	}
	return g
}

func rateOf(t *testing.T, peak float64, warmUp int, kind string) Rate {
	t.Helper()
	decay, ok := map[string]bool{"const": false, "cosine": true}[kind]
	if !ok {
		t.Fatalf("unknown schedule %q, want const or cosine", kind)
	}
	return Rate{Peak: peak, WarmUp: warmUp, Decay: decay}
}

func TestGoldenRate(t *testing.T) {
	for name, c := range loadGoldenTraining(t).Schedules {
		rate := rateOf(t, c.Args.Peak, c.Args.WarmUp, c.Args.Kind)
		if len(c.Steps) == 0 || len(c.Steps) != len(c.LR) {
			t.Errorf("%s: %d steps and %d rates, want as many of both, and some", name, len(c.Steps), len(c.LR))
		}
		for i, step := range c.Steps {
			if got := rate.At(step, c.Args.Steps); math.Abs(got-c.LR[i]) > 1e-14*c.Args.Peak {
				t.Errorf("%s step %d: %v, want %v", name, step, got, c.LR[i])
			}
		}
	}
}

func TestGoldenScales(t *testing.T) {
	g := loadGoldenTraining(t).Quantiles
	for name, alpha := range g.Alpha {
		var s Scales
		if _, err := fmt.Sscanf(strings.ReplaceAll(name, "_", " "), "min%g max%g kappa%g", &s.Min, &s.Max, &s.Exponent); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(alpha) != len(g.R) {
			t.Errorf("%s: %d quantiles, want %d", name, len(alpha), len(g.R))
		}
		for i, want := range alpha {
			if got := s.Quantile(g.R[i]); math.Abs(got-want) > 1e-11*want { // recorded with twelve digits
				t.Errorf("%s: quantile %v is %v, want %v", name, g.R[i], got, want)
			}
		}
	}
}

// TestGoldenOptimizer runs AdamW with clipping, schedule and moving average as Train does, on a small regression.
func TestGoldenOptimizer(t *testing.T) {
	cases := loadGoldenTraining(t).MLP
	onBackends(t, func(t *testing.T, b compute.Backend) {
		for _, text := range cases {
			var c goldenMLP
			if err := golden.Decode(text, &c); err != nil {
				t.Fatal(err)
			}
			t.Run("float64", func(t *testing.T) { checkOptimizer[float64](t, b, c) })
			t.Run("float32", func(t *testing.T) { checkOptimizer[float32](t, b, c) })
		}
	})
}

func checkOptimizer[T float32 | float64](t *testing.T, b compute.Backend, c goldenMLP) {
	if c.Betas[0] != 0.9 || c.Betas[1] != 0.95 || c.Eps != 1e-8 {
		t.Fatalf("betas %v and epsilon %v, want Train's, 0.9, 0.95 and 1e-8", c.Betas, c.Eps)
	}
	network := mlp.Network{Noise: c.Dims[0], Width: c.Dims[1], Out: c.Dims[2], Depth: 1}
	names := map[string]string{"0.weight": "layer0.weight", "0.bias": "layer0.bias", "2.weight": "layer1.weight", "2.bias": "layer1.bias"}
	store := model.NewStore()
	for _, p := range c.Params {
		values, err := golden.Weight(c.Prefix+p.Name, p.Kind, p.Shape, 1)
		if err != nil {
			t.Fatal(err)
		}
		out, shape := p.Shape[0], slices.Clone(p.Shape)
		slices.Reverse(shape) // [out, in] there, [in, out] here
		in := len(values) / out
		w := make([]T, len(values))
		for i, v := range values {
			w[i%in*out+i/in] = T(v)
		}
		if _, err := store.CreateVariable(generatorScope+"/"+names[p.Name], tensors.FromFlatDataAndDimensions(w, shape...)); err != nil {
			t.Fatal(err)
		}
	}
	step := func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		setLearningRate(scope, in[2])
		descent.Average(scope, in[0].Graph(), c.Decay)
		out := generate(scope.Store().Scope(generatorScope), network, in[0], nil)
		return []*graph.Node{graph.ReduceAllMean(graph.Square(graph.Sub(out, in[1])))}
	}
	loss := func(_, predictions []*graph.Node) *graph.Node { return predictions[0] }
	trainer := train.NewTrainer(b, store, step, loss, Training{WeightDecay: c.WeightDecay, Clip: c.Clip}.optimizer(),
		[]metric.Interface{metric.NewBaseMetric("gradient norm", "norm", "norm", descent.GradientNorm, nil)}, nil)
	defer trainer.ResetComputationGraphs()
	rate := rateOf(t, c.LRArgs[0].(float64), int(c.LRArgs[1].(float64)), c.LRArgs[3].(string))
	clippedSteps := 0
	for k, want := range c.Steps {
		near := func(name string, got, want, recorded float64) {
			bound := 1e-9 * math.Abs(want) // twelve digits recorded
			if _, single := any(T(0)).(float32); single {
				bound = max(10*recorded, 1e-6*math.Abs(want))
			}
			if !(math.Abs(got-want) <= bound) {
				t.Errorf("step %d %s: %v, want %v", k, name, got, want)
			}
		}
		lr := rate.At(k, int(c.LRArgs[2].(float64)))
		near("rate", lr, want.LR, 0)
		factor := 30.0
		if k%2 == 1 {
			factor = 0.3
		}
		metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{
			normals[T](fmt.Sprintf("%sinput/x%d", c.Prefix, k), 1, 1, 6, c.Dims[0]),
			normals[T](fmt.Sprintf("%sinput/y%d", c.Prefix, k), factor, 1, 6, c.Dims[2]),
			tensors.FromScalar(T(lr))}})
		if err != nil {
			t.Fatal(err)
		}
		near("loss", float64(tensors.ToScalar[T](metrics[0])), want.Loss, 0)
		near("norm", float64(tensors.ToScalar[T](metrics[2])), want.Norm, 0)
		if want.Norm > c.Clip {
			clippedSteps++
		}
		for scope, recorded := range map[string]map[string]golden.Tensor{generatorScope: want.Params, descent.AverageScope + generatorScope: want.EMA} {
			if len(recorded) != len(names) {
				t.Fatalf("step %d records %d tensors, want %d", k, len(recorded), len(names))
			}
			for torch, r := range recorded {
				v := tensors.MustCopyFlatData[T](store.GetVariable(scope + "/" + names[torch]).MustValue())
				in := len(v) / r.Shape[0]
				transposed := make([]float64, len(v))
				for i := range v {
					transposed[i] = float64(v[i%in*r.Shape[0]+i/in])
				}
				difference, largest, err := r.Compare(transposed)
				if err != nil {
					t.Fatal(err)
				}
				near(scope+"/"+torch, largest+difference, largest, r.F32MaxAbs)
			}
		}
	}
	if clippedSteps == 0 || clippedSteps == len(c.Steps) {
		t.Errorf("%d of %d steps clip: both kinds are wanted", clippedSteps, len(c.Steps))
	}
}

// normals returns scale times the normal numbers of a name, of the given shape.
func normals[T float32 | float64](name string, scale float64, dims ...int) *tensors.Tensor {
	size := 1
	for _, d := range dims {
		size *= d
	}
	flat := make([]T, size)
	for i, v := range golden.Normals(name, size) {
		flat[i] = T(scale * v)
	}
	return tensors.FromFlatDataAndDimensions(flat, dims...)
}
