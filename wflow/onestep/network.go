package onestep

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// generate builds the network n on noise [b, ·, k] and returns samples [b, ·, d]. If n has classes, b is their number and
// problem c of the batch is class c; if n is Guided, it is at the guidance scale alpha [b]. The variables are those of the
// scope, by the names of mlp.Network.Tensors, and must exist.
func generate(scope *model.Scope, n mlp.Network, noise, alpha *graph.Node) *graph.Node {
	g := noise.Graph()
	variable := func(name string) *graph.Node { return scope.GetVariable(name).NodeValue(g) }
	b, rows := noise.Shape().Dim(0), noise.Shape().Dim(1)

	var condition *graph.Node // [b, Width]
	if n.Classes > 0 {
		condition = variable("class")
		if n.Guided {
			w := graph.InsertAxes(graph.SubScalar(alpha, 1), -1)
			condition = graph.Add(condition, graph.Mul(w, graph.InsertAxes(variable("guidance"), 0)))
		}
		condition = activation.Swish(condition)
	}

	h := graph.Reshape(noise, b*rows, n.Noise)
	dense := func(l int) *graph.Node {
		weight, bias := mlp.Layer(l)
		return graph.Add(graph.MatMul(h, variable(weight)), graph.InsertAxes(variable(bias), 0))
	}
	for l := range n.Depth {
		h = dense(l)
		if condition != nil {
			film := graph.MatMul(condition, variable(mlp.Film(l)))
			gamma := graph.InsertAxes(graph.Slice(film, graph.AxisRange(), graph.AxisRangeFromStart(n.Width)), 1)
			beta := graph.InsertAxes(graph.Slice(film, graph.AxisRange(), graph.AxisRangeToEnd(n.Width)), 1)
			h = graph.Reshape(h, b, rows, n.Width)
			h = graph.Add(graph.Mul(h, graph.AddScalar(gamma, 1)), beta)
			h = graph.Reshape(h, b*rows, n.Width)
		}
		h = activation.Swish(h)
	}
	out := graph.Reshape(dense(n.Depth), b, rows, n.Out)
	if n.Residual {
		out = graph.Add(out, noise)
	}
	return out
}

// initial returns the weights that training starts from, by the names of mlp.Network.Tensors: normal with variance
// 2/in in the hidden layers and 1/in in the last, normal class vectors, everything else zero. The last layer of a
// residual network is zero too, so that it starts as the identity. FiLM starts without effect.
func initial(n mlp.Network, seed uint64) map[string][]float32 {
	weights := map[string][]float32{}
	for _, t := range n.Tensors() {
		size := 1
		for _, d := range t.Shape {
			size *= d
		}
		weights[t.Name] = make([]float32, size)
	}
	fill := func(name string, deviation float64) {
		s := stream.New(seed, "weights "+name)
		for i := range weights[name] {
			weights[name][i] = float32(deviation * s.Normal(uint64(i)))
		}
	}
	in := n.Noise
	for l := range n.Depth {
		weight, _ := mlp.Layer(l)
		fill(weight, math.Sqrt(2/float64(in)))
		in = n.Width
	}
	if !n.Residual {
		weight, _ := mlp.Layer(n.Depth)
		fill(weight, math.Sqrt(1/float64(in)))
	}
	if n.Classes > 0 {
		fill("class", 1)
	}
	return weights
}
