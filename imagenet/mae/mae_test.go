package mae

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

func TestMain(m *testing.M) { golden.Main(m) }

// tiny is as small as an encoder gets.
var tiny = Config{Width: 6, Layers: [4]int{1, 2, 1, 1}, Channels: 3, Classes: 5, Patch: 2, InputPatch: 1}

func normals(name string, n int) []float64 {
	return stream.New(1, name).Normals(0, 1, n).RawMatrix().Data
}

// call runs a graph on float64 arrays.
func call(t *testing.T, b compute.Backend, store *model.Store, graph func(*model.Scope, []*graph.Node) []*graph.Node,
	in ...*tensors.Tensor) [][]float64 {
	t.Helper()
	args := make([]any, len(in))
	for i := range in {
		args[i] = in[i]
	}
	exec := model.MustNewExec(b, store, graph)
	defer exec.Finalize()
	nodes, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]float64, len(nodes))
	for i, n := range nodes {
		out[i] = tensors.MustCopyFlatData[float64](n)
	}
	return out
}

func near(t *testing.T, name string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d numbers, want %d", name, len(got), len(want))
		return
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= 1e-12) { // of order one, float64
			t.Errorf("%s[%d] = %v, want %v", name, i, got[i], want[i])
			return
		}
	}
}

// TestConv: both ways to convolve are the sum that a convolution is, at every stride and side.
func TestConv(t *testing.T) {
	b, _ := backend(t)
	const batch, side, in = 2, 6, 3
	x := normals("x", batch*side*side*in)
	for _, c := range []struct{ kernel, stride, out int }{{3, 1, 5}, {3, 2, 5}, {1, 2, 5}, {3, 1, 100}, {3, 2, 100}, {1, 2, 100}} {
		k := normals("k", c.kernel*c.kernel*in*c.out)
		store := model.NewStore()
		store.RootScope().CreateVariable("conv.weight", tensors.FromFlatDataAndDimensions(k, c.kernel, c.kernel, in, c.out))
		got := call(t, b, store, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
			return []*graph.Node{network{scope}.conv("conv", x[0], c.stride)}
		}, tensors.FromFlatDataAndDimensions(x, batch, side, side, in))[0]

		var want []float64
		for n := range batch {
			for i := 0; i < side; i += c.stride {
				for j := 0; j < side; j += c.stride {
					for o := range c.out {
						sum := 0.0
						for di := range c.kernel {
							for dj := range c.kernel {
								y, z := i+di-c.kernel/2, j+dj-c.kernel/2
								if y < 0 || y >= side || z < 0 || z >= side {
									continue
								}
								for ch := range in {
									sum += x[((n*side+y)*side+z)*in+ch] * k[((di*c.kernel+dj)*in+ch)*c.out+o]
								}
							}
						}
						want = append(want, sum)
					}
				}
			}
		}
		near(t, "convolution", got, want)
	}
}

// TestStatistics: means and deviations are those of the definition, for sides that divide each other and others.
func TestStatistics(t *testing.T) {
	b, _ := backend(t)
	const batch, side, channels = 2, 12, 5
	x := normals("map", batch*side*side*channels)
	var names []string
	f := preset.Features{Std: true, MeanPatches: []int{6, 3}, StdPatches: []int{2, 5, 4, 6}}
	got := call(t, b, model.NewStore(), func(_ *model.Scope, x []*graph.Node) (out []*graph.Node) {
		names = nil
		for _, f := range mapFeatures(f, "map", x[0]) {
			names = append(names, f.Name)
			out = append(out, f.Value)
		}
		return out
	}, tensors.FromFlatDataAndDimensions(x, batch, side, side, channels))
	if want := []string{"map", "map_std", "map_mean_6", "map_mean_3", "map_std_2", "map_std_4", "map_std_6"}; !slices.Equal(names, want) {
		t.Fatalf("%v, want %v", names, want)
	}
	over := func(p int) (mean, std []float64) {
		for n := range batch {
			for i := 0; i < side; i += p {
				for j := 0; j < side; j += p {
					for c := range channels {
						var s, s2 float64
						for k := range p * p {
							v := x[((n*side+i+k/p)*side+j+k%p)*channels+c]
							s, s2 = s+v, s2+v*v
						}
						s, s2 = s/float64(p*p), s2/float64(p*p)
						mean, std = append(mean, s), append(std, math.Sqrt(s2-s*s+1e-6))
					}
				}
			}
		}
		return mean, std
	}
	near(t, "map", got[0], x)
	for k, p := range []int{1: side, 2: 6, 3: 3, 4: 2, 5: 4, 6: 6} {
		if p == 0 {
			continue
		}
		mean, std := over(p)
		want := std
		if k == 2 || k == 3 {
			want = mean
		}
		near(t, names[k], got[k], want)
	}
}

