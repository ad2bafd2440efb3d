package vae

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
)

func normals(name string, shape ...int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(golden.Normals(name, size(shape)), shape...)
}

// double is what its name says, value and gradients, as written out.
func TestDoubleIsRepeatAndConvolve(t *testing.T) {
	b, _ := backend(t)
	const batch, h, w, in, out = 2, 3, 5, 4, 6
	var table weights.Table
	table.Add("up.weight", out, in, 3, 3)
	table.Add("up.bias", out)
	store := model.NewStore()
	load(t, store.RootScope(), table, func(i int) []float64 { return golden.Normals(table[i].Name, table[i].Size()) })
	outputs, err := model.CallOnceN(b, store, func(scope *model.Scope, x, weight *graph.Node) []*graph.Node {
		n := network{scope, 1}
		repeated := graph.BroadcastToDims(graph.Reshape(x, batch, h, 1, w, 1, in), batch, h, 2, w, 2, in)
		ways := []*graph.Node{n.double("up", x), n.convolve("up", graph.Reshape(repeated, batch, 2*h, 2*w, in))}
		kernel := weights.Of(scope, x.Graph(), "up.weight")
		for _, y := range ways {
			ways = append(ways, graph.Gradient(graph.ReduceAllSum(graph.Mul(weight, graph.Square(y))), x, kernel)...)
		}
		return ways
	}, normals("x", batch, h, w, in), normals("weight", batch, 2*h, 2*w, out))
	if err != nil {
		t.Fatal(err)
	}
	checkPairs(t, outputs)
}

// winograd is a convolution, value and gradients, as written out.
func TestWinogradIsAConvolution(t *testing.T) {
	b, _ := backend(t)
	const batch, h, w, in, out = 2, 6, 4, 5, 3
	outputs, err := model.CallOnceN(b, model.NewStore(), func(_ *model.Scope, x, kernel, weight *graph.Node) []*graph.Node {
		direct := graph.Convolve(x, kernel).PaddingPerDim([][2]int{{1, 1}, {1, 1}}).Done()
		ways := []*graph.Node{winograd(x, kernel), direct}
		for _, y := range ways {
			ways = append(ways, graph.Gradient(graph.ReduceAllSum(graph.Mul(weight, graph.Square(y))), x, kernel)...)
		}
		return ways
	}, normals("x", batch, h, w, in), normals("kernel", 3, 3, in, out), normals("weight", batch, h, w, out))
	if err != nil {
		t.Fatal(err)
	}
	checkPairs(t, outputs)
}

// checkPairs holds a value and its gradients, made in two ways, against each other.
func checkPairs(t *testing.T, outputs []*tensors.Tensor) {
	t.Helper()
	for i, pair := range [][2]int{{0, 1}, {2, 4}, {3, 5}} {
		got, want := tensors.MustCopyFlatData[float64](outputs[pair[0]]), tensors.MustCopyFlatData[float64](outputs[pair[1]])
		for k := range want {
			if math.Abs(got[k]-want[k]) > 1e-11*(1+math.Abs(want[k])) {
				t.Fatalf("%s, number %d: %v, want %v", []string{"value", "gradient of x", "gradient of the kernel"}[i], k, got[k], want[k])
			}
		}
	}
}

// Directional derivatives of both networks agree with central differences of step 1e-5 in float64, whose error is of
// the order of 1e-10.
func TestGradients(t *testing.T) {
	b, _ := backend(t)
	store := model.NewStore()
	table := small.Table()
	load(t, store.RootScope(), table, func(i int) []float64 {
		values, _ := formula(table[i])
		wide := make([]float64, len(values))
		for k, v := range values {
			wide[k] = float64(v)
		}
		return wide
	})
	const step = 1e-5
	outputs, err := model.CallOnceN(b, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		encoded := func(x *graph.Node) *graph.Node {
			mean, logVariance := small.Encode(scope, x)
			return graph.ReduceAllSum(Sample(mean, logVariance, in[2]))
		}
		decoded := func(x *graph.Node) *graph.Node { return graph.ReduceAllSum(graph.Square(small.Decode(scope, x))) }
		var pairs []*graph.Node
		for i, value := range []func(*graph.Node) *graph.Node{encoded, decoded} {
			x, direction := in[2*i], in[2*i+1]
			difference := graph.Sub(value(graph.Add(x, graph.MulScalar(direction, step))), value(graph.Sub(x, graph.MulScalar(direction, step))))
			gradient := graph.Gradient(value(x), x)[0]
			pairs = append(pairs, graph.ReduceAllSum(graph.Mul(gradient, direction)), graph.DivScalar(difference, 2*step))
		}
		return pairs
	}, normals("image", 2, 4, 6, 3), normals("direction", 2, 4, 6, 3), normals("latent", 2, 2, 3, 2), normals("direction 2", 2, 2, 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	for i, what := range []string{"Encode", "Decode"} {
		got, want := tensors.ToScalar[float64](outputs[2*i]), tensors.ToScalar[float64](outputs[2*i+1])
		if !(math.Abs(got-want) <= 1e-7*math.Abs(want)) {
			t.Errorf("%s: derivative %v, difference quotient %v", what, got, want)
		}
	}
}

// Wrong shapes and missing parameters are said while the graph is built.
func TestGraphRefuses(t *testing.T) {
	b, _ := backend(t)
	for _, shape := range [][]int{{1, 5, 4, 3}, {1, 4, 5, 3}, {1, 4, 4, 2}, {4, 4, 3}, {1, 4, 4, 3}} {
		_, err := model.CallOnceN(b, model.NewStore(), func(scope *model.Scope, x *graph.Node) []*graph.Node {
			mean, _ := small.Encode(scope, x)
			return []*graph.Node{mean}
		}, normals("x", shape...))
		if err == nil {
			t.Errorf("%v: no error", shape)
		}
	}
}
