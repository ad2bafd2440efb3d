package mae

import (
	"runtime/debug"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
)

// BenchmarkFeatures is a forward pass of the encoder of width 256 with all features, eight latents at a time;
// ../peers/mae.py does the same in PyTorch.
func BenchmarkFeatures(b *testing.B) {
	engine, xla := backend(b)
	if !xla {
		b.Skip("300 GFLOP: minutes on pure Go")
	}
	const batch = 8
	config := Released(256)
	store := model.NewStore()
	// Normal numbers would take longer to make than the benchmark runs, and any do.
	read := func(p weights.Parameter) ([]float32, error) {
		values := make([]float32, p.Size())
		for i := range values {
			values[i] = float32(golden.Mix(uint64(i))>>40)*0x1p-24 - 0.5
		}
		return values, nil
	}
	for _, p := range config.Table().Under("encoder.") {
		if err := weights.Load(store.RootScope(), weights.Table{p}, read); err != nil {
			b.Fatal(err)
		}
		if err := store.RootScope().GetVariable(p.Name).MustValue().ToDevice(engine, 0); err != nil {
			b.Fatal(err)
		}
	}
	debug.FreeOSMemory()
	x := tensors.FromFlatDataAndDimensions(converted[float32](normals("latents", batch*32*32*4)), batch, 32, 32, 4)
	exec := model.MustNewExec(engine, store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		var values []*graph.Node
		for _, f := range config.Features(scope, x, preset.ReleasedFeatures()) {
			values = append(values, f.Value)
		}
		return values
	})
	run := func() {
		out, err := exec.Call(x)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range out {
			f.FinalizeAll()
		}
	}
	run() // compiles
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "images/s")
}
