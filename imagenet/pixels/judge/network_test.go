package judge

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

func find(t *testing.T) compute.Backend {
	t.Helper()
	b, line, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(line)
	t.Cleanup(b.Finalize)
	return b
}

func normals(name string, n int) []float32 {
	values := make([]float32, n)
	s := stream.New(1, name)
	for i := range values {
		values[i] = float32(s.Normal(uint64(i)))
	}
	return values
}

// TestRead: the graph is the network of read's comment, written out with loops.
func TestRead(t *testing.T) {
	const batch = 2
	images := normals("images", batch*numbers)
	store := model.NewStore()
	lay := map[string][]float32{}
	for _, p := range table() {
		lay[p.Name] = normals(p.Name, p.Size())
		for i := range lay[p.Name] {
			lay[p.Name][i] /= float32(math.Sqrt(float64(p.Shape[len(p.Shape)-1])))
		}
	}
	if err := weights.Load(store.RootScope(), table(), func(p weights.Parameter) ([]float32, error) { return lay[p.Name], nil }); err != nil {
		t.Fatal(err)
	}
	exec := model.MustNewExec(find(t), store, func(scope *model.Scope, x *graph.Node) (features, logits *graph.Node) { return read(scope, x) })
	defer exec.Finalize()
	out := exec.MustCall(tensors.FromFlatDataAndDimensions(images, batch, Side, Side))

	linear := func(name string, x []float64) []float64 {
		w, b := lay[name+".weight"], lay[name+".bias"]
		y := make([]float64, len(b))
		for o := range y {
			y[o] = float64(b[o])
			for i, v := range x {
				y[o] += v * float64(w[o*len(x)+i])
			}
		}
		return y
	}
	swish := func(x []float64) []float64 {
		for i, v := range x {
			x[i] = v / (1 + math.Exp(-v))
		}
		return x
	}
	for n := range batch {
		side, in := Side, 1
		h := make([]float64, numbers)
		for i := range h {
			h[i] = (float64(images[n*numbers+i]) + 1) / 2
		}
		for k, out := range channels[1:] {
			var next []float64
			for y := 0; y < side; y += 2 {
				for x := 0; x < side; x += 2 {
					patch := make([]float64, 9*in)
					for place := range patch {
						row, column, c := y+place/in%3-1, x+place/(3*in)-1, place%in
						if row >= 0 && row < side && column >= 0 && column < side {
							patch[place] = h[(row*side+column)*in+c]
						}
					}
					next = append(next, swish(linear(stage(k), patch))...)
				}
			}
			h, side, in = next, side/2, out
		}
		features := swish(linear("features", h))
		for k, want := range [][]float64{features, linear("classes", features)} {
			got := tensors.MustCopyFlatData[float32](out[k])[n*len(want):]
			for i := range want {
				if math.Abs(float64(got[i])-want[i]) > 1e-4 { // of order one, float32, sums of up to 1,024
					t.Fatalf("image %d, output %d: %v at %d, want %v", n, k, got[i], i, want[i])
				}
			}
		}
	}
}
