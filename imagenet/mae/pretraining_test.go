package mae

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestMask: the encoder does not see what is hidden, and the reconstruction is judged only there.
func TestMask(t *testing.T) {
	b, _ := backend(t)
	const batch, side = 2, 16
	store := loaded(t, tiny, 1)
	exec := model.MustNewExec(b, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		l := tiny.Losses(scope, in[0], in[1], in[2], in[3])
		return []*graph.Node{l.Total, l.Reconstruction, l.CrossEntropy}
	})
	losses := func(x []float32, hidden []float32, lambda float32) [3][]float32 {
		out := exec.MustCall(tensors.FromFlatDataAndDimensions(x, batch, side, side, tiny.Channels),
			tensors.FromFlatDataAndDimensions(hidden, batch, side/2, side/2), []int32{1, 4}, lambda)
		var l [3][]float32
		for k := range l {
			l[k] = tensors.MustCopyFlatData[float32](out[k])
		}
		return l
	}
	x, y := converted[float32](normals("x", batch*side*side*3)), converted[float32](normals("y", batch*side*side*3))
	all := slices.Repeat([]float32{1}, batch*side*side/4)
	if a, b := losses(x, all, 1), losses(y, all, 1); !slices.Equal(a[2], b[2]) || slices.Equal(a[1], b[1]) || !slices.Equal(a[0], a[2]) {
		t.Errorf("all hidden: %v and %v, want the same cross entropy, another reconstruction, and the cross entropy as total", a, b)
	}
	if a := losses(x, make([]float32, len(all)), 0); a[1][0] != 0 || a[1][1] != 0 || a[0][0] != 0 {
		t.Errorf("nothing hidden: %v, want a reconstruction and a total of 0", a)
	}
	one := make([]float32, len(all))
	one[side/2+3] = 1 // of the first sample: rows 2 and 3, columns 6 and 7
	a := losses(x, one, 0.25)
	if want := 0.25*a[2][0] + 0.75*a[1][0]; math.Abs(float64(a[0][0]-want)) > 1e-6*float64(want) {
		t.Errorf("total %v of %v and %v, want %v", a[0], a[1], a[2], want)
	}
	z := slices.Clone(x)
	z[(2*side+6)*3] += 1
	if b := losses(z, one, 0.25); !slices.Equal(a[2], b[2]) || a[1][0] == b[1][0] || a[1][1] != b[1][1] {
		t.Errorf("a hidden number changes %v to %v, want it to change the reconstruction of its own sample and nothing else", a, b)
	}
	z = slices.Clone(x)
	z[(4*side+6)*3] += 1
	if b := losses(z, one, 0.25); a[2][0] == b[2][0] || a[2][1] != b[2][1] {
		t.Errorf("a visible number changes %v to %v, want it to change the cross entropy of its own sample and no other", a, b)
	}
}

// TestPretraining: in GoMLX's trainer a few steps of AdamW lower the reconstruction of random latents, and with λ on a few
// more their cross-entropy.
func TestPretraining(t *testing.T) {
	b, xla := backend(t)
	if xla && !golden.Long() {
		t.Skip("compiles for ten seconds; TestGoldenLosses holds the gradients here, pure Go shows the rest")
	}
	const batch, side = 5, 8
	store := loaded(t, tiny, 1)
	p := ReleasedPretraining(640)
	adam := optimizer.Adam().Betas(p.Beta1, p.Beta2).WeightDecay(p.WeightDecay).LearningRate(p.Rate.Peak).Done()
	total := func(_, predictions []*graph.Node) *graph.Node { return predictions[0] }
	trainer := train.NewTrainer(b, store, func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		l := tiny.Losses(scope, in[0], in[1], in[2], in[3])
		return []*graph.Node{l.Total}
	}, total, adam, nil, nil)
	x := converted[float32](normals("x", batch*side*side*tiny.Channels))
	hidden := make([]bool, batch*side*side/4)
	for i := range hidden {
		hidden[i] = stream.New(p.Seed, "hidden").Uniform(uint64(i)) < p.Hidden
	}
	step := func(lambda float64) float32 {
		out, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{
			tensors.FromFlatDataAndDimensions(x, batch, side, side, tiny.Channels),
			tensors.FromFlatDataAndDimensions(hidden, batch, side/2, side/2),
			tensors.FromValue([]int32{0, 1, 2, 3, 4}), tensors.FromScalar(float32(lambda))}})
		if err != nil {
			t.Fatal(err)
		}
		return tensors.ToScalar[float32](out[0])
	}
	phase := func(name string, lambda, below float64) {
		first, last := step(lambda), float32(0)
		for range 15 {
			last = step(lambda)
		}
		if t.Logf("%s: %.4g to %.4g", name, first, last); !(float64(last) < below*float64(first)) {
			t.Errorf("%s: %v after %v, want below %v of it", name, last, first, below)
		}
	}
	phase("reconstruction", p.Lambda(0), 0.7)
	phase("mixed", p.Lambda(p.Steps-1), 1)
	phase("cross-entropy", 1, 0.7)
}

func TestLambda(t *testing.T) {
	p := ReleasedPretraining(640)
	for step, want := range map[int]float64{0: 0, 196_999: 0, 197_000: 0, 197_500: 0.05, 198_000: 0.1, 199_999: 0.1} {
		if got := p.Lambda(step); math.Abs(got-want) > 1e-15 {
			t.Errorf("step %d: λ %v, want %v", step, got, want)
		}
	}
	if p := ReleasedPretraining(256); p.Steps != 30_000 || p.Lambda(p.Steps-1) != 0 {
		t.Errorf("width 256: λ %v in the last of %d steps, want 0 in the last of 30000", p.Lambda(p.Steps-1), p.Steps)
	}
}
