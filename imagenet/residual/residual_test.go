package residual

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

func TestMain(m *testing.M) { golden.Main(m) }

var _ generator.Network = Config{}

// small has another number for every size.
func small() Config {
	return Config{Side: 5, Channels: 2, Noise: 7, Width: 12, Inner: 9, Depth: 3, Classes: 4, Codebooks: 3, Entries: 6}
}

// lively returns weights none of which is zero.
func lively(p weights.Parameter) ([]float32, error) {
	values, s := make([]float32, p.Size()), stream.New(3, p.Name)
	for i := range values {
		values[i] = float32(0.3 * s.Normal(uint64(i)))
	}
	return values, nil
}

// engines returns the pure Go engine, and the one that is installed if it is another.
func engines(t *testing.T) map[string]compute.Backend {
	t.Helper()
	found, name, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]compute.Backend{fmt.Sprint(name): found}
	t.Setenv(compute.ConfigEnvVar, "")
	t.Setenv(engine.PluginVariable, "")
	pure, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	list["Go"] = pure
	return list
}

// batch is what goes into a network.
type batch struct {
	noise, alpha   []float32
	labels, styles []int32
}

func newBatch(c Config, n int) batch {
	noise, styles := c.Shape().Draw(5, "test", 0, n)
	b := batch{noise: noise, styles: styles}
	for i := range n {
		b.labels = append(b.labels, int32((3*i+1)%c.Classes))
		b.alpha = append(b.alpha, 1+0.7*float32(i))
	}
	return b
}

// inputs returns the batch for a graph; styles last, if there are any.
func (b batch) inputs(c Config) []any {
	list := []any{tensors.FromFlatDataAndDimensions(b.noise, len(b.labels), c.Noise), b.labels, b.alpha}
	if b.styles != nil {
		list = append(list, tensors.FromFlatDataAndDimensions(b.styles, len(b.labels), c.Codebooks))
	}
	return list
}

// generate builds the network on inputs as those of batch.inputs.
func (c Config) generate(scope *model.Scope, in []*graph.Node) *graph.Node {
	in = append(in, nil)
	return c.Generate(scope, in[0], in[1], in[3], in[2])
}

// images returns what a network makes of a batch.
func images(t *testing.T, b compute.Backend, c Config, read func(weights.Parameter) ([]float32, error), in batch) []float32 {
	t.Helper()
	store := model.NewStore()
	defer store.Finalize()
	if err := weights.Load(store.RootScope(), c.Table(), read); err != nil {
		t.Fatal(err)
	}
	out, err := model.CallOnce(b, store, c.generate, in.inputs(c)...)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{len(in.labels), c.Side, c.Side, c.Channels}; !slices.Equal(out.Shape().Dimensions, want) {
		t.Fatalf("images %v, want %v", out.Shape().Dimensions, want)
	}
	return tensors.MustCopyFlatData[float32](out)
}

// oracle computes one image in float64, after the formulas of Generate and of dit.Config.Condition.
type oracle struct{ weights map[string][]float32 }

func newOracle(t *testing.T, c Config, read func(weights.Parameter) ([]float32, error)) oracle {
	t.Helper()
	o := oracle{map[string][]float32{}}
	for _, p := range c.Table() {
		values, err := read(p)
		if err != nil {
			t.Fatal(err)
		}
		o.weights[p.Name] = values
	}
	return o
}

func (o oracle) linear(name string, x []float64) []float64 {
	w, bias := o.weights[name+".weight"], o.weights[name+".bias"]
	y := make([]float64, len(bias))
	for j := range y {
		y[j] = float64(bias[j])
		for i, v := range x {
			y[j] += float64(w[j*len(x)+i]) * v
		}
	}
	return y
}

func (o oracle) norm(name string, x []float64) []float64 {
	square := 0.0
	for _, v := range x {
		square += v * v / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v / math.Sqrt(square+1e-6) * float64(o.weights[name+".weight"][i])
	}
	return y
}

func silu(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v / (1 + math.Exp(-v))
	}
	return y
}

