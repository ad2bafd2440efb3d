package dit

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

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

func TestMain(m *testing.M) { golden.Main(m) }

// small is a generator like the released ones in all but size.
func small() Config {
	c := B()
	c.Size, c.Channels, c.Width, c.Depth, c.Heads = 8, 3, 48, 2, 2
	c.Classes, c.Codebooks, c.Entries, c.Context = 10, 3, 8, 5
	return c
}

// goBackend returns the pure Go backend.
func goBackend(t *testing.T) compute.Backend {
	t.Helper()
	t.Setenv(compute.ConfigEnvVar, "")
	t.Setenv(engine.PluginVariable, "")
	b, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// generate returns the latents of samples first … first+n−1 of endless sequences of noise, classes, styles and scales,
// by weights that read gives.
func generate(b compute.Backend, c Config, read func(weights.Parameter) ([]float32, error), first, n int) ([]float32, error) {
	store := model.NewStore()
	if err := weights.Load(store.RootScope(), c.Table(), read); err != nil {
		return nil, err
	}
	noise := as[float32](stream.New(1, "noise").Normals(first, n, c.Size*c.Size*c.Channels).RawMatrix().Data)
	var labels, styles []int32
	var alpha []float32
	for i := range n {
		k := uint64(first + i)
		labels = append(labels, int32(stream.New(1, "labels").Intn(k, c.Classes)))
		alpha = append(alpha, float32(1+3*stream.New(1, "scales").Uniform(k)))
		for j := range c.codebooks() {
			styles = append(styles, int32(stream.New(1, "styles").Sub(k).Intn(uint64(j), c.Entries)))
		}
	}
	in := []any{tensors.FromFlatDataAndDimensions(noise, n, c.Size, c.Size, c.Channels), labels, alpha}
	if c.codebooks() > 0 {
		in = append(in, tensors.FromFlatDataAndDimensions(styles, n, c.Codebooks))
	}
	out, err := model.CallOnce(b, store, func(scope *model.Scope, in []*graph.Node) *graph.Node {
		var styles *graph.Node
		if len(in) > 3 {
			styles = in[3]
		}
		return c.Generate(scope, in[0], in[1], styles, in[2])
	}, in...)
	if err != nil {
		return nil, err
	}
	return tensors.MustCopyFlatData[float32](out), nil
}

// lively returns weights none of which is zero.
func lively(seed uint64) func(weights.Parameter) ([]float32, error) {
	return func(p weights.Parameter) ([]float32, error) {
		values, s := make([]float32, p.Size()), stream.New(seed, p.Name)
		for i := range values {
			values[i] = float32(0.2 * s.Normal(uint64(i)))
		}
		return values, nil
	}
}

// variants are Configs that differ from small in one switch.
func variants() map[string]Config {
	v := map[string]Config{}
	for name, change := range map[string]func(c *Config){
		"released":      func(*Config) {},
		"GELU":          func(c *Config) { c.SwiGLU = false },
		"no positions":  func(c *Config) { c.RoPE = false },
		"layer norm":    func(c *Config) { c.RMSNorm = false },
		"raw queries":   func(c *Config) { c.QKNorm = false },
		"no context":    func(c *Config) { c.Context = 0 },
		"no styles":     func(c *Config) { c.Entries = 0 },
		"patches of 4":  func(c *Config) { c.Patch = 4 },
		"recomputed":    func(c *Config) { c.Recompute = true },
		"bfloat16":      func(c *Config) { c.BFloat16 = true },
		"its attention": func(c *Config) { c.BFloat16, c.Float32Attention = true, true },
	} {
		c := small()
		change(&c)
		v[name] = c
	}
	return v
}

// TestInitialOutputIsZero: the output is exactly 0 with all switches. The tokens are not, so that another last layer would show.
func TestInitialOutputIsZero(t *testing.T) {
	b := goBackend(t)
	for name, c := range variants() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(3) {
				out, err := generate(b, c, c.Initial(seed), 0, 3)
				if err != nil {
					t.Fatal(err)
				}
				if i := slices.IndexFunc(out, func(v float32) bool { return v != 0 }); i >= 0 {
					t.Fatalf("seed %d: number %d is %v, want 0", seed, i, out[i])
				}
			}
			out, err := generate(b, c, func(p weights.Parameter) ([]float32, error) {
				if p.Name == "model.final_layer.linear.linear.weight" {
					return lively(1)(p)
				}
				return c.Initial(1)(p)
			}, 0, 3)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(out, func(v float32) bool { return v != 0 }) {
				t.Error("the tokens are all 0, want other numbers")
			}
		})
	}
}

