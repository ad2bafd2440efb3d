package steps

import (
	"context"
	"testing"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"
)

// TestRunErrors: an error while the graph of a step is built or run is one sentence, without the functions of GoMLX that
// passed it on.
func TestRunErrors(t *testing.T) {
	backend, err := gobackend.New("parallelism=-1")
	if err != nil {
		t.Fatal(err)
	}
	for want, build := range map[string]func(x *graph.Node) *graph.Node{
		"step 1: mae: no squares":   func(*graph.Node) *graph.Node { exceptions.Panicf("mae: no squares"); return nil },
		"the loss of step 1 is NaN": func(x *graph.Node) *graph.Node { return graph.Log(graph.SubScalar(graph.MulScalar(x, 0), 1)) },
	} {
		store := model.NewStore()
		network := func(scope *model.Scope, in []*graph.Node) []*graph.Node {
			w := scope.VariableWithValue("w", float32(1)).NodeValue(in[0].Graph())
			loss := build(graph.Mul(w, in[0]))
			return []*graph.Node{loss, loss}
		}
		loss := func(_, predictions []*graph.Node) *graph.Node { return predictions[0] }
		value := func(_ *model.Scope, _, predictions []*graph.Node) *graph.Node { return predictions[1] }
		trainer := train.NewTrainer(backend, store, network, loss, optimizer.Adam().Done(), []metric.Interface{metric.NewBaseMetric("value", "v", "v", value, nil)}, nil)
		batch := func(int) ([]*tensors.Tensor, error) {
			return []*tensors.Tensor{tensors.FromScalar(float32(1))}, nil
		}
		if _, err := Run(context.Background(), store, Checkpoint{}, 2, Taker(trainer, batch), nil); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
