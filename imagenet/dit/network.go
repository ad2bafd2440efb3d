package dit

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/attention"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

const (
	epsilon     = 1e-6 // of every norm, added to the mean square
	base        = 10000.0
	frequencies = 256 // cosines and sines of the guidance scale
)

// Generate builds the generator: latents [B, Size, Size, Channels] in one evaluation of the network, scaled as those of the
// autoencoder are.
//
//   - noise is standard normal and has the shape of the latents.
//   - labels [B] are classes 0 … Classes−1, of any integer type.
//   - styles [B, Codebooks] are entries 0 … Entries−1, uniform and independent, of any integer type; nil without codebooks.
//   - alpha [B] is the guidance scale, 1 for no guidance.
//
// Noise and alpha have the precision of the weights, which are variables of the scope by the names of the Table. Generate
// panics, as graph building does, if the Config is not valid or a shape is another. It does not see integers that are out of
// range, which engines clamp: the caller has to refuse them.
func (c Config) Generate(scope *model.Scope, noise, labels, styles, alpha *graph.Node) *graph.Node {
	return c.FromCondition(scope, noise, c.Condition(scope, labels, styles, alpha))
}

// Condition builds the vectors [B, Width] that bring labels, styles and guidance scale into the network:
//
//	E_class[c] + Σ_i E_i[n_i] + 0.02·RMSNorm(MLP(cosines and sines of α))
func (c Config) Condition(scope *model.Scope, labels, styles, alpha *graph.Node) *graph.Node {
	n := c.network(scope, alpha)
	b := alpha.Shape().Dim(0)
	alpha.AssertDims(b)
	labels.AssertDims(b)

	condition := n.entry("class_embed.weight", labels) // [B, Width]
	if c.codebooks() > 0 {
		styles.AssertDims(b, c.Codebooks)
	}
	for i := range c.codebooks() {
		style := graph.Slice(styles, graph.AxisRange(), graph.AxisElem(i)) // [B, 1]
		condition = graph.Add(condition, n.entry(codebook(i), graph.Reshape(style, b)))
	}

	const half = frequencies / 2
	omega := n.constant(func(i int) float64 { return math.Pow(base, -float64(i)/half) }, 1, half)
	angle := graph.Mul(graph.InsertAxes(alpha, -1), omega)                                 // [B, 128]
	guidance := graph.Concatenate([]*graph.Node{graph.Cos(angle), graph.Sin(angle)}, -1)   // [B, 256]
	guidance = activation.Swish(n.linear("cfg_embedder.fc1.linear", guidance))             // [B, Width]
	guidance = n.rmsNorm("cfg_norm.weight", n.linear("cfg_embedder.fc2.linear", guidance)) // [B, Width]
	return graph.Add(condition, graph.MulScalar(guidance, 0.02))
}

// FromCondition builds the latents of [Config.Generate] from noise and the vectors of [Config.Condition].
func (c Config) FromCondition(scope *model.Scope, noise, condition *graph.Node) *graph.Node {
	_, latents := c.network(scope, noise).forward(noise, condition)
	return latents
}

// network is a Config with the scope of its weights, and with the graph and the precision of its input.
type network struct {
	Config
	scope *model.Scope
	g     *graph.Graph
	dtype dtypes.DType
}

func (c Config) network(scope *model.Scope, input *graph.Node) network {
	if err := c.Validate(); err != nil {
		exceptions.Panicf("%v", err)
	}
	return network{c, scope, input.Graph(), input.DType()}
}

// forward returns the tokens after every block and the latents.
func (n network) forward(noise, condition *graph.Node) (blocks []*graph.Node, latents *graph.Node) {
	b := noise.Shape().Dim(0)
	noise.AssertDims(b, n.Size, n.Size, n.Channels)
	condition.AssertDims(b, n.Width)

	x := n.tokens(noise, condition) // [B, N, Width]
	for k := range n.Depth {
		x = n.block(k, x, condition) // [B, N, Width]
		blocks = append(blocks, x)
	}
	return blocks, n.output(x, condition) // [B, Size, Size, Channels]
}

// tokens returns the tokens [B, N, Width]: first the in-context tokens, then one for each patch of the noise.
func (n network) tokens(noise, condition *graph.Node) *graph.Node {
	b, side := noise.Shape().Dim(0), n.Size/n.Patch
	x := graph.Reshape(noise, b, side, n.Patch, side, n.Patch, n.Channels)
	x = graph.TransposeAllAxes(x, 0, 1, 3, 2, 4, 5)
	x = graph.Reshape(x, b, n.latents(), n.point())
	x = n.linear("model.patch_embed.linear", x) // [B, latents, Width]
	x = graph.Add(x, n.weight("model.pos_embed"))
	if n.Context == 0 {
		return x
	}
	context := graph.InsertAxes(n.linear("model.c_token_proj.linear", condition), 1) // [B, 1, Width]
	context = graph.Add(context, n.weight("model.cls_embed"))                        // [B, Context, Width]
	return graph.Concatenate([]*graph.Node{context, x}, 1)
}