// A map of one position, which latents of side 8 have, is its own mean, and its deviation is that of nothing: √1e-6.
func TestStatisticsOfOnePosition(t *testing.T) {
	b, _ := backend(t)
	x := normals("map", 2*3)
	got := call(t, b, model.NewStore(), func(_ *model.Scope, x []*graph.Node) (out []*graph.Node) {
		for _, f := range mapFeatures(preset.ReleasedFeatures(), "map", x[0]) {
			out = append(out, f.Value)
			if f.Constant != (f.Name == "map_std") {
				t.Errorf("%s: Constant is %v, want the deviation to be so, and nothing else", f.Name, f.Constant)
			}
		}
		return out
	}, tensors.FromFlatDataAndDimensions(x, 2, 1, 1, 3))
	for i, want := range [][]float64{x, x, slices.Repeat([]float64{1e-3}, len(x))} {
		near(t, []string{"map", "mean", "deviation"}[i], got[i], want)
	}
	if len(got) != 3 {
		t.Errorf("%d features, want 3", len(got))
	}
}

// TestNorm: a group has mean 0 and variance v/(v + ε) before weights and biases, whatever its input's scale and shift.
func TestNorm(t *testing.T) {
	b, _ := backend(t)
	const batch, side, channels = 2, 4, 66 // 22 groups of 3
	store := model.NewStore()
	weight, bias := normals("weight", channels), normals("bias", channels)
	store.RootScope().CreateVariable("n.weight", tensors.FromFlatDataAndDimensions(weight, channels))
	store.RootScope().CreateVariable("n.bias", tensors.FromFlatDataAndDimensions(bias, channels))
	x := normals("x", batch*side*side*channels)
	for i := range x {
		x[i] = 3*x[i] + 7
	}
	got := call(t, b, store, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
		return []*graph.Node{network{scope}.norm("n", x[0])}
	}, tensors.FromFlatDataAndDimensions(x, batch, side, side, channels))[0]
	const positions, members = side * side, channels / 22
	for n := range batch {
		for g := range 22 {
			var s, s2, v, v2 float64
			for p := range positions {
				for c := g * members; c < (g+1)*members; c++ {
					i := (n*positions+p)*channels + c
					y := (got[i] - bias[c]) / weight[c]
					s, s2, v, v2 = s+y, s2+y*y, v+x[i], v2+x[i]*x[i]
				}
			}
			const k = positions * members
			variance := v2/k - v/k*v/k
			if math.Abs(s/k) > 1e-12 || math.Abs(s2/k-variance/(variance+epsilon)) > 1e-11 {
				t.Errorf("sample %d, group %d: mean %v and variance %v, want 0 and %v", n, g, s/k, s2/k, variance/(variance+epsilon))
			}
		}
	}
}

