package dit

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// BenchmarkGenerate makes latents with B/2, four at a time; ../peers/dit.py does the same in PyTorch.
func BenchmarkGenerate(b *testing.B) {
	backend, line, err := engine.Find()
	if err != nil {
		b.Fatal(err)
	}
	if line != "XLA" {
		b.Skip("for XLA: ", line)
	}
	const batch = 4
	c, store := B(), model.NewStore()
	if err := weights.Load(store.RootScope(), c.Table(), c.Initial(1)); err != nil {
		b.Fatal(err)
	}
	noise := as[float32](stream.New(1, "noise").Normals(0, batch, c.Size*c.Size*c.Channels).RawMatrix().Data)
	exec := model.MustNewExec(backend, store, func(scope *model.Scope, in []*graph.Node) *graph.Node {
		return c.Generate(scope, in[0], in[1], in[2], in[3])
	})
	defer exec.Finalize()
	in := []any{
		tensors.FromFlatDataAndDimensions(noise, batch, c.Size, c.Size, c.Channels),
		[]int32{1, 2, 3, 4},
		tensors.FromFlatDataAndDimensions(make([]int32, batch*c.Codebooks), batch, c.Codebooks),
		[]float32{1, 1, 1, 1},
	}
	generate := func() {
		out, err := exec.Call(in...)
		if err != nil {
			b.Fatal(err)
		}
		out[0].MustFinalizeAll()
	}
	generate() // compiles
	for b.Loop() {
		generate()
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "images/s")
}

// BenchmarkProduct multiplies what a linear layer of B/2 multiplies for four latents; ../peers/product.py does the same.
func BenchmarkProduct(b *testing.B) {
	backend, line, err := engine.Find()
	if err != nil {
		b.Fatal(err)
	}
	if line != "XLA" {
		b.Skip("for XLA: ", line)
	}
	const rows, inner, columns = 4 * 272, 768, 2048
	x := tensors.FromFlatDataAndDimensions(make([]float32, rows*inner), rows, inner)
	y := tensors.FromFlatDataAndDimensions(make([]float32, inner*columns), inner, columns)
	exec := graph.MustNewExec(backend, graph.MatMul)
	defer exec.Finalize()
	multiply := func() {
		out, err := exec.Call(x, y)
		if err != nil {
			b.Fatal(err)
		}
		out[0].MustFinalizeAll()
	}
	multiply() // compiles
	for b.Loop() {
		multiply()
	}
	b.ReportMetric(2*rows*inner*columns/1e9*float64(b.N)/b.Elapsed().Seconds(), "GFLOP/s")
}
