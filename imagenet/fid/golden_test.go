package fid

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/floats"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

func TestMain(m *testing.M) { golden.Main(m) }

func backend(t testing.TB) (compute.Backend, string) {
	t.Helper()
	b, line, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b, line
}

// goldenFile is f6_metrics.json; testdata/README.md describes it.
type goldenFile struct {
	Fixture, Set, Torch string
	Network             goldenNetwork
	Metrics             struct {
		A         goldenFeatures
		Deficient goldenFeatures         `json:"rank_deficient"`
		Score     map[string]goldenScore `json:"inception_score"`
		Random    goldenRandom           `json:"rng"`
	}
}

func readGolden(t *testing.T) (g goldenFile) {
	t.Helper()
	if err := golden.Read("f6_metrics.json", &g); err != nil {
		t.Fatal(err)
	}
	return g
}

type goldenNetwork struct {
	Prefix     string
	Gain       float64
	Epsilon    float64 `json:"bn_eps"`
	SHA256     string  `json:"params_sha256"`
	Tensors    int     `json:"n_tensors"`
	Count      int     `json:"n_params"`
	Cases      map[string]goldenImages
	Parameters []golden.Parameter `json:"params"`
}

type goldenImages struct {
	Images     []string
	SHA256     string        `json:"image_sha256_nchw"`
	First      []int         `json:"image_first16"`
	Resized    golden.Tensor `json:"resize_299"`
	Resized32  []float64     `json:"resize_f32_samples"`
	Features   map[string]golden.Tensor
	Difference map[string]float64 `json:"image_difference_l2"`
}

// The table is that of the reference without its counters of batches, which nothing reads.
func TestGoldenTable(t *testing.T) {
	g := readGolden(t).Network
	var all, used, trained weights.Table
	for _, p := range g.Parameters {
		all.Add(p.Name, p.Shape...)
		if p.Kind != "zero" {
			used.Add(p.Name, p.Shape...)
		}
		if p.Kind != "zero" && !strings.Contains(p.Name, ".running_") {
			trained.Add(p.Name, p.Shape...)
		}
	}
	if all.SHA256() != g.SHA256 || len(all) != g.Tensors || trained.Size() != g.Count {
		t.Errorf("recorded are %d tensors with SHA-256 %s, of which %d numbers are trained, want %d, %s and %d", len(all), all.SHA256(), trained.Size(), g.Tensors, g.SHA256, g.Count)
	}
	if table := Table(); !slices.EqualFunc(table, used, func(a, b weights.Parameter) bool {
		return a.Name == b.Name && slices.Equal(a.Shape, b.Shape)
	}) {
		t.Errorf("%d parameters, SHA-256 %s, want %d in the same order, %s", len(table), table.SHA256(), len(used), used.SHA256())
	}
}

