package onestep

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/declared"
	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// fields lists every field of package wflow that training knows, a line each, with all knobs that change its graph.
func fields() []wflow.Field {
	var list []wflow.Field
	seen := map[string]bool{}
	for k := range 8 { // both ways of guidance, without and with a mask, both costs
		guidance, mask, cost := wflow.Guidance(k%2), k/2%2 == 1, sinkhorn.Cost(k/4)
		for _, f := range []wflow.Field{
			&wflow.Sinkhorn{Iterations: 4, Cost: cost, MaskDiagonal: mask, Guidance: guidance},
			&wflow.KL{MaskDiagonal: mask, Guidance: guidance},
			&wflow.MMD{Guidance: guidance},
			&wflow.Drifting{},
			&wflow.Sliced{Projections: 7, Guidance: guidance},
		} {
			if key := fmt.Sprintf("%T %+v", f, f); !seen[key] {
				list, seen[key] = append(list, f), true
			}
		}
	}
	return list
}

// TestEveryFieldIsListed: a field of package wflow that is Trainable has its graph here, and its line in fields.
func TestEveryFieldIsListed(t *testing.T) {
	want, err := declared.Receivers("..", "WithR")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fields() {
		got = append(got, reflect.TypeOf(f).Elem().Name())
		if _, err := graphOf(f, 1, 2); err != nil {
			t.Errorf("%T %+v: error %v, want a graph: add its case to graphOf in field.go", f, f, err)
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("the list of fields has %v, package wflow has %v that are Trainable: give each a case in graphOf of field.go and a line in fields", got, want)
	}
}

// TestHost: on random clouds of unequal sizes the graph agrees with wflow.Objective.Goal, for every field.
func TestHost(t *testing.T) {
	b := goBackend(t)
	for _, field := range fields() {
		r := []float64{0.03, 0.3}
		if !field.(wflow.Trainable).Regularised() {
			r = r[:1]
		}
		for _, c := range unequal() {
			agrees(t, b, field, r, c)
		}
	}
}

// unequal returns random clouds of unequal sizes, with and without a second batch, with and without guidance.
func unequal() []clouds {
	c := clouds{b: 2, n: 5, m: 4, u: 3, d: 2, alpha: []float64{1.3, 2.5}}
	fill := func(name string, n int, shift float64) []float64 {
		v := make([]float64, c.b*n*c.d)
		for i := range v {
			v[i] = shift + normal(name, i)
		}
		return v
	}
	c.particles, c.data, c.unconditional = fill("particles", c.n, 0), fill("data", c.m, 1), fill("unconditional", c.u, -1)
	c.self = fill("self", 6, 0)
	guided, plain, both := c, c, c
	guided.self, both.self = nil, nil
	plain.u, both.u = 0, 0
	return []clouds{c, guided, plain, both}
}

// agrees checks that the graph's float64 answers are the host's within 1e-9.
func agrees(t *testing.T, b compute.Backend, field wflow.Field, r []float64, c clouds) {
	t.Helper()
	goal, err := wflow.Objective{Field: field, R: r}.Goal(context.Background(), c.host())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]float64{"loss": goal.Loss, "scale": {goal.Scale}, "s": {goal.S}}
	for _, v := range goal.Velocity {
		want["velocity"] = append(want["velocity"], v.RawMatrix().Data...)
	}
	for k, v := range goal.MeanSquare {
		want[fmt.Sprintf("mean_square%d", k)] = []float64{v}
	}
	got := call[float64](t, b, field, r, c)
	for name, w := range want {
		for i := range w {
			if d := math.Abs(got[name][i] - w[i]); !(d <= 1e-9*(1+math.Abs(w[i]))) {
				t.Errorf("%T %+v, %d in a second batch, %d unconditional: %s[%d] is %v, want the host's %v",
					field, field, len(c.self), c.u, name, i, got[name][i], w[i])
				break
			}
		}
	}
}

