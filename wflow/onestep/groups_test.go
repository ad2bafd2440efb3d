package onestep

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestGroups: the groups of a batch are batches of their own. The second group's clouds are ten times as wide, so that a scale
// that both share would differ from the scale of either.
func TestGroups(t *testing.T) {
	const perGroup, n, m, u, d = 2, 5, 6, 3, 4
	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	input := func(name string, groups, rows int) []*tensors.Tensor {
		var parts []*tensors.Tensor
		for g := range groups {
			x := stream.New(uint64(g), name).Normals(0, perGroup*rows, d)
			flat := make([]float32, perGroup*rows*d)
			for i := range flat {
				flat[i] = float32(x.RawMatrix().Data[i] * math.Pow(10, float64(g)))
			}
			parts = append(parts, tensors.FromFlatDataAndDimensions(flat, perGroup, rows, d))
		}
		return parts
	}
	particles, self, data, unconditional := input("particles", 2, n), input("self", 2, n), input("data", 2, m), input("unconditional", 2, u)
	for name, field := range map[string]wflow.Field{
		"sinkhorn":          &wflow.Sinkhorn{Iterations: 3},
		"euclidean, by law": &wflow.Sinkhorn{Iterations: 3, Cost: sinkhorn.Euclidean, Guidance: wflow.ByDistribution},
		"drifting":          &wflow.Drifting{},
		"mmd":               &wflow.MMD{},
	} {
		loss := func(groups int, clouds ...*graph.Node) []*graph.Node {
			r := []*graph.Node{graph.Scalar(clouds[0].Graph(), clouds[0].DType(), 0.05), graph.Scalar(clouds[0].Graph(), clouds[0].DType(), 0.2)}
			g := Loss(field, r, Batch{Particles: clouds[0], Self: clouds[1], Data: clouds[2], Unconditional: clouds[3], Alpha: clouds[4], Groups: groups})
			return append([]*graph.Node{g.Loss, g.Velocity, g.Scale, g.S}, g.MeanSquare...)
		}
		alpha := tensors.FromFlatDataAndDimensions([]float32{1, 2}, 2)
		one := graph.MustNewExec(backend, func(in []*graph.Node) []*graph.Node { return loss(0, in...) })
		both := graph.MustNewExec(backend, func(in []*graph.Node) []*graph.Node {
			joined := make([]*graph.Node, 5)
			for k := range joined {
				joined[k] = graph.Concatenate([]*graph.Node{in[2*k], in[2*k+1]}, 0)
			}
			return loss(2, joined...)
		})
		together := both.MustCall(particles[0], particles[1], self[0], self[1], data[0], data[1], unconditional[0], unconditional[1], alpha, alpha)
		for g := range 2 {
			alone := one.MustCall(particles[g], self[g], data[g], unconditional[g], alpha)
			for k, want := range alone {
				w := tensors.MustCopyFlatData[float32](want)
				all := tensors.MustCopyFlatData[float32](together[k])
				got := all[g*len(all)/2:][:len(w)]
				for i := range w {
					if !(math.Abs(float64(got[i]-w[i])) <= 2e-5*math.Max(1, math.Abs(float64(w[i])))) {
						t.Errorf("%s: group %d: output %d: number %d is %v, and %v alone", name, g, k, i, got[i], w[i])
						break
					}
				}
			}
		}
	}
}

func TestGroupsDivide(t *testing.T) {
	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, groups := range []int{2, -1} {
		exec := graph.MustNewExec(backend, func(x *graph.Node) *graph.Node {
			r := []*graph.Node{graph.Scalar(x.Graph(), x.DType(), 0.05)}
			return Loss(&wflow.Sinkhorn{Iterations: 1}, r, Batch{Particles: x, Data: x, Groups: groups}).Loss
		})
		_, err = exec.Call(tensors.FromFlatDataAndDimensions(make([]float32, 12), 3, 2, 2))
		if want := fmt.Sprintf("Batch.Groups is %d, want a divisor of the 3 problems", groups); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d groups of 3 problems: %v, want %q", groups, err, want)
		}
	}
}
