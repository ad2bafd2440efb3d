// Package residual is a small one-step generator: a residual network on one vector that turns noise, a class and a guidance
// scale into an image in one evaluation. It is for small images and few classes, such as digits, where a transformer
// (package dit) is slower and, in a short training on pixels, worse.
//
//	c := residual.Digits()                                 // of the preset gen/mnist_pixels
//	store := model.NewStore()                              // of GoMLX
//	scope := store.RootScope()
//	err := weights.Load(scope, c.Table(), c.Initial(seed))
//
// A function that builds a graph, for model.CallOnce or model.NewExec on the backend of engine.Find, then calls
//
//	images := c.Generate(scope, noise, labels, styles, alpha) // [B, 32, 32, 1]
//
// [FromPreset] returns the Config of a configuration file. A Config is a generator.Network, so that packages train and
// sample take it as they take a dit.Config.
package residual

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

const (
	epsilon = 1e-6 // of every norm, added to the mean square

	// enter is the weight with which class and styles are added to the input of the first block. Their vectors begin with
	// deviation 0.02, and with it at a quarter.
	enter = 12.5
)

// Generate builds the network: images [B, Side, Side, Channels] in one evaluation.
//
//   - noise [B, Noise] is standard normal.
//   - labels [B] are classes 0 … Classes−1, of any integer type.
//   - styles [B, Codebooks] are entries 0 … Entries−1, uniform and independent, of any integer type; nil without codebooks.
//   - alpha [B] is the guidance scale, 1 for no guidance.
//
// With the vectors e = E_class[c] + Σ_i E_i[n_i] of class and styles, and with the condition c = e + 0.02·RMSNorm(MLP(α)),
// which is dit.Config.Condition, it computes
//
//	h ← W z + b + 12.5·e
//	h ← h + (1 + gate) ⊙ W₂ SiLU(W₁(norm(h) ⊙ (1 + scale) + shift))   Depth times
//	x = tanh(W(norm(h) ⊙ (1 + scale) + shift) + b)
//
// where norm is RMSNorm with weights of its own, and every shift, scale and gate is a linear function of SiLU(c) that
// begins at 0. The tanh keeps pixels between −1 and 1. Without it a network has to hit −1 wherever there is paper, and leaves
// grey specks there; with it, every number well below −2 is paper.
//
// Noise and alpha have the precision of the weights, which are variables of the scope by the names of the Table. Generate panics,
// as graph building does, if the Config is not valid or a shape is another. It does not see integers that are out of range, which
// engines clamp: the caller has to refuse them.
//
// Source: the blocks are those of Peebles and Xie, Scalable Diffusion Models with Transformers (2023), without
// attention, and with a gate that begins open.
func (c Config) Generate(scope *model.Scope, noise, labels, styles, alpha *graph.Node) *graph.Node {
	if err := c.Validate(); err != nil {
		exceptions.Panicf("%v", err)
	}
	b := noise.Shape().Dim(0)
	noise.AssertDims(b, c.Noise)
	n := network{scope, noise.Graph()}
	condition := activation.Swish(c.transformer().Condition(scope, labels, styles, alpha)) // [B, Width]

	entering := n.entry("class_embed.weight", labels) // [B, Width]
	for i := range c.codebooks() {
		style := graph.Reshape(graph.Slice(styles, graph.AxisRange(), graph.AxisElem(i)), b)
		entering = graph.Add(entering, n.entry(codebook(i), style))
	}
	h := graph.Add(n.linear("model.noise_embed.linear", noise), graph.MulScalar(entering, enter))
	for k := range c.Depth {
		name := block(k)
		m := graph.Split(n.linear(name+"adaLN_mod.1.linear", condition), -1, 3) // shift, scale, gate
		x := n.modulated(name+"norm", h, m[0], m[1])
		x = activation.Swish(n.linear(name+"mlp.fc1.linear", x)) // [B, Inner]
		x = n.linear(name+"mlp.fc2.linear", x)                   // [B, Width]
		h = graph.Add(h, graph.Mul(graph.AddScalar(m[2], 1), x))
	}
	m := graph.Split(n.linear("model.final_layer.adaLN_mod.1.linear", condition), -1, 2)
	x := n.modulated("model.final_layer.norm_final", h, m[0], m[1])
	x = graph.Tanh(n.linear("model.final_layer.linear.linear", x))
	return graph.Reshape(x, b, c.Side, c.Side, c.Channels)
}

// network builds layers on the weights of a scope.
type network struct {
	scope *model.Scope
	g     *graph.Graph
}

// modulated returns x/√(mean x² + ε) ⊙ weight ⊙ (1 + scale) + shift, [B, Width].
func (n network) modulated(norm string, x, shift, scale *graph.Node) *graph.Node {
	square := graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1)
	x = graph.Mul(x, graph.Reciprocal(graph.Sqrt(graph.AddScalar(square, epsilon))))
	x = graph.Mul(x, graph.InsertAxes(n.weight(norm+".weight"), 0))
	return graph.Add(graph.Mul(x, graph.AddScalar(scale, 1)), shift)
}

// linear returns x·Wᵀ + b [B, out] of x [B, in].
func (n network) linear(name string, x *graph.Node) *graph.Node {
	x = graph.DotGeneral(x, []int{-1}, nil, n.weight(name+".weight"), []int{-1}, nil)
	return graph.Add(x, graph.InsertAxes(n.weight(name+".bias"), 0))
}

// entry returns the rows [B, Width] of a table that index [B] counts.
func (n network) entry(name string, index *graph.Node) *graph.Node {
	return graph.Gather(n.weight(name), graph.InsertAxes(index, -1))
}

func (n network) weight(name string) *graph.Node { return weights.Node(n.scope, n.g, name) }