// formula returns the weights of the reference.
func (g goldenNetwork) formula(t *testing.T) func(weights.Parameter) []float64 {
	kinds := map[string]string{}
	for _, p := range g.Parameters {
		kinds[p.Name] = p.Kind
	}
	return func(p weights.Parameter) []float64 {
		values, err := golden.Weight(g.Prefix+p.Name, kinds[p.Name], p.Shape, g.Gain)
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
}

// images returns the images of a case, [height, width, 3] each, and their sizes.
func (c goldenImages) images(t *testing.T, prefix, name string) (images [][]byte, height, width int) {
	t.Helper()
	if _, err := fmt.Sscanf(name, "%dx%d", &height, &width); err != nil {
		t.Fatalf("case %q: %v", name, err)
	}
	planes := sha256.New()
	for _, image := range c.Images {
		pixels := golden.Image(prefix+image, height, width)
		images = append(images, pixels)
		for channel := range 3 {
			for i := channel; i < len(pixels); i += 3 {
				planes.Write(pixels[i : i+1])
			}
		}
	}
	if sum := hex.EncodeToString(planes.Sum(nil)); sum != c.SHA256 {
		t.Fatalf("%s: the images have SHA-256 %s, want %s", name, sum, c.SHA256)
	}
	return images, height, width
}

func TestGoldenResize(t *testing.T) {
	g := readGolden(t).Network
	for name, c := range g.Cases {
		images, height, width := c.images(t, g.Prefix, name)
		var planes []float64 // [n, 3, side, side], as recorded
		for _, image := range images {
			resized := resize(image, height, width)
			for channel := range 3 {
				for i := channel; i < len(resized); i += 3 {
					planes = append(planes, float64(resized[i]))
				}
			}
		}
		difference, _, err := c.Resized.Compare(planes)
		if err != nil {
			t.Fatal(err)
		}
		if most := max(c.Resized.F32MaxAbs, 1e-9); !(difference <= most) { // twelve digits are recorded
			t.Errorf("%s: off by %.3g of 255, want at most %.3g", name, difference, most)
		}
		for k, want := range c.Resized32 {
			if got := planes[c.Resized.Sample(k)]; math.Abs(got-want) > 1e-9*255 {
				t.Errorf("%s: sample %d is %v, want %v, PyTorch's in float32", name, k, got, want)
			}
		}
	}
}

func TestGoldenNetwork(t *testing.T) {
	b, _ := backend(t)
	g := readGolden(t).Network
	formula := g.formula(t)
	e, err := New(b, func(p weights.Parameter) ([]float32, error) {
		var values []float32
		for _, v := range formula(p) {
			values = append(values, float32(v))
		}
		return values, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Finalize()
	for name, c := range g.Cases {
		images, height, width := c.images(t, g.Prefix, name)
		got, distance := map[string][]float64{}, map[string]float64{}
		for i, image := range images {
			seen, err := e.See(image, height, width)
			if err != nil {
				t.Fatal(err)
			}
			outputs := map[string][]float32{"logits_unbiased": seen.Unbiased, "logits": seen.Logits}
			for _, f := range seen.Features {
				outputs[fmt.Sprint(len(f))] = f
			}
			for key, values := range outputs {
				for k, v := range values {
					got[key] = append(got[key], float64(v))
					if i == 1 {
						distance[key] += math.Pow(float64(v)-got[key][k], 2)
					}
				}
			}
		}
		if keys := slices.Sorted(maps.Keys(c.Features)); !slices.Equal(keys, slices.Sorted(maps.Keys(got))) {
			t.Errorf("%s: recorded are %v, want %v", name, keys, slices.Sorted(maps.Keys(got)))
		}
		for key, want := range c.Features {
			difference, largest, err := want.Compare(got[key])
			if err != nil {
				t.Fatalf("%s, %s: %v", name, key, err)
			}
			if !(difference <= 1e-5*largest) {
				t.Errorf("%s, %s: off by %.3g, want at most %.3g", name, key, difference, 1e-5*largest)
			}
			if d := math.Sqrt(distance[key]) / floats.Norm(got[key], 2); math.Abs(d-c.Difference[key]) > 1e-4*c.Difference[key] {
				t.Errorf("%s, %s: the images are %.6g of their size apart, want %.6g", name, key, d, c.Difference[key])
			}
		}
	}
}

// In float64 the graph is the reference's but for rounding: folding the batch norms changes nothing else.
func TestGoldenNetwork64(t *testing.T) {
	if testing.Short() {
		t.Skip("float64 takes twice as long as TestGoldenNetwork")
	}
	b, _ := backend(t)
	g := readGolden(t).Network
	formula, store := g.formula(t), model.NewStore()
	if err := load(store.RootScope(), func(p weights.Parameter) ([]float64, error) { return formula(p), nil }); err != nil {
		t.Fatal(err)
	}
	exec := model.MustNewExec(b, store, see)
	for name, c := range g.Cases {
		images, height, width := c.images(t, g.Prefix, name)
		got := make([][]float64, 2+len(stages))
		for _, image := range images {
			out, err := exec.Call(tensors.FromFlatDataAndDimensions(resize64(image, height, width), 1, side, side, 3))
			if err != nil {
				t.Fatal(err)
			}
			for k, o := range out {
				got[k] = append(got[k], tensors.MustCopyFlatData[float64](o)...)
			}
		}
		for k, key := range []string{"logits_unbiased", "logits", "64", "192", "768", "2048"} {
			difference, largest, err := c.Features[key].Compare(got[k])
			if err != nil {
				t.Fatalf("%s, %s: %v", name, key, err)
			}
			if !(difference <= 1e-10*largest) {
				t.Errorf("%s, %s: off by %.3g, want at most %.3g", name, key, difference, 1e-10*largest)
			}
		}
	}
}

// resize64 is resize in float64, where only the step is rounded to float32.
func resize64(pixels []byte, height, width int) []float64 {
	out := make([]float64, side*side*3)
	at := func(i, n int) (low, high int, share float64) {
		v := float64(i) * float64(float32(n)/side)
		low = int(v)
		return low, min(low+1, n-1), v - float64(low)
	}
	for i := range side {
		above, below, down := at(i, height)
		for j := range side {
			left, right, along := at(j, width)
			for c := range 3 {
				pixel := func(y, x int) float64 { return float64(pixels[(y*width+x)*3+c]) }
				top := pixel(above, left)*(1-along) + pixel(above, right)*along
				bottom := pixel(below, left)*(1-along) + pixel(below, right)*along
				out[(i*side+j)*3+c] = top*(1-down) + bottom*down
			}
		}
	}
	return out
}