// TestInitialWeights: every parameter of B/2 with one block follows its law.
func TestInitialWeights(t *testing.T) {
	c := B()
	c.Depth = 1
	read := c.Initial(7)
	for _, p := range c.Table() {
		v, err := read(p)
		if err != nil || len(v) != p.Size() {
			t.Fatalf("%s: %d numbers (error %v), want %d", p.Name, len(v), err, p.Size())
		}
		if again, _ := read(p); !slices.Equal(v, again) {
			t.Errorf("%s: two reads differ, want the same numbers", p.Name)
		}
		deviation := 0.02
		switch name := p.Name; {
		case strings.HasSuffix(name, "norm.weight"), strings.HasSuffix(name, "norm1.weight"), strings.HasSuffix(name, "norm2.weight"),
			strings.HasSuffix(name, "norm_final.weight"):
			if slices.Min(v) != 1 || slices.Max(v) != 1 {
				t.Errorf("%s is from %v to %v, want 1", name, slices.Min(v), slices.Max(v))
			}
			continue
		case strings.HasSuffix(name, ".bias"), strings.Contains(name, "adaLN"), strings.Contains(name, "final_layer.linear"):
			if slices.Min(v) != 0 || slices.Max(v) != 0 {
				t.Errorf("%s is from %v to %v, want 0", name, slices.Min(v), slices.Max(v))
			}
			continue
		case name == "model.pos_embed": // TestGoldenPlaces
			continue
		case strings.HasPrefix(name, "model.") && name != "model.cls_embed":
			bound := math.Sqrt(6 / float64(p.Shape[0]+p.Shape[1]))
			deviation = bound / math.Sqrt(3)
			if largest := float64(max(slices.Max(v), -slices.Min(v))); largest > bound || largest < 0.99*bound {
				t.Errorf("%s reaches ±%v, want %v", name, largest, bound)
			}
		}
		mean, square := 0.0, 0.0
		for _, x := range v {
			mean += float64(x) / float64(len(v))
			square += float64(x) * float64(x) / float64(len(v))
		}
		// Five standard errors; of the square, for a normal law, √2 and more than for a uniform one.
		within := 5 / math.Sqrt(float64(len(v)))
		if math.Abs(mean)/deviation > within || math.Abs(square/(deviation*deviation)-1) > math.Sqrt2*within {
			t.Errorf("%s: mean %v, deviation %v, want 0, %v", p.Name, mean, math.Sqrt(square), deviation)
		}
		if other, _ := c.Initial(8)(p); slices.Equal(v, other) {
			t.Errorf("%s: two seeds give the same numbers, want others", p.Name)
		}
	}
}

// TestBatchEqualsLoop: a sample does not depend on what else is in the batch. Sums may be taken in another order.
func TestBatchEqualsLoop(t *testing.T) {
	b, c := goBackend(t), small()
	batch, err := generate(b, c, lively(2), 5, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		alone, err := generate(b, c, lively(2), 5+i, 1)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(batch[i*len(alone):(i+1)*len(alone)], alone); d > 1e-6 {
			t.Errorf("sample %d: off by %v, want at most 1e-6", i, d)
		}
	}
}

