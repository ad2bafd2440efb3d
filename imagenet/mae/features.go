package mae

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Activations says which features to make of the maps. Beside each field stands its key in activation_kwargs of the
// official configuration files. The zero value asks for nothing but the maps' positions.
type Activations struct {
	Mean       bool  // use_mean: over all positions of a map
	Std        bool  // use_std
	PatchMean  []int // patch_mean_size: over squares of these sides; a side that does not divide a map's is left out there
	PatchStd   []int // patch_std_size
	EveryBlock int   // every_k_block: the output of every so many blocks within a stage is a map, too; 0, there inf, means none
}

// AllActivations returns what every released configuration asks for, and what holds for keys that are missing there:
// means and deviations of everything and of squares of 2 and 4, and every second block.
func AllActivations() Activations {
	return Activations{Mean: true, Std: true, PatchMean: []int{2, 4}, PatchStd: []int{2, 4}, EveryBlock: 2}
}

// Feature is a group of feature vectors [B, vectors, channels], by its official name.
type Feature struct {
	Name  string
	Value *graph.Node
}

// Features builds the encoder on latents [B, S, S, Channels] and returns the features that the drift is computed in, in
// the official order. First of the latent itself:
//
//	global   its numbers as one vector, rows of pixels first    [B, 1, S·S·Channels]
//	norm_x   √(mean over positions of x² + 1e-6)                [B, 1, Channels]
//
// then of each of the maps conv1, layer1 to layer4, layer1_blk2, …, layer4_blk2, for squares of sides p:
//
//	conv1                      every position                  [B, side², channels]
//	conv1_mean, conv1_std      over all positions              [B, 1, channels]
//	conv1_mean_p, conv1_std_p  over the positions of a square  [B, (side/p)², channels]
//
// where std is √(variance + 1e-6), the variance biased. With the released settings 32×32 latents have 86 groups of
// 6,734 vectors together, 16×16 latents 82 groups of 1,702.
//
// Source: arXiv 2605.11755 and its code.
func (c Config) Features(scope *model.Scope, x *graph.Node, a Activations) []Feature {
	m := c.Encode(scope, x)
	b := x.Shape().Dim(0)
	features := []Feature{
		{"global", graph.Reshape(x, b, 1, -1)},
		{"norm_x", root(graph.Reshape(graph.ReduceMean(graph.Square(x), 1, 2), b, 1, c.Channels))},
	}
	features = append(features, a.of("conv1", m.Conv1)...)
	for k, stage := range m.Stages {
		features = append(features, a.of(fmt.Sprintf("layer%d", k+1), stage)...)
	}
	for k, blocks := range m.Blocks {
		for i, block := range blocks {
			if a.EveryBlock > 0 && (i+1)%a.EveryBlock == 0 {
				features = append(features, a.of(fmt.Sprintf("layer%d_blk%d", k+1, i+1), block)...)
			}
		}
	}
	return features
}

// of returns the features of a map [B, side, side, channels].
func (a Activations) of(name string, x *graph.Node) []Feature {
	b, side, channels := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(-1)
	over := map[int]moments{1: {mean: x}} // by the side of the squares
	if side == 1 {
		over[1] = moments{x, graph.ZerosLike(x)}
	}
	for _, p := range slices.Sorted(slices.Values(slices.Concat(a.PatchMean, a.PatchStd, []int{side}))) {
		if p < 2 && p != side {
			exceptions.Panicf("mae: squares of side %d, want at least 2", p)
		}
		if _, known := over[p]; known || side%p != 0 {
			continue
		}
		q := 1
		for k := range over {
			if p%k == 0 {
				q = max(q, k)
			}
		}
		over[p] = over[q].merged(p / q)
	}

	features := []Feature{{name, graph.Reshape(x, b, side*side, channels)}}
	add := func(suffix string, x *graph.Node) {
		features = append(features, Feature{name + suffix, graph.Reshape(x, b, -1, channels)})
	}
	if a.Mean {
		add("_mean", over[side].mean)
	}
	if a.Std {
		add("_std", root(over[side].variance))
	}
	for _, p := range a.PatchMean {
		if m, ok := over[p]; ok {
			add(fmt.Sprintf("_mean_%d", p), m.mean)
		}
	}
	for _, p := range a.PatchStd {
		if m, ok := over[p]; ok {
			add(fmt.Sprintf("_std_%d", p), root(m.variance))
		}
	}
	return features
}

// moments are the means and biased variances over squares, [B, side, side, channels]; a nil variance is zero.
type moments struct{ mean, variance *graph.Node }

// merged returns the moments over squares q times as wide: the variance is the mean of the variances plus the variance
// of the means. So only the smallest squares are computed from the map itself.
func (m moments) merged(q int) moments {
	b, side, channels := m.mean.Shape().Dim(0), m.mean.Shape().Dim(1)/q, m.mean.Shape().Dim(-1)
	mean := func(x *graph.Node) *graph.Node {
		return graph.ReduceMean(graph.Reshape(x, b, side, q, side, q, channels), 2, 4)
	}
	means := mean(m.mean)
	deviation := graph.Sub(graph.Reshape(m.mean, b, side, q, side, q, channels), graph.Reshape(means, b, side, 1, side, 1, channels))
	variance := graph.ReduceMean(graph.Square(deviation), 2, 4)
	if m.variance != nil {
		variance = graph.Add(variance, mean(m.variance))
	}
	return moments{means, variance}
}

// root returns √(x + 1e-6).
func root(x *graph.Node) *graph.Node { return graph.Sqrt(graph.AddScalar(x, 1e-6)) }
