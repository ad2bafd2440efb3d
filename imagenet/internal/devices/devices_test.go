package devices

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/wflow/engine"
)

// Dealt outputs are shares, in the order of the devices; replicated ones are whole on each. An input that is common is whole
// too.
func TestCall(t *testing.T) {
	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	for _, n := range []int{1, 2, 4} {
		if n > int(backend.NumDevices()) {
			continue
		}
		s, err := First(backend, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			use   func(*model.Exec)
			graph func(_ *model.Scope, in []*graph.Node) *graph.Node
			want  []float32 // of all devices, one after another
		}{
			{func(e *model.Exec) { s.Deal(e, 0) }, func(_ *model.Scope, in []*graph.Node) *graph.Node {
				return graph.Add(in[1], graph.ReduceAllSum(in[0]))
			}, []float32{30, 31, 32, 33, 34, 35, 36, 37}},
			{s.Replicate, func(_ *model.Scope, in []*graph.Node) *graph.Node {
				return graph.Reshape(graph.ReduceAllSum(in[1]), 1)
			}, slices.Repeat([]float32{28}, n)},
		} {
			store := model.NewStore()
			e, err := model.NewExec(backend, store, c.graph)
			if err != nil {
				t.Fatal(err)
			}
			c.use(e)
			inputs := []Array{tensors.FromValue([]float32{10, 20}), tensors.FromValue([]float32{0, 1, 2, 3, 4, 5, 6, 7})}
			outputs, err := s.Call(e, 1, inputs)
			if err != nil {
				t.Fatal(err)
			}
			var got []float32
			for _, o := range outputs {
				got = append(got, tensors.MustCopyFlatData[float32](o)...)
			}
			if len(outputs) != n || !slices.Equal(got, c.want) {
				t.Errorf("%d devices: %d outputs %v, want %d and %v", n, len(outputs), got, n, c.want)
			}
			e.Finalize()
			store.Finalize()
		}
	}
	many := int(backend.NumDevices()) + 1
	for _, n := range []int{0, many} {
		if _, err := First(backend, n); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d devices, want 1 to %d", n, many-1)) {
			t.Errorf("%d devices: %v, want how many there are", n, err)
		}
	}
}