// TestBFloat16: products of bfloat16 (8 bits) move the output by some 2⁻⁸, and a little less where attention is spared.
func TestBFloat16(t *testing.T) {
	var exact []float32 // of the first backend: compiling takes seconds
	onBackends(t, func(t *testing.T, b compute.Backend) {
		latentsOf := func(c Config) []float32 {
			out, err := generate(b, c, lively(3), 0, 4)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		c := small()
		if exact == nil {
			exact = latentsOf(c)
		}
		c.BFloat16 = true
		everything := distance(latentsOf(c), exact)
		c.Float32Attention = true
		spared := distance(latentsOf(c), exact)
		if !(everything > spared && spared > 0x1p-12 && everything < 0x1p-6) {
			t.Errorf("off by %v, and by %v with attention in float32, want less with it, and both between %v and %v", everything, spared, 0x1p-12, 0x1p-6)
		}
	})
}

// distance returns the Euclidean norm of a − b in units of b's.
func distance(a, b []float32) float64 {
	difference, norm := 0.0, 0.0
	for i := range b {
		difference += math.Pow(float64(a[i]-b[i]), 2)
		norm += math.Pow(float64(b[i]), 2)
	}
	return math.Sqrt(difference / norm)
}

func TestValidate(t *testing.T) {
	for name, c := range variants() {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v, want no error", name, err)
		}
	}
	for want, change := range map[string]func(c *Config){
		"Size is 0":              func(c *Config) { c.Size = 0 },
		"Depth is -1":            func(c *Config) { c.Depth = -1 },
		"Context is -1":          func(c *Config) { c.Context = -1 },
		"Size 8 is no mult":      func(c *Config) { c.Patch = 3 },
		"Width 48 is no mult":    func(c *Config) { c.Heads = 5 },
		"Width 46":               func(c *Config) { c.Width = 46 },
		"heads of 3":             func(c *Config) { c.Heads = 16 },
		"MLPRatio NaN":           func(c *Config) { c.MLPRatio = math.NaN() },
		"MLPRatio 0 of Width 48": func(c *Config) { c.MLPRatio = 0 },
	} {
		c := small()
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), "dit: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	c := small()
	c.Heads = 5
	if _, err := generate(goBackend(t), c, lively(1), 0, 1); err == nil || !strings.Contains(err.Error(), "Heads 5") {
		t.Errorf("error of the graph: %v, want one that names Heads 5", err)
	}
}

// TestShapes: inputs of other shapes are errors, not broadcasts.
func TestShapes(t *testing.T) {
	b, c := goBackend(t), small()
	store := model.NewStore()
	if err := weights.Load(store.RootScope(), c.Table(), c.Initial(1)); err != nil {
		t.Fatal(err)
	}
	right := [][]int{{2, 8, 8, 3}, {2}, {2, 3}, {2}}
	try := func(shapes [][]int) error {
		_, err := model.CallOnce(b, store, func(scope *model.Scope, in []*graph.Node) *graph.Node {
			return c.Generate(scope, in[0], in[1], in[2], in[3])
		}, zeros[float32](shapes[0]), zeros[int32](shapes[1]), zeros[int32](shapes[2]), zeros[float32](shapes[3]))
		return err
	}
	if err := try(right); err != nil {
		t.Fatal(err)
	}
	for i, wrong := range [][]int{{2, 8, 8, 4}, {1}, {2, 4}, {2, 1}, {2, 3, 8, 8}, {2, 1}, {1, 3}, {1}, {1, 8, 8, 3}} {
		shapes := slices.Clone(right)
		shapes[i%4] = wrong
		if try(shapes) == nil {
			t.Errorf("no error at %v", fmt.Sprint(shapes))
		}
	}
}

func zeros[T float32 | int32](shape []int) *tensors.Tensor {
	size := 1
	for _, d := range shape {
		size *= d
	}
	return tensors.FromFlatDataAndDimensions(make([]T, size), shape...)
}

// TestPixels: a generator of pixels makes the tanh of what one of latents makes.
func TestPixels(t *testing.T) {
	b, pixels := goBackend(t), small()
	pixels.Pixels = true
	read := func(p weights.Parameter) ([]float32, error) {
		return as[float32](stream.New(1, p.Name).Normals(0, 1, p.Size()).RawMatrix().Data), nil
	}
	got, err := generate(b, pixels, read, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	latents, err := generate(b, small(), read, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range latents {
		if want := math.Tanh(float64(x)); math.Abs(float64(got[i])-want) > 1e-6 {
			t.Fatalf("number %d is %v, want tanh(%v) = %v", i, got[i], x, want)
		}
	}
}