// TestDouble: a ramp stays a ramp between the first and the last centre.
func TestDouble(t *testing.T) {
	b, _ := backend(t)
	got := call(t, b, model.NewStore(), func(_ *model.Scope, x []*graph.Node) []*graph.Node {
		return []*graph.Node{double(x[0], 1), double(x[0], 2)}
	}, tensors.FromFlatDataAndDimensions([]float64{0, 1, 2, 10, 11, 12}, 1, 2, 3, 1))
	near(t, "rows", got[0], []float64{0, 1, 2, 2.5, 3.5, 4.5, 7.5, 8.5, 9.5, 10, 11, 12})
	near(t, "columns", got[1], []float64{0, 0.25, 0.75, 1.25, 1.75, 2, 10, 10.25, 10.75, 11.25, 11.75, 12})
}

func loaded(t *testing.T, c Config, seed uint64) *model.Store {
	t.Helper()
	store := model.NewStore()
	if err := weights.Load(store.RootScope(), c.Table(), Initial(seed)); err != nil {
		t.Fatal(err)
	}
	return store
}

// TestInitial: the moments of the numbers from which training starts, and that they depend on seed and name alone.
func TestInitial(t *testing.T) {
	for _, c := range []struct {
		p         weights.Parameter
		deviation float64
	}{
		{weights.Parameter{Name: "encoder.conv1.weight", Shape: []int{64, 4, 3, 3}}, math.Sqrt(2.0 / 36)},
		{weights.Parameter{Name: "decoder.head.weight", Shape: []int{64, 25, 1, 1}}, 0.2},
		{weights.Parameter{Name: "fc.weight", Shape: []int{100, 25}}, 0.2},
		{weights.Parameter{Name: "fc.bias", Shape: []int{100}}, 0},
	} {
		v, err := Initial(1)(c.p)
		if err != nil || len(v) != c.p.Size() {
			t.Fatalf("%d numbers, error %v, want %d and none", len(v), err, c.p.Size())
		}
		var s, s2 float64
		for _, v := range v {
			s, s2 = s+float64(v), s2+float64(v)*float64(v)
		}
		n := float64(len(v))
		if math.Abs(s/n) > 4*c.deviation/math.Sqrt(n) || math.Abs(math.Sqrt(s2/n)-c.deviation) > 3*c.deviation/math.Sqrt(2*n) {
			t.Errorf("%s: mean %v, deviation %v, want 0 and %v", c.p.Name, s/n, math.Sqrt(s2/n), c.deviation)
		}
		again, _ := Initial(1)(c.p)
		other, _ := Initial(2)(c.p)
		if !slices.Equal(v, again) || c.deviation > 0 && slices.Equal(v, other) {
			t.Errorf("%s: the same seed gives other numbers, or another seed the same, want the reverse", c.p.Name)
		}
	}
	if v, _ := Initial(1)(weights.Parameter{Name: "encoder.gn1.weight", Shape: []int{3}}); !slices.Equal(v, []float32{1, 1, 1}) {
		t.Errorf("norm: %v, want ones", v)
	}
}

