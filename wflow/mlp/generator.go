package mlp

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/mat"
)

// Generator is a network with its weights. It is immutable: use it from many goroutines.
type Generator struct {
	Network Network
	weights map[string][]float32 // as in Network.Tensors
	layers  []layer
	film    []modulation // one per hidden layer once a class is chosen
}

// layer is one dense layer. Its weights are transposed to [out, in], so that those of one output are contiguous.
type layer struct{ weight, bias []float64 }

// modulation is γ and β of one hidden layer for the class and the guidance scale that were chosen.
type modulation struct{ gamma, beta []float64 }

// New returns the generator with the given weights, row-major and named as in Network.Tensors; they are copied. The
// error names a tensor that is missing, has another length or holds NaN or Inf.
func New(n Network, weights map[string][]float32) (*Generator, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	g := &Generator{Network: n, weights: map[string][]float32{}}
	for _, t := range n.Tensors() {
		size := 1
		for _, d := range t.Shape {
			size *= d
		}
		w, ok := weights[t.Name]
		if !ok {
			return nil, fmt.Errorf("mlp: tensor %q is missing", t.Name)
		}
		if len(w) != size {
			return nil, fmt.Errorf("mlp: tensor %q: %d numbers, want shape %v", t.Name, len(w), t.Shape)
		}
		for i, v := range w {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return nil, fmt.Errorf("mlp: tensor %q: number %d is %v", t.Name, i, v)
			}
		}
		g.weights[t.Name] = append([]float32(nil), w...)
	}
	for l := range n.Depth + 1 {
		weight, bias := Layer(l)
		b := widen(g.weights[bias])
		g.layers = append(g.layers, layer{transposed(g.weights[weight], len(b)), b})
	}
	return g, nil
}

func widen(v []float32) []float64 {
	w := make([]float64, len(v))
	for i := range v {
		w[i] = float64(v[i])
	}
	return w
}

// transposed returns the transpose of w [·, columns].
func transposed(w []float32, columns int) []float64 {
	rows := len(w) / columns
	t := make([]float64, len(w))
	for i := range rows {
		for j := range columns {
			t[j*rows+i] = float64(w[i*columns+j])
		}
	}
	return t
}

// Condition returns the generator of one class c at one guidance scale α; α = 1 is no guidance. It is an error if there
// is no such class, if α is not positive, or if α is not 1 and the network is not Guided.
func (g *Generator) Condition(class int, alpha float64) (*Generator, error) {
	n := g.Network
	if class < 0 || class >= n.Classes {
		return nil, fmt.Errorf("mlp: class %d of a generator with %d classes", class, n.Classes)
	}
	if !(alpha > 0) || math.IsInf(alpha, 1) || alpha != 1 && !n.Guided {
		return nil, fmt.Errorf("mlp: guidance scale %v, want a positive number, or 1 if the network is not Guided", alpha)
	}
	hidden := widen(g.weights["class"][class*n.Width : (class+1)*n.Width])
	for j := range hidden {
		if n.Guided {
			hidden[j] += float64((alpha - 1) * float64(g.weights["guidance"][j]))
		}
		hidden[j] = silu(hidden[j])
	}
	in := make([]lanes, n.Width)
	for j, h := range hidden {
		in[j][0] = h
	}
	conditioned := *g
	conditioned.film = nil
	zero := make([]float64, 2*n.Width)
	for l := range n.Depth {
		out := make([]lanes, 2*n.Width)
		dense(out, in, transposed(g.weights[Film(l)], 2*n.Width), zero)
		both := make([]float64, 2*n.Width)
		for j := range out {
			both[j] = out[j][0]
		}
		conditioned.film = append(conditioned.film, modulation{both[:n.Width], both[n.Width:]})
	}
	return &conditioned, nil
}

// Generate returns the samples [n, d] for noise [n, k], one evaluation of the network each. Choose a class with Condition
// first if the generator has classes. Arithmetic is float64 on the float32 weights, in one order: sample i depends on row
// i of the noise alone, and its bytes are the same on every platform and for any number of processors.
func (g *Generator) Generate(noise *mat.Dense) (*mat.Dense, error) {
	n, k := noise.Dims()
	if k != g.Network.Noise {
		return nil, fmt.Errorf("mlp: noise of dimension %d, want %d", k, g.Network.Noise)
	}
	if g.Network.Classes > 0 && g.film == nil {
		return nil, fmt.Errorf("mlp: a generator with %d classes: choose one with Condition", g.Network.Classes)
	}
	for i := range n {
		for _, v := range noise.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("mlp: noise row %d holds %v", i, v)
			}
		}
	}
	samples := mat.NewDense(n, g.Network.Out, nil)
	blocks := (n + len(lanes{}) - 1) / len(lanes{})
	workers := min(runtime.GOMAXPROCS(0), blocks)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			run := newRun(g)
			for b := w * blocks / workers; b < (w+1)*blocks/workers; b++ {
				run.block(samples, noise, b*len(lanes{}))
			}
		})
	}
	wait.Wait()
	return samples, nil
}

// run is the memory of one worker.
type run struct {
	*Generator
	noise, out   []lanes
	hidden, next []lanes
}

func newRun(g *Generator) *run {
	n := g.Network
	return &run{g, make([]lanes, n.Noise), make([]lanes, n.Out), make([]lanes, n.Width), make([]lanes, n.Width)}
}

// block generates the samples from row first on, eight or as many as are left.
func (r *run) block(samples, noise *mat.Dense, first int) {
	n, _ := noise.Dims()
	count := min(len(lanes{}), n-first)
	for l := range count {
		for k, v := range noise.RawRowView(first + l) {
			r.noise[k][l] = v
		}
	}
	in := r.noise
	for l := range r.Network.Depth {
		dense(r.next, in, r.layers[l].weight, r.layers[l].bias)
		var m modulation
		if r.film != nil {
			m = r.film[l]
		}
		activate(r.next, m.gamma, m.beta)
		r.hidden, r.next = r.next, r.hidden
		in = r.hidden
	}
	last := r.layers[r.Network.Depth]
	dense(r.out, in, last.weight, last.bias)
	for l := range count {
		row := samples.RawRowView(first + l)
		for j := range row {
			row[j] = r.out[j][l]
			if r.Network.Residual {
				row[j] += r.noise[j][l]
			}
		}
	}
}
