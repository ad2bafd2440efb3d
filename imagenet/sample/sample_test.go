package sample

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// onBackends runs a test on pure Go and, where a plugin is named, on XLA.
func onBackends(t *testing.T, f func(t *testing.T, b compute.Backend)) {
	plugin := os.Getenv(engine.PluginVariable)
	for _, name := range []string{"pure Go", "XLA"} {
		if name == "XLA" && plugin == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if name == "XLA" && testing.Short() {
				t.Skip("XLA compiles every graph for seconds")
			}
			t.Setenv(compute.ConfigEnvVar, "")
			t.Setenv(engine.PluginVariable, "")
			if name == "XLA" {
				t.Setenv(engine.PluginVariable, plugin)
			}
			f(t, find(t))
		})
	}
}

func find(t *testing.T) compute.Backend {
	t.Helper()
	b, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// echo is a network whose images are its noise, plus the class, plus a hundred times the first style, times α.
type echo struct{}

func (echo) Shape() generator.Shape {
	return generator.Shape{Side: 2, Channels: 3, Noise: []int{2, 2, 3}, Classes: 1000, Codebooks: 2, Entries: 7}
}
func (echo) Table() weights.Table { return weights.Table{{Name: "zero", Shape: []int{1}}} }
func (echo) Initial(uint64) func(weights.Parameter) ([]float32, error) {
	return func(p weights.Parameter) ([]float32, error) { return make([]float32, p.Size()), nil }
}
func (echo) Generate(scope *model.Scope, noise, labels, styles, alpha *graph.Node) *graph.Node {
	each := func(x *graph.Node) *graph.Node {
		return graph.Reshape(graph.ConvertDType(x, dtypes.Float32), -1, 1, 1, 1)
	}
	style := graph.Slice(styles, graph.AxisRange(), graph.AxisElem(0))
	shift := graph.Add(each(labels), graph.MulScalar(each(style), 100))
	zero := graph.Reshape(weights.Node(scope, noise.Graph(), "zero"), 1, 1, 1, 1)
	return graph.Add(graph.Mul(graph.Add(noise, shift), each(alpha)), zero)
}

// tiny is a small network of the kind that is sampled.
var tiny = dit.Config{Size: 4, Channels: 4, Patch: 2, Width: 16, Depth: 1, Heads: 2, MLPRatio: 2, Classes: 10,
	Codebooks: 2, Entries: 3, Context: 1, QKNorm: true, SwiGLU: true, RoPE: true, RMSNorm: true}

// trained gives the weights of a network as if it had been trained: none of them are all 0.
func trained(n generator.Network) func(weights.Parameter) ([]float32, error) {
	initial := n.Initial(1)
	return func(p weights.Parameter) ([]float32, error) {
		values, err := initial(p)
		s := stream.New(2, p.Name)
		for i := range values {
			values[i] += 0.3 * float32(s.Normal(uint64(i)))
		}
		return values, err
	}
}

func sampler(t *testing.T, b compute.Backend, n generator.Network, batch, devices int) *Sampler {
	t.Helper()
	read := n.Initial(0)
	if _, isEcho := n.(echo); !isEcho {
		read = trained(n)
	}
	s, err := New(b, n, read, &Settings{Batch: batch, Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Finalize)
	return s
}

// made returns images of a sequence, one after another.
func made(t *testing.T, s *Sampler, q Sequence, numbers []int) (all []float32) {
	t.Helper()
	err := s.Make(t.Context(), q, numbers, func(_ []int, images []float32) error { all = append(all, images...); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// counts returns the numbers of devices that an engine is tested on.
func counts(b compute.Backend) []int {
	if b.NumDevices() < 4 {
		return []int{1}
	}
	return []int{1, 2, 4}
}

// The noise, the style, the class and α of an image reach the network as the sequence has them, whatever the batch size and
// the number of devices: the same bytes as Shape.Draw gives.
func TestNoise(t *testing.T) {
	q := Sequence{Classes: []int{207, 3, 999}, Each: 25, Alpha: 2, Temperature: 1, Seed: 5}
	shape := echo{}.Shape()
	noise, styles := shape.Draw(5, "sample", 0, q.Len())
	var want []float32
	for i := range q.Len() {
		for _, z := range noise[12*i : 12*i+12] {
			want = append(want, 2*(z+(float32([]int{207, 3, 999}[i/25])+100*float32(styles[2*i]))))
		}
	}
	onBackends(t, func(t *testing.T, b compute.Backend) {
		for _, devices := range counts(b) {
			for _, batch := range []int{1, 7, 64, 4, 12} {
				if batch%devices != 0 {
					continue
				}
				if got := made(t, sampler(t, b, echo{}, batch, devices), q, span(0, q.Len())); !slices.Equal(got, want) {
					t.Errorf("batches of %d on %d devices: want the noise of the streams", batch, devices)
				}
			}
		}
		q := q
		q.Temperature, q.Alpha, q.Classes = 0.5, 1, []int{0}
		for i, v := range made(t, sampler(t, b, echo{}, 8, 1), q, []int{24}) {
			if want := 0.5*noise[24*12+i] + 100*float32(styles[2*24]); v != want {
				t.Errorf("temperature 0.5: number %d is %v, want %v", i, v, want)
			}
		}
	})
}

// Image i is the same within float tolerance for batch sizes 1, 7 and 64 and on 1, 2 and 4 devices, and images differ from one
// another. On one engine and for one batch size it is the same bytes, whichever part of the sequence is made.
func TestImages(t *testing.T) {
	q := Sequence{Classes: []int{4, 0, 9}, Each: 23, Alpha: 1.5, Temperature: 1, Seed: 3}
	n := q.Len()
	onBackends(t, func(t *testing.T, b compute.Backend) {
		reference := made(t, sampler(t, b, tiny, 1, 1), q, span(0, n))
		size := tiny.Shape().Numbers()
		for i := range n {
			for k := range i {
				if slices.Equal(reference[i*size:(i+1)*size], reference[k*size:(k+1)*size]) {
					t.Fatalf("images %d and %d are the same", k, i)
				}
			}
		}
		for _, devices := range counts(b) {
			for _, batch := range []int{7, 64} {
				if batch%devices != 0 {
					continue
				}
				s := sampler(t, b, tiny, batch, devices)
				all := made(t, s, q, span(0, n))
				// A sum of at most 48 products of numbers near 1 is off by some 10⁻⁷ for another order of its terms; the
				// layers of the network make some 10⁻⁵ of that.
				if worst := distance(all, reference); !(worst <= 1e-4) {
					t.Errorf("batches of %d on %d devices: images differ by %.2g, want at most 1e-4", batch, devices, worst)
				}
				var parts []float32
				for first := 0; first < n; first += 10 {
					parts = append(parts, made(t, s, q, span(first, min(10, n-first)))...)
				}
				if !slices.Equal(parts, all) {
					t.Errorf("batches of %d on %d devices: parts of the sequence have other bytes than the whole", batch, devices)
				}
			}
		}
	})
}

// distance returns the largest difference of two arrays.
func distance(a, b []float32) (worst float64) {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i]-b[i])))
	}
	return worst
}