// block returns the tokens after block k:
//
//	x ← x + gate₁ ⊙ Attention(norm(x) ⊙ (1 + scale₁) + shift₁)
//	x ← x + gate₂ ⊙ MLP(norm(x) ⊙ (1 + scale₂) + shift₂)
func (n network) block(k int, x, condition *graph.Node) *graph.Node {
	if n.Recompute {
		x = x.Checkpoint()
	}
	name := block(k)
	m := n.modulation(name+"adaLN_mod.1.linear", condition, 6) // shift₁, scale₁, gate₁, shift₂, scale₂, gate₂
	x = graph.Add(x, graph.Mul(m[2], n.attention(name+"attn.", modulate(n.norm(name+"norm1", x), m[0], m[1]))))
	x = graph.Add(x, graph.Mul(m[5], n.mlp(name+"mlp.", modulate(n.norm(name+"norm2", x), m[3], m[4]))))
	if n.Recompute {
		x = x.StopCheckpoint()
	}
	return x
}

// output returns the latents [B, Size, Size, Channels] of the tokens, without the in-context ones.
func (n network) output(x, condition *graph.Node) *graph.Node {
	b, side := x.Shape().Dim(0), n.Size/n.Patch
	x = graph.Slice(x, graph.AxisRange(), graph.AxisRangeToEnd(n.Context)) // [B, latents, Width]
	m := n.modulation("model.final_layer.adaLN_mod.1.linear", condition, 2)
	x = modulate(n.norm("model.final_layer.norm_final", x), m[0], m[1])
	x = n.linear("model.final_layer.linear.linear", x) // [B, latents, Patch·Patch·Channels]
	if n.Pixels {
		x = graph.Tanh(x)
	}
	x = graph.Reshape(x, b, side, side, n.Patch, n.Patch, n.Channels)
	x = graph.TransposeAllAxes(x, 0, 1, 3, 2, 4, 5)
	return graph.Reshape(x, b, n.Size, n.Size, n.Channels)
}

// attention returns the projection of softmax(QKᵀ/√d)·V, which is computed head by head over all tokens: [B, N, Width].
func (n network) attention(name string, x *graph.Node) *graph.Node {
	b, tokens, d := x.Shape().Dim(0), x.Shape().Dim(1), n.Width/n.Heads
	qkv := graph.Reshape(n.linear(name+"qkv.linear", x), b, tokens, 3, n.Heads, d)
	part := func(i int) *graph.Node { // [B, N, Heads, d]
		return graph.Squeeze(graph.Slice(qkv, graph.AxisRange(), graph.AxisRange(), graph.AxisElem(i)), 2)
	}
	q, k, v := part(0), part(1), part(2)
	if n.QKNorm {
		q, k = n.headNorm(name+"q_norm", q), n.headNorm(name+"k_norm", k)
	}
	if n.RoPE {
		q, k = n.rotate(q), n.rotate(k)
	}
	x = graph.Reshape(n.attend(q, k, v), b, tokens, n.Width)
	return n.linear(name+"proj.linear", x)
}

// attend returns softmax(QKᵀ/√d)·V, [B, N, Heads, d] all. The queries are scaled, not the scores: on XLA's CPU engine that
// makes the whole network 6 % faster.
func (n network) attend(q, k, v *graph.Node) *graph.Node {
	q = graph.MulScalar(q, 1/math.Sqrt(float64(q.Shape().Dim(-1))))
	round := n.BFloat16 && !n.Float32Attention
	if round {
		q, k, v = bfloat16(q), bfloat16(k), bfloat16(v)
		if n.g.Backend().Capabilities().Operations[compute.OpTypeFusedScaledDotProductAttentionVJP] { // cuDNN
			out, _ := attention.Core(q, k, v, attention.LayoutBSHD, attention.CoreOptions{Scale: 1})
			return graph.ConvertDType(out, n.dtype)
		}
	}
	p := graph.Softmax(graph.ConvertDType(graph.Einsum("bqhd,bkhd->bhqk", q, k), n.dtype), -1) // [B, Heads, N, N]
	if round {
		p = bfloat16(p)
	}
	return graph.ConvertDType(graph.Einsum("bhqk,bkhd->bqhd", p, v), n.dtype)
}

