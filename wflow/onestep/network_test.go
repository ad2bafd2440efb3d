package onestep

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestGraphIsMLP: the graph of a network and its plain Go runner agree to float32 rounding.
func TestGraphIsMLP(t *testing.T) {
	onBackends(t, func(t *testing.T, b compute.Backend) {
		for _, n := range []mlp.Network{
			{Noise: 3, Out: 2, Width: 33, Depth: 3},
			{Noise: 2, Out: 2, Width: 16, Depth: 2, Residual: true},
			{Noise: 3, Out: 2, Width: 16, Depth: 2, Classes: 3},
			{Noise: 3, Out: 2, Width: 16, Depth: 2, Classes: 3, Guided: true},
		} {
			s := &state{tensors: map[string][]float32{}}
			for _, tensor := range n.Tensors() {
				size := 1
				for _, d := range tensor.Shape {
					size *= d
				}
				w := make([]float32, size)
				for i := range w {
					w[i] = float32(normal(tensor.Name, i) / math.Sqrt(float64(tensor.Shape[0])))
				}
				for _, slot := range slots(tensor.Name) {
					s.tensors[slot.tensor] = w
				}
			}
			store, err := s.store(n)
			if err != nil {
				t.Fatal(err)
			}
			const rows = 20
			classes := max(1, n.Classes)
			noise := stream.New(1, "noise").Normals(0, classes*rows, n.Noise)
			alpha := make([]float32, classes)
			for c := range alpha {
				alpha[c] = 1
				if n.Guided {
					alpha[c] += float32(c)
				}
			}
			exec, err := model.NewExec(b, store, func(scope *model.Scope, noise, alpha *graph.Node) *graph.Node {
				return generate(scope.Store().Scope(generatorScope), n, noise, alpha)
			})
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.Call1(tensor(classes, noise), alpha)
			if err != nil {
				t.Fatal(err)
			}
			got := tensors.MustCopyFlatData[float32](out)
			g, err := s.generator(n)
			if err != nil {
				t.Fatal(err)
			}
			for c := range classes {
				runner := g
				if n.Classes > 0 {
					if runner, err = g.Condition(c, float64(alpha[c])); err != nil {
						t.Fatal(err)
					}
				}
				want, err := runner.Generate(noise.Slice(c*rows, (c+1)*rows, 0, n.Noise).(*mat.Dense))
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range want.RawMatrix().Data {
					if d := math.Abs(float64(got[c*rows*n.Out+i]) - v); !(d <= 3e-6*(1+math.Abs(v))) {
						t.Fatalf("%+v class %d number %d: the graph has %v, want the runner's %v", n, c, i, got[c*rows*n.Out+i], v)
					}
				}
			}
		}
	})
}

// TestResidualStart: before the first step a residual generator is the identity, and FiLM has no effect.
func TestResidualStart(t *testing.T) {
	z := stream.New(1, "z").Normals(0, 10, 2)
	residual := mlp.Network{Noise: 2, Out: 2, Width: 8, Depth: 2, Residual: true}
	g, err := fresh(residual, 1).generator(residual)
	if err != nil {
		t.Fatal(err)
	}
	if x, err := g.Generate(z); err != nil || !mat.Equal(x, z) {
		t.Errorf("f(z) is %v (error %v), want z", x, err)
	}
	guided := mlp.Network{Noise: 2, Out: 3, Width: 8, Depth: 2, Classes: 2, Guided: true}
	if g, err = fresh(guided, 1).generator(guided); err != nil {
		t.Fatal(err)
	}
	var samples []*mat.Dense
	for c, alpha := range []float64{1, 3} {
		runner, err := g.Condition(c, alpha)
		if err != nil {
			t.Fatal(err)
		}
		x, err := runner.Generate(z)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, x)
	}
	if !mat.Equal(samples[0], samples[1]) || mat.Norm(samples[0], 2) == 0 {
		t.Errorf("before training the samples of two classes are\n%v and\n%v, want equal ones that are not zero", mat.Formatted(samples[0]), mat.Formatted(samples[1]))
	}
}
