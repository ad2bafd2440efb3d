package vae

import (
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
		Config           goldenConfig
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

type goldenConfig struct {
	In     int      `json:"in_channels"`
	Out    int      `json:"out_channels"`
	Down   []string `json:"down_block_types"`
	Up     []string `json:"up_block_types"`
	Widths []int    `json:"block_out_channels"`
	Layers int      `json:"layers_per_block"`
	Act    string   `json:"act_fn"`
	Latent int      `json:"latent_channels"`
	Groups int      `json:"norm_num_groups"`
	Size   int      `json:"sample_size"`
}

type goldenCase struct {
	Config  goldenConfig
	Prefix  string
	Params  []golden.Parameter
	Count   int `json:"n_params"`
	Inputs  string
	Outputs map[string]golden.Tensor
}

// config holds what is not configurable here against what it always is.
func (c goldenConfig) config(t *testing.T) Config {
	t.Helper()
	n := len(c.Widths)
	down, up := slices.Repeat([]string{"DownEncoderBlock2D"}, n), slices.Repeat([]string{"UpDecoderBlock2D"}, n)
	if c.In != 3 || c.Out != 3 || c.Act != "silu" || !slices.Equal(c.Down, down) || !slices.Equal(c.Up, up) {
		t.Fatalf("not this autoencoder: %+v", c)
	}
	return Config{Widths: c.Widths, Layers: c.Layers, Latent: c.Latent, Groups: c.Groups}
}

func readGolden(t *testing.T) (g goldenFile) {
	t.Helper()
	if err := golden.Read("f5_vae.json", &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) == 0 {
		t.Fatal("no case in the file")
	}
	if g.Notes.Eps != 1e-6 || g.Notes.Scale != Scale || !slices.Equal(g.Notes.Clamp, []float64{-30, 20}) {
		t.Fatalf("other constants: %+v", g.Notes)
	}
	return g
}

func TestGoldenTable(t *testing.T) {
	g := readGolden(t)
	for name, c := range g.Cases {
		table := c.Config.config(t).Table()
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
	if c := full.Config.config(t); fmt.Sprint(c) != fmt.Sprint(StableDiffusion()) {
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
		t.Errorf("%d of %d cases ran", ran, len(g.Cases))
	}
}

// checkGolden holds what the network of a case returns against all recorded fields.
func checkGolden[T float32 | float64](t *testing.T, backend compute.Backend, c goldenCase, tolerance func(want golden.Tensor, largest float64) float64) {
	fields := []string{"mean", "logvar", "latent_nchw", "decoded", "decoded_unit", "decoded_unscaled_input", "decode_grad"}
	if names := slices.Sorted(maps.Keys(c.Outputs)); !slices.Equal(names, slices.Sorted(slices.Values(fields))) {
		t.Fatalf("recorded are %v, want %v", names, fields)
	}
	config, store := c.Config.config(t), model.NewStore()
	load(t, store.RootScope(), config.Table(), func(i int) []T {
		values, err := golden.Weight(c.Prefix+c.Params[i].Name, c.Params[i].Kind, c.Params[i].Shape, 1)
		if err != nil {
			t.Fatal(err)
		}
		return numbers[T](values)
	})

	pixels := make([]float64, size(c.Outputs["decoded"].Shape))
	for i := range pixels {
		pixels[i] = 2*golden.Uniform(c.Prefix+"input/image", uint64(i)) - 1
	}
	image := channelsLast[T](pixels, c.Outputs["decoded"].Shape)
	noise := channelsLast[T](golden.Normals(c.Prefix+"input/eps", size(c.Outputs["mean"].Shape)), c.Outputs["mean"].Shape)
	latent := golden.Normals(c.Prefix+"input/latent", size(c.Outputs["decode_grad"].Shape))
	for i := range latent {
		latent[i] *= 0.9
	}
	outputs, err := model.CallOnceN(backend, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		image, noise, latent := in[0], in[1], in[2]
		mean, logVariance := config.Encode(scope, image)
		both := graph.Split(config.Decode(scope, graph.Concatenate([]*graph.Node{latent, graph.MulScalar(latent, Scale)}, 0)), 0, 2)
		decoded, unscaled := both[0], both[1]
		gradient := graph.Gradient(graph.ReduceAllMean(graph.Square(unscaled)), latent)[0]
		return []*graph.Node{mean, logVariance, Sample(mean, logVariance, noise), decoded, Unit(decoded), unscaled, gradient}
	}, image, noise, channelsLast[T](latent, c.Outputs["decode_grad"].Shape))
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