// rotate turns the pairs (i, i + d/2) of the numbers of every head by the token's index times base^(−2i/d).
func (n network) rotate(x *graph.Node) *graph.Node {
	tokens, d := x.Shape().Dim(1), x.Shape().Dim(-1)
	half := d / 2
	angle := func(i int) float64 { return float64(i/half) * math.Pow(base, -float64(i%half)/float64(half)) }
	cos := n.constant(func(i int) float64 { return math.Cos(angle(i)) }, 1, tokens, 1, half)
	sin := n.constant(func(i int) float64 { return math.Sin(angle(i)) }, 1, tokens, 1, half)
	x1 := graph.SliceAxis(x, -1, graph.AxisRangeFromStart(half))
	x2 := graph.SliceAxis(x, -1, graph.AxisRangeToEnd(half))
	return graph.Concatenate([]*graph.Node{
		graph.Sub(graph.Mul(x1, cos), graph.Mul(x2, sin)),
		graph.Add(graph.Mul(x2, cos), graph.Mul(x1, sin)),
	}, -1)
}

// mlp is the feed-forward part of a block, on each token by itself: [B, N, Width].
func (n network) mlp(name string, x *graph.Node) *graph.Node {
	if !n.SwiGLU {
		return n.linear(name+"fc2.linear", activation.Gelu(n.linear(name+"fc1.linear", x)))
	}
	gate := activation.Swish(n.linear(name+"w1.linear", x)) // [B, N, inner]
	return n.linear(name+"w2.linear", graph.Mul(gate, n.linear(name+"w3.linear", x)))
}

// modulation returns some vectors [B, 1, Width], a linear function of SiLU(condition).
func (n network) modulation(name string, condition *graph.Node, vectors int) []*graph.Node {
	return graph.Split(graph.InsertAxes(n.linear(name, activation.Swish(condition)), 1), -1, vectors)
}

func modulate(x, shift, scale *graph.Node) *graph.Node {
	return graph.Add(graph.Mul(x, graph.AddScalar(scale, 1)), shift)
}

// norm normalises tokens [B, N, Width].
func (n network) norm(name string, x *graph.Node) *graph.Node {
	if n.RMSNorm {
		return n.rmsNorm(name+".weight", x)
	}
	return layerNorm(x)
}

// headNorm normalises queries or keys [B, N, Heads, d].
func (n network) headNorm(name string, x *graph.Node) *graph.Node {
	if n.RMSNorm {
		return n.rmsNorm(name+".weight", x)
	}
	x = graph.Mul(layerNorm(x), left(n.weight(name+".weight"), x))
	return graph.Add(x, left(n.weight(name+".bias"), x))
}

// rmsNorm returns x/√(mean x² + ε) ⊙ weight over the last axis.
func (n network) rmsNorm(weight string, x *graph.Node) *graph.Node {
	square := graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1)
	return graph.Mul(graph.Mul(x, graph.Reciprocal(graph.Sqrt(graph.AddScalar(square, epsilon)))), left(n.weight(weight), x))
}

// layerNorm returns (x − mean)/√(variance + ε) over the last axis.
func layerNorm(x *graph.Node) *graph.Node {
	x = graph.Sub(x, graph.ReduceAndKeep(x, graph.ReduceMean, -1))
	square := graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1)
	return graph.Mul(x, graph.Reciprocal(graph.Sqrt(graph.AddScalar(square, epsilon))))
}

// linear returns x·Wᵀ + b [..., out] of x [..., in].
func (n network) linear(name string, x *graph.Node) *graph.Node {
	w, b := n.weight(name+".weight"), n.weight(name+".bias")
	if n.BFloat16 {
		x, w = bfloat16(x), bfloat16(w)
	}
	y := graph.ConvertDType(graph.DotGeneral(x, []int{-1}, nil, w, []int{-1}, nil), n.dtype)
	return graph.Add(y, left(b, y))
}

// entry returns the rows [B, Width] of a table that index [B] counts.
func (n network) entry(name string, index *graph.Node) *graph.Node {
	return graph.Gather(n.weight(name), graph.InsertAxes(index, -1))
}

func (n network) weight(name string) *graph.Node { return weights.Node(n.scope, n.g, name) }

func bfloat16(x *graph.Node) *graph.Node { return graph.ConvertDType(x, dtypes.BFloat16) }

// constant returns an array whose numbers are given by a formula of the row-major index.
func (n network) constant(formula func(i int) float64, shape ...int) *graph.Node {
	size := 1
	for _, d := range shape {
		size *= d
	}
	values := make([]float64, size)
	for i := range values {
		values[i] = formula(i)
	}
	return graph.ConvertDType(graph.Const(n.g, tensors.FromFlatDataAndDimensions(values, shape...)), n.dtype)
}

// left gives x as many axes as like has, by new ones on the left.
func left(x, like *graph.Node) *graph.Node { return graph.ExpandLeftToRank(x, like.Rank()) }