// TestEveryFieldTrains: with every field, training makes the mean square of its velocity fall to less than half: noise
// about the origin becomes samples around (2, −1).
func TestEveryFieldTrains(t *testing.T) {
	b := goBackend(t)
	trained := map[string]bool{}
	for _, field := range fields() {
		name := fmt.Sprintf("%T", field)
		if trained[name] {
			continue
		}
		trained[name] = true
		var signal []float64
		_, err := Train(context.Background(), b, Training{
			Network: mlp.Network{Noise: 2, Out: 2, Width: 16, Depth: 1, Residual: true},
			Data: []Source{func(s stream.Stream, first, n int) *mat.Dense {
				x := s.Normals(first, n, 2)
				x.Apply(func(_, k int, v float64) float64 { return []float64{2, -1}[k] + 0.3*v }, x)
				return x
			}},
			Field: field, R: []Annealing{{0.3, 0.3}}, Batch: Sizes{Particles: 24, Data: 20},
			Steps: 150, Rate: Rate{Peak: 0.02, WarmUp: 10},
			Report: func(p Progress) { signal = append(signal, p.MeanSquare[0]) },
		})
		if err != nil {
			t.Errorf("%T: error %v, want none", field, err)
			continue
		}
		mean := func(v []float64) float64 { return mat.Sum(mat.NewVecDense(len(v), v)) / float64(len(v)) }
		if first, last := mean(signal[:10]), mean(signal[140:]); !(last < first/2) {
			t.Errorf("%T: mean V² goes from %v to %v, want less than half", field, first, last)
		}
	}
}

// plane is a field for two dimensions.
type plane struct{ wflow.Sliced }

func (f *plane) WithR(_ float64, d int) (wflow.Field, error) {
	if d != 2 {
		return nil, fmt.Errorf("plane: %d dimensions, want 2", d)
	}
	return f, nil
}

func (f *plane) VelocityGraph(b Batch, r *graph.Node) *graph.Node {
	return slicedGraph{&f.Sliced}.VelocityGraph(b, r)
}

func (f *plane) SurroundingsGraph(b Batch) Surroundings {
	return slicedGraph{&f.Sliced}.SurroundingsGraph(b)
}

// TestDimension: Loss and Train ask a field about the dimension of their clouds, and about no other.
func TestDimension(t *testing.T) {
	b := goBackend(t)
	agrees(t, b, &plane{}, []float64{1}, unequal()[0])
	for d, want := range map[int]string{2: "<nil>", 3: "plane: 3 dimensions, want 2"} {
		_, err := Train(context.Background(), b, Training{
			Network: mlp.Network{Noise: d, Out: d, Width: 4, Depth: 1},
			Data:    []Source{func(s stream.Stream, first, n int) *mat.Dense { return s.Normals(first, n, d) }},
			Field:   &plane{}, Batch: Sizes{Particles: 4, Data: 5}, Steps: 1,
		})
		if got := fmt.Sprint(err); !strings.Contains(got, want) {
			t.Errorf("training in %d dimensions: error %s, want %s", d, got, want)
		}
	}
}

// flowing is a field that has no graph, and wide one whose graph has another shape than the particles.
type flowing struct{ wflow.Field }

type wide struct{ wflow.Field }

func (wide) Regularised() bool { return true }

func (wide) VelocityGraph(b Batch, r *graph.Node) *graph.Node { return graph.Reshape(r, 1, 1, 1) }

func (wide) SurroundingsGraph(b Batch) Surroundings { return b.Surroundings(wflow.ByVelocity) }

// TestLossErrors: what Loss cannot use is an error that says what to do.
func TestLossErrors(t *testing.T) {
	b := goBackend(t)
	for _, c := range []struct {
		field wflow.Field
		r     int
		want  string
	}{
		{&wflow.KL{}, 0, "no R"},
		{&wflow.Sinkhorn{}, 1, "Iterations 0, training wants 1 or more"},
		{&wflow.Drifting{Bare: true}, 1, "Bare"},
		{&wflow.Sliced{Projections: -1}, 1, "Projections -1"},
		{&wflow.Sliced{}, 2, "2 values of R for *wflow.Sliced, which has no regularisation"},
		{flowing{}, 1, "the field onestep.flowing has no graph: for training it wants the methods Regularised, VelocityGraph and SurroundingsGraph"},
		{wide{}, 1, "the velocity of onestep.wide is"},
	} {
		exec, err := graph.NewExec(b, func(particles, data, r *graph.Node) *graph.Node {
			return Loss(c.field, slices.Repeat([]*graph.Node{r}, c.r), Batch{Particles: particles, Data: data}).Loss
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = exec.Call([][][]float32{{{0, 1}, {2, 3}}}, [][][]float32{{{0, 1}, {2, 3}, {1, 1}}}, float32(0.1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
