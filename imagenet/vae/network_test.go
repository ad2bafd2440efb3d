package vae

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/floats"

	"github.com/wflowlab/wflowlab/imagenet/internal/convolution"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
)

func normals(name string, shape ...int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(golden.Normals(name, size(shape)), shape...)
}

// double agrees, in value and gradients, with its definition written out.
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
		kernel := weights.Node(scope, x.Graph(), "up.weight")
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

// winograd agrees, in value and gradients, with a convolution written out.
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

// A convolution goes by winograd where its kernel is wide and fits it, and nowhere else. In float32 all agree with the sum
// as written out: N roundings of 2⁻²⁴, one after the other and of either sign, make about √N of them.
func TestConvolution(t *testing.T) {
	b, _ := backend(t)
	const in, h = 512, 4
	for what, c := range map[string]struct {
		w, out, side, stride, before, after int
		minimal                             bool
	}{
		"wide":           {w: 6, out: 512, side: 3, stride: 1, before: 1, after: 1, minimal: true},
		"few channels":   {w: 6, out: 8, side: 3, stride: 1, before: 1, after: 1},
		"an odd side":    {w: 5, out: 512, side: 3, stride: 1, before: 1, after: 1},
		"halving":        {w: 6, out: 512, side: 3, stride: 2, after: 1},
		"a single pixel": {w: 6, out: 512, side: 1, stride: 1},
	} {
		x, kernel := golden.Normals("x", h*c.w*in), golden.Normals("kernel", c.side*c.side*in*c.out)
		outputs, err := model.CallOnceN(b, model.NewStore(), func(_ *model.Scope, x, kernel *graph.Node) []*graph.Node {
			sides := [2]int{c.before, c.after}
			ways := []*graph.Node{convolved(x, kernel, c.stride, convolution.Padding{sides, sides})}
			if c.side == 3 && c.stride == 1 && c.w%2 == 0 {
				ways = append(ways, winograd(x, kernel))
			}
			return ways
		}, tensors.FromFlatDataAndDimensions(numbers[float32](x), 1, h, c.w, in),
			tensors.FromFlatDataAndDimensions(numbers[float32](kernel), c.side, c.side, in, c.out))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got := tensors.MustCopyFlatData[float32](outputs[0])
		if len(outputs) == 2 && slices.Equal(got, tensors.MustCopyFlatData[float32](outputs[1])) != c.minimal {
			t.Errorf("%s: by winograd %v, want %v", what, !c.minimal, c.minimal)
		}
		want := writtenOut(x, kernel, h, c.w, c.side, c.out, c.stride, c.before, c.after)
		if len(got) != len(want) {
			t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
		}
		largest, worst := 0.0, 0.0
		for k, v := range want {
			largest, worst = max(largest, math.Abs(v)), max(worst, math.Abs(float64(got[k])-v))
		}
		if bound := math.Sqrt(float64(c.side*c.side*in)) * 0x1p-24; !(worst <= bound*largest) {
			t.Errorf("%s: %.2g of the largest number off, want at most %.2g", what, worst/largest, bound)
		}
	}
}

// writtenOut convolves x [h, w, in] with kernel [side, side, in, out] in float64.
func writtenOut(x, kernel []float64, h, w, side, out, stride, before, after int) (y []float64) {
	in := len(x) / (h * w)
	for i := -before; i+side <= h+after; i += stride {
		for j := -before; j+side <= w+after; j += stride {
			pixel := make([]float64, out)
			for k := range side {
				for l := range side {
					if i+k < 0 || i+k >= h || j+l < 0 || j+l >= w {
						continue
					}
					for c, v := range x[((i+k)*w+j+l)*in:][:in] {
						floats.AddScaled(pixel, v, kernel[((k*side+l)*in+c)*out:][:out])
					}
				}
			}
			y = append(y, pixel...)
		}
	}
	return y
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

// Wrong shapes and missing parameters are errors while the graph is built.
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