func (o oracle) image(c Config, noise []float32, label int32, styles []int32, alpha float32) []float64 {
	width := c.Width
	entering := make([]float64, width)
	for j := range entering {
		entering[j] = float64(o.weights["class_embed.weight"][int(label)*width+j])
		for i, s := range styles {
			entering[j] += float64(o.weights[fmt.Sprintf("noise_embeds.%d.weight", i)][int(s)*width+j])
		}
	}
	waves := make([]float64, 256)
	for k := range 128 {
		angle := float64(alpha) * math.Pow(10000, -float64(k)/128)
		waves[k], waves[128+k] = math.Cos(angle), math.Sin(angle)
	}
	guidance := o.norm("cfg_norm", o.linear("cfg_embedder.fc2.linear", silu(o.linear("cfg_embedder.fc1.linear", waves))))
	condition := make([]float64, width)
	for j := range condition {
		condition[j] = entering[j] + 0.02*guidance[j]
	}
	condition = silu(condition)

	z := make([]float64, len(noise))
	for i, v := range noise {
		z[i] = float64(v)
	}
	h := o.linear("model.noise_embed.linear", z)
	for j := range h {
		h[j] += 12.5 * entering[j]
	}
	modulated := func(norm string, m []float64) []float64 {
		x := o.norm(norm, h)
		for j := range x {
			x[j] = x[j]*(1+m[width+j]) + m[j]
		}
		return x
	}
	for k := range c.Depth {
		name := fmt.Sprintf("model.blocks.%d.", k)
		m := o.linear(name+"adaLN_mod.1.linear", condition)
		x := o.linear(name+"mlp.fc2.linear", silu(o.linear(name+"mlp.fc1.linear", modulated(name+"norm", m))))
		for j := range h {
			h[j] += (1 + m[2*width+j]) * x[j]
		}
	}
	m := o.linear("model.final_layer.adaLN_mod.1.linear", condition)
	x := o.linear("model.final_layer.linear.linear", modulated("model.final_layer.norm_final", m))
	for i, v := range x {
		x[i] = math.Tanh(v)
	}
	return x
}

// Generate agrees with the formulas on every engine, with styles and without. In float32, sums of a dozen numbers of size 1
// are good to 1e-6, and here they pass through ten of them.
func TestGenerate(t *testing.T) {
	const n = 6
	plain := small()
	plain.Entries = 0
	for name, b := range engines(t) {
		for _, c := range []Config{small(), plain} {
			in, o := newBatch(c, n), newOracle(t, c, lively)
			got := images(t, b, c, lively, in)
			size := c.Shape().Numbers()
			for i := range n {
				var styles []int32
				if c.Entries > 0 {
					styles = in.styles[i*c.Codebooks : (i+1)*c.Codebooks]
				}
				want := o.image(c, in.noise[i*c.Noise:(i+1)*c.Noise], in.labels[i], styles, in.alpha[i])
				for k, w := range want {
					if v := float64(got[i*size+k]); math.Abs(v-w) > 3e-5*max(1, math.Abs(w)) {
						t.Fatalf("%s, %d entries: image %d, number %d is %v, want %v", name, c.Entries, i, k, v, w)
					}
				}
			}
		}
	}
}

// The images are exactly 0 with the weights that training starts from, and with another last matrix they are not: noise,
// class, styles and blocks reach it.
func TestInitial(t *testing.T) {
	b := engines(t)["Go"]
	c := small()
	in := newBatch(c, 4)
	for seed := range uint64(2) {
		out := images(t, b, c, c.Initial(seed), in)
		if i := slices.IndexFunc(out, func(v float32) bool { return v != 0 }); i >= 0 {
			t.Errorf("seed %d: number %d is %v, want 0", seed, i, out[i])
		}
	}
	open := func(p weights.Parameter) ([]float32, error) {
		if p.Name == "model.final_layer.linear.linear.weight" {
			return lively(p)
		}
		return c.Initial(1)(p)
	}
	before := images(t, b, c, open, in)
	for name, change := range map[string]func(b *batch){
		"noise": func(b *batch) { b.noise = slices.Clone(b.noise); b.noise[0]++ },
		"label": func(b *batch) { b.labels = []int32{0, 0, 0, 0} },
		"style": func(b *batch) { b.styles = make([]int32, len(b.styles)) },
	} {
		other := in
		change(&other)
		if slices.Equal(images(t, b, c, open, other), before) {
			t.Errorf("another %s gives the same images, want others", name)
		}
	}
	for _, p := range c.Table() {
		v, err := c.Initial(1)(p)
		if err != nil || len(v) != p.Size() {
			t.Fatalf("%s: %d numbers (error %v), want %d", p.Name, len(v), err, p.Size())
		}
		zero := strings.HasSuffix(p.Name, ".bias") || strings.Contains(p.Name, "adaLN") || p.Name == "model.final_layer.linear.linear.weight"
		one := strings.Contains(p.Name, "norm")
		if zero != (slices.Max(v) == 0 && slices.Min(v) == 0) || one != (slices.Max(v) == 1 && slices.Min(v) == 1) {
			t.Errorf("%s is from %v to %v, want all zero: %v, all one: %v", p.Name, slices.Min(v), slices.Max(v), zero, one)
		}
	}
}