// TestErrors: what is wrong is an error of the call, which names it.
func TestErrors(t *testing.T) {
	b, _ := backend(t)
	empty, full := model.NewStore(), loaded(t, tiny, 1)
	shallow := tiny
	shallow.Layers[2] = 0
	for _, c := range []struct {
		config Config
		store  *model.Store
		shape  []int
		f      preset.Features
		want   string
	}{
		{shallow, full, []int{1, 8, 8, 3}, preset.Features{}, "mae: Layers[2] is 0, want at least 1"},
		{tiny, full, []int{1, 8, 8, 4}, preset.Features{}, "[1 8 8 4], want [B, S, S, 3] with S a multiple of 8"},
		{tiny, full, []int{1, 12, 12, 3}, preset.Features{}, "[1 12 12 3], want [B, S, S, 3] with S a multiple of 8"},
		{tiny, full, []int{1, 8, 16, 3}, preset.Features{}, "[1 8 16 3], want [B, S, S, 3] with S a multiple of 8"},
		{tiny, full, []int{8, 8, 3}, preset.Features{}, "[8 8 3], want [B, S, S, 3]"},
		{tiny, full, []int{1, 8, 8, 3}, preset.Features{StdPatches: []int{2, 1}}, "squares of side 1, want at least 2"},
		{tiny, full, []int{1, 8, 8, 3}, preset.Features{MeanPatches: []int{-2}}, "squares of side -2, want at least 2"},
		{tiny, empty, []int{1, 8, 8, 3}, preset.Features{}, `"encoder.conv1.weight" is not in scope`},
	} {
		exec := model.MustNewExec(b, c.store, func(scope *model.Scope, x *graph.Node) *graph.Node {
			return c.config.Features(scope, x, c.f)[0].Value
		})
		n := 1
		for _, d := range c.shape {
			n *= d
		}
		_, err := exec.Call(tensors.FromFlatDataAndDimensions(make([]float32, n), c.shape...))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v on %v: error %v, want %q", c.config, c.shape, err, c.want)
		}
	}
	for k, want := range []string{"Width", "Channels", "Classes", "Patch"} {
		c := tiny
		*[]*int{&c.Width, &c.Channels, &c.Classes, &c.Patch}[k] = -k
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", c, err, want)
		}
	}
	if err := tiny.Validate(); err != nil {
		t.Errorf("%+v: %v, want no error", tiny, err)
	}
}

// TestBFloat16: numbers of 8 bits move features by some 2⁻⁸ a layer, whose roundings add up as √layers, and those of the latent
// itself not at all. A gradient moves more, because the slope of a ReLU jumps where its input is about zero. What comes out has the
// type of the weights: call reads float64.
func TestBFloat16(t *testing.T) {
	b, xla := backend(t)
	if xla && testing.Short() {
		t.Skip("compiles for seconds")
	}
	config := tiny
	config.Width = 34 // groups of two channels: the doc comment of the package says why
	const batch, side = 2, 16
	x := tensors.FromFlatDataAndDimensions(normals("x", batch*side*side*config.Channels), batch, side, side, config.Channels)
	hidden := tensors.FromFlatDataAndDimensions([]bool{15: true, 3: true, 127: true}, batch, side/config.Patch, side/config.Patch)
	classes := tensors.FromFlatDataAndDimensions([]int32{1, 4}, batch)
	store := model.NewStore()
	read := func(p weights.Parameter) ([]float64, error) {
		values, err := Initial(3)(p)
		return converted[float64](values), err
	}
	if err := weights.Load(store.RootScope(), config.Table(), read); err != nil {
		t.Fatal(err)
	}
	var names []string
	of := func(c Config) [][]float64 {
		return call(t, b, store, func(scope *model.Scope, in []*graph.Node) (out []*graph.Node) {
			names = nil
			for _, f := range c.Features(scope, in[0], preset.ReleasedFeatures()) {
				out, names = append(out, f.Value), append(names, f.Name)
			}
			l := c.Losses(scope, in[0], in[1], in[2], graph.Scalar(in[0].Graph(), in[0].DType(), 0.5))
			gradient := graph.Gradient(graph.ReduceAllSum(out[len(out)-1]), in[0])[0]
			names = append(names, "loss", "gradient")
			return append(out, l.Total, gradient)
		}, x, hidden, classes)
	}
	rounded := config
	rounded.BFloat16 = true
	exact := of(config)
	for i, got := range of(rounded) {
		difference, norm := 0.0, 0.0
		for k, want := range exact[i] {
			difference, norm = difference+(got[k]-want)*(got[k]-want), norm+want*want
		}
		off := math.Sqrt(difference / norm)
		least, most := 0x1p-14, 0x1p-5
		switch names[i] {
		case "global", "norm_x":
			least, most = 0, 0
		case "gradient":
			most = 0x1p-2
		}
		if !(off >= least && off <= most) {
			t.Errorf("%s: off by %v, want between %v and %v", names[i], off, least, most)
		}
	}
}
