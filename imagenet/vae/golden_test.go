package vae

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
)

// goldenFile is f5_vae.json; testdata/README.md describes it.
type goldenFile struct {
	Fixture, Set, Torch string
	Cases               map[string]goldenCase
	Full                struct {
		Config           golden.Autoencoder
		Parameters       int `json:"n_params"`
		Encoder, Decoder int
		Quant            int    `json:"quant_conv"`
		PostQuant        int    `json:"post_quant_conv"`
		Tensors          int    `json:"n_tensors"`
		SHA256           string `json:"table_sha256"`
		Table            []golden.Parameter
	} `json:"full_config"`
	Notes struct {
		Diffusers           string
		Eps                 float64 `json:"group_norm_eps"`
		Scale               float64 `json:"scaling_factor"`
		Encode, Decode, Std string
		Clamp               []float64 `json:"logvar_clamp"`
	}
}

type goldenCase struct {
	Config  golden.Autoencoder
	Prefix  string
	Params  []golden.Parameter
	Count   int `json:"n_params"`
	Inputs  string
	Outputs map[string]golden.Tensor
}

// goldenConfig returns the network of a recorded configuration.
func goldenConfig(t *testing.T, a golden.Autoencoder) Config {
	t.Helper()
	config := Config{Widths: a.Widths, Layers: a.Layers, Latent: a.LatentChannels, Groups: a.Groups}
	if err := errors.Join(a.Check(), config.Validate()); err != nil {
		t.Fatal(err)
	}
	return config
}

// inputs returns the shapes [b, c, h, w] of the image and of the latent that is decoded, and the deviation of that latent.
func (c goldenCase) inputs(t *testing.T) (image, latent []int, deviation float64) {
	t.Helper()
	image, latent = make([]int, 4), make([]int, 4)
	const rule = "image = 2U-1 input/image [%d,%d,%d,%d]; eps = gauss input/eps; latent = %g*gauss input/latent [%d,%d,%d,%d] (NCHW)"
	if _, err := fmt.Sscanf(c.Inputs, rule, &image[0], &image[1], &image[2], &image[3], &deviation, &latent[0], &latent[1], &latent[2], &latent[3]); err != nil {
		t.Fatalf("the inputs are %q (%v), want %q", c.Inputs, err, rule)
	}
	return image, latent, deviation
}

func readGolden(t *testing.T) (g goldenFile) {
	t.Helper()
	if err := golden.Read("f5_vae.json", &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) == 0 {
		t.Fatal("the file has no case, want one or more")
	}
	if g.Notes.Eps != 1e-6 || g.Notes.Scale != Scale || !slices.Equal(g.Notes.Clamp, []float64{-30, 20}) {
		t.Fatalf("constants %+v, want group_norm_eps 1e-6, scaling_factor %v and logvar_clamp [-30 20]", g.Notes, Scale)
	}
	return g
}

func TestGoldenTable(t *testing.T) {
	g := readGolden(t)
	for name, c := range g.Cases {
		table := goldenConfig(t, c.Config).Table()
		if table.Size() != c.Count || len(table) != len(c.Params) {
			t.Errorf("%s: %d tensors of %d numbers, want %d of %d", name, len(table), table.Size(), len(c.Params), c.Count)
			continue
		}
		for i, p := range c.Params {
			if table[i].Name != p.Name || !slices.Equal(table[i].Shape, p.Shape) {
				t.Errorf("%s: parameter %d is %v, want %s %v", name, i, table[i], p.Name, p.Shape)
			}
		}
	}

	full, table := g.Full, StableDiffusion().Table()
	if c := goldenConfig(t, full.Config); fmt.Sprint(c) != fmt.Sprint(StableDiffusion()) {
		t.Errorf("StableDiffusion() = %+v, want %+v", StableDiffusion(), c)
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"numbers", table.Size(), full.Parameters},
		{"tensors", len(table), full.Tensors},
		{"encoder", table.Under("encoder.").Size(), full.Encoder},
		{"decoder", table.Under("decoder.").Size(), full.Decoder},
		{"quant_conv", table.Under("quant_conv.").Size(), full.Quant},
		{"post_quant_conv", table.Under("post_quant_conv.").Size(), full.PostQuant},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
	if got := table.SHA256(); got != full.SHA256 {
		t.Errorf("SHA-256 of the table %s, want %s", got, full.SHA256)
	}
}

func TestGoldenNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("with the race detector GoMLX's loops take three minutes; other tests run the same graphs on less")
	}
	b, _ := backend(t)
	g := readGolden(t)
	ran := 0
	for name, c := range g.Cases {
		t.Run(name+"/float32", func(t *testing.T) {
			checkGolden[float32](t, b, c, func(want golden.Tensor, largest float64) float64 {
				return max(10*want.F32MaxAbs, 1e-6*largest)
			})
		})
		t.Run(name+"/float64", func(t *testing.T) {
			checkGolden[float64](t, b, c, func(_ golden.Tensor, largest float64) float64 { return 1e-9 * largest })
			ran++
		})
	}
	if ran != len(g.Cases) {
		t.Errorf("%d cases ran, want %d", ran, len(g.Cases))
	}
}

// checkGolden holds what the network of a case returns against all recorded fields.
func checkGolden[T float32 | float64](t *testing.T, backend compute.Backend, c goldenCase, tolerance func(want golden.Tensor, largest float64) float64) {
	fields := []string{"mean", "logvar", "latent_nchw", "decoded", "decoded_unit", "decoded_unscaled_input", "decode_grad"}
	if names := slices.Sorted(maps.Keys(c.Outputs)); !slices.Equal(names, slices.Sorted(slices.Values(fields))) {
		t.Fatalf("recorded are %v, want %v", names, fields)
	}
	config, store := goldenConfig(t, c.Config), model.NewStore()
	load(t, store.RootScope(), config.Table(), func(i int) []T {
		values, err := golden.Weight(c.Prefix+c.Params[i].Name, c.Params[i].Kind, c.Params[i].Shape, 1)
		if err != nil {
			t.Fatal(err)
		}
		return numbers[T](values)
	})

	imageShape, latentShape, deviation := c.inputs(t)
	pixels := make([]float64, size(imageShape))
	for i := range pixels {
		pixels[i] = 2*golden.Uniform(c.Prefix+"input/image", uint64(i)) - 1
	}
	image := channelsLast[T](pixels, imageShape)
	noise := channelsLast[T](golden.Normals(c.Prefix+"input/eps", size(c.Outputs["mean"].Shape)), c.Outputs["mean"].Shape)
	latent := golden.Normals(c.Prefix+"input/latent", size(latentShape))
	for i := range latent {
		latent[i] *= deviation
	}
	outputs, err := model.CallOnceN(backend, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		image, noise, latent := in[0], in[1], in[2]
		mean, logVariance := config.Encode(scope, image)
		both := graph.Split(config.Decode(scope, graph.Concatenate([]*graph.Node{latent, graph.MulScalar(latent, Scale)}, 0)), 0, 2)
		decoded, unscaled := both[0], both[1]
		gradient := graph.Gradient(graph.ReduceAllMean(graph.Square(unscaled)), latent)[0]
		return []*graph.Node{mean, logVariance, Sample(mean, logVariance, noise), decoded, Unit(decoded), unscaled, gradient}
	}, image, noise, channelsLast[T](latent, latentShape))
	if err != nil {
		t.Fatal(err)
	}
	for i, field := range fields {
		want := c.Outputs[field]
		difference, largest, err := want.Compare(channelsFirst[T](outputs[i]))
		if err != nil {
			t.Fatalf("%s: %v", field, err)
		}
		if most := tolerance(want, largest); !(difference <= most) {
			t.Errorf("%s: off by %.3g, want at most %.3g", field, difference, most)
		} else {
			t.Logf("%s: off by %.3g of %.3g", field, difference, most)
		}
	}
}

// load makes parameter i of a table a variable.
func load[T float32 | float64](t testing.TB, scope *model.Scope, table weights.Table, values func(i int) []T) {
	t.Helper()
	i := -1
	err := weights.Load(scope, table, func(weights.Parameter) ([]T, error) {
		i++
		return values(i), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func size(shape []int) int { return weights.Parameter{Shape: shape}.Size() }

func numbers[T float32 | float64](values []float64) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = T(v)
	}
	return out
}

// channelsLast returns numbers [b, c, h, w] as a tensor [b, h, w, c], channelsFirst the other way.
func channelsLast[T float32 | float64](values []float64, shape []int) *tensors.Tensor {
	b, c, area := shape[0], shape[1], shape[2]*shape[3]
	out := make([]T, len(values))
	for i := range b {
		for k := range c {
			for j := range area {
				out[(i*area+j)*c+k] = T(values[(i*c+k)*area+j])
			}
		}
	}
	return tensors.FromFlatDataAndDimensions(out, b, shape[2], shape[3], c)
}

func channelsFirst[T float32 | float64](t *tensors.Tensor) []float64 {
	s := t.Shape()
	b, area, c := s.Dim(0), s.Dim(1)*s.Dim(2), s.Dim(3)
	values := tensors.MustCopyFlatData[T](t)
	out := make([]float64, len(values))
	for i := range b {
		for k := range c {
			for j := range area {
				out[(i*c+k)*area+j] = float64(values[(i*area+j)*c+k])
			}
		}
	}
	return out
}