// The gradient of the images reaches every parameter. It agrees with a difference quotient along a random direction: a
// difference of second order with step 1e-2, in float32, is good to a thousandth.
func TestGradient(t *testing.T) {
	c := small()
	table := c.Table()
	in := newBatch(c, 5)
	for name, b := range engines(t) {
		store := model.NewStore()
		if err := weights.Load(store.RootScope(), table, lively); err != nil {
			t.Fatal(err)
		}
		out, err := model.CallOnceN(b, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
			goal := graph.ReduceAllMean(graph.Square(c.generate(scope, in)))
			nodes := make([]*graph.Node, len(table))
			for i, p := range table {
				nodes[i] = weights.Node(scope, goal.Graph(), p.Name)
			}
			return graph.Gradient(goal, nodes...)
		}, in.inputs(c)...)
		if err != nil {
			t.Fatal(err)
		}
		direction := func(p weights.Parameter, i int) float64 { return stream.New(9, p.Name).Normal(uint64(i)) }
		slope := 0.0
		for i, p := range table {
			gradient := tensors.MustCopyFlatData[float32](out[i])
			if !slices.ContainsFunc(gradient, func(v float32) bool { return v != 0 }) {
				t.Errorf("%s: the gradient of %s is 0, want another", name, p.Name)
			}
			for k, g := range gradient {
				slope += float64(g) * direction(p, k)
			}
		}
		const step = 1e-2
		goal := func(by float64) (mean float64) {
			o := newOracle(t, c, func(p weights.Parameter) ([]float32, error) {
				values, err := lively(p)
				for i := range values {
					values[i] += float32(by * direction(p, i))
				}
				return values, err
			})
			for i, label := range in.labels {
				image := o.image(c, in.noise[i*c.Noise:(i+1)*c.Noise], label, in.styles[i*c.Codebooks:(i+1)*c.Codebooks], in.alpha[i])
				for _, v := range image {
					mean += v * v / float64(len(image)*len(in.labels))
				}
			}
			return mean
		}
		// Richardson: the error of the quotient is of fourth order.
		quotient := (8*(goal(step)-goal(-step)) - (goal(2*step) - goal(-2*step))) / (12 * step)
		if math.Abs(slope-quotient) > 2e-3*math.Abs(quotient) {
			t.Errorf("%s: the slope is %v by the gradient, want %v", name, slope, quotient)
		}
		store.Finalize()
	}
}

// Counts by hand. Digits: 10·256 classes, 8·64·256 styles, 256·256+256 twice and 256 for the guidance scale, 64·256+256
// for the noise; in each of three blocks a norm of 256, 256·768+768, 256·512+512 and 512·256+256; a norm of 256,
// 256·512+512 and 256·1024+1024 at the end.
func TestTable(t *testing.T) {
	const start = 10*256 + 8*64*256 + 2*(256*256+256) + 256 + 64*256 + 256
	const block = 256 + (256*768 + 768) + (256*512 + 512) + (512*256 + 256)
	const end = 256 + (256*512 + 512) + (256*1024 + 1024)
	if got := Digits().Table().Size(); got != start+3*block+end {
		t.Errorf("%d parameters, want %d", got, start+3*block+end)
	}
	c := small()
	table := c.Table()
	// 3 codebooks, 10 parameters of the rest of the condition and the noise, 7 of each block, 5 at the end
	names := map[string]bool{}
	for _, p := range table {
		names[p.Name] = true
	}
	if len(table) != 3+8+3*7+5 || len(names) != len(table) {
		t.Errorf("%d parameters of %d names, want %d", len(table), len(names), 3+8+3*7+5)
	}
	plain := small()
	plain.Entries = 0
	if got, want := table.Size()-plain.Table().Size(), 3*6*12; got != want {
		t.Errorf("styles have %d numbers, want %d", got, want)
	}
	if s := plain.Shape(); s.Codebooks != 0 || s.Entries != 0 || !slices.Equal(s.Noise, []int{7}) || s.Numbers() != 50 {
		t.Errorf("without entries the shape is %+v, want no styles", s)
	}
}

// What is impossible is said by the name of its field.
func TestValidate(t *testing.T) {
	if err := Digits().Validate(); err != nil {
		t.Errorf("error %v, want none", err)
	}
	for want, change := range map[string]func(c *Config){
		"Side is 0, want at least 1":     func(c *Config) { c.Side = 0 },
		"Channels is 0":                  func(c *Config) { c.Channels = 0 },
		"Noise is -1":                    func(c *Config) { c.Noise = -1 },
		"Inner is 0":                     func(c *Config) { c.Inner = 0 },
		"Depth is 0":                     func(c *Config) { c.Depth = 0 },
		"Classes is 0":                   func(c *Config) { c.Classes = 0 },
		"Codebooks is -1":                func(c *Config) { c.Codebooks = -1 },
		"Width 10 is no multiple of 4":   func(c *Config) { c.Width = 10 },
		"Entries is -2, want at least 0": func(c *Config) { c.Entries = -2 },
	} {
		c := small()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "residual: "+want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