// A sampler compiles one graph, though the last batch has fewer images.
func TestOneGraph(t *testing.T) {
	compiled := 0
	n := counted{echo{}, &compiled}
	s, err := New(find(t), n, n.Initial(0), &Settings{Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Finalize()
	var sizes []int
	q := Sequence{Classes: []int{1, 2}, Each: 5, Alpha: 1, Temperature: 1}
	err = s.Make(t.Context(), q, span(0, 10), func(numbers []int, _ []float32) error { sizes = append(sizes, len(numbers)); return nil })
	if err != nil || !slices.Equal(sizes, []int{4, 4, 2}) || compiled != 1 {
		t.Errorf("%v, batches of %v images, %d graphs, want none, 4, 4 and 2 images, and one graph", err, sizes, compiled)
	}
}

// counted counts the graphs that are built of a network.
type counted struct {
	generator.Network
	graphs *int
}

func (c counted) Generate(scope *model.Scope, noise, labels, styles, alpha *graph.Node) *graph.Node {
	*c.graphs++
	return c.Network.Generate(scope, noise, labels, styles, alpha)
}

// What is wrong is named, and Make stops between two batches when its context is done.
func TestRefusals(t *testing.T) {
	b := find(t)
	s := sampler(t, b, echo{}, 4, 1)
	good := Sequence{Classes: []int{1}, Each: 10, Alpha: 1, Temperature: 1}
	for _, c := range []struct {
		change  func(*Sequence)
		numbers []int
		want    string
	}{
		{func(q *Sequence) { q.Classes = []int{3, 1000} }, nil, "class 1000, want 0 to 999"},
		{func(q *Sequence) { q.Classes = []int{-1} }, nil, "class -1, want 0 to 999"},
		{func(q *Sequence) { q.Classes = nil }, nil, "no classes"},
		{func(q *Sequence) { q.Each = 0 }, nil, "0 images of a class"},
		{func(q *Sequence) { q.Alpha = 0 }, nil, "α is 0"},
		{func(q *Sequence) { q.Alpha = math.NaN() }, nil, "α is NaN"},
		{func(q *Sequence) { q.Temperature = math.Inf(1) }, nil, "the temperature is +Inf"},
		{func(q *Sequence) {}, []int{9, 10}, "image 10: want increasing numbers from 0 to 9"},
		{func(q *Sequence) {}, []int{3, 3}, "image 3: want increasing"},
		{func(q *Sequence) { q.Alpha = math.MaxFloat32 }, []int{1}, "image 1: number"},
	} {
		q := good
		c.change(&q)
		if err := s.Make(t.Context(), q, c.numbers, func([]int, []float32) error { return nil }); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v, images %v: %v, want %s", q, c.numbers, err, c.want)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	err := s.Make(ctx, good, span(0, 10), func(numbers []int, _ []float32) error { stop(); return nil })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after 4 of 10 images") {
		t.Errorf("%v, want that it stopped after the first batch", err)
	}
	full := errors.New("full")
	if err := s.Make(t.Context(), good, span(0, 10), func([]int, []float32) error { return full }); !errors.Is(err, full) {
		t.Errorf("%v, want the error of the function", err)
	}
	many := int(b.NumDevices()) + 1
	for _, c := range []struct {
		settings Settings
		want     string
	}{
		{Settings{Devices: many}, fmt.Sprintf("%d devices, want 1 to %d", many, many-1)},
		{Settings{Batch: -1}, "batches of -1 images"},
		{Settings{Batch: 1_000_000_000}, "want 65536 or fewer"},
	} {
		if _, err := New(b, echo{}, echo{}.Initial(0), &c.settings); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.settings, err, c.want)
		}
	}
	if many > 4 {
		if _, err := New(b, echo{}, echo{}.Initial(0), &Settings{Batch: 7, Devices: 4}); err == nil || !strings.Contains(err.Error(), "batches of 7 images on 4 devices: want a multiple of 4; the nearest is 8") {
			t.Errorf("%v, want the nearest batch", err)
		}
	}
	lost := func(p weights.Parameter) ([]float32, error) { return nil, errors.New("lost") }
	if _, err := New(b, echo{}, lost, nil); err == nil || !strings.Contains(err.Error(), `"zero": lost`) {
		t.Errorf("%v, want the parameter's name", err)
	}
}
