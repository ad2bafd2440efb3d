package mae

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/imagenet/preset"
)

// Feature is a group of feature vectors [B, vectors, channels], by its official name.
type Feature struct {
	Name     string
	Value    *graph.Node
	Constant bool // the same for all latents: the std over a map of one position, as latents of 8×8 have
}

// Features builds the encoder on latents [B, S, S, Channels] and returns the features in which particles and data are
// compared, in the official order. The latent x itself has two groups:
//
//	global   its numbers as one vector, row by row              [B, 1, S·S·Channels]
//	norm_x   √(mean over positions of x² + 1e-6)                [B, 1, Channels]
//
// With InputPatch p, the maps are those of the grid of S/p × S/p squares. They are conv1, layer1 to layer4, and layer1_blk2, …,
// layer4_blk2. All is computed in the type of x, also where the maps are of bfloat16. Each map has these groups, here of conv1,
// with squares of sides p:
//
//	conv1                      every position                  [B, side², channels]
//	conv1_mean, conv1_std      over all positions              [B, 1, channels]
//	conv1_mean_p, conv1_std_p  over the positions of a square  [B, (side/p)², channels]
//
// There std is √(variance + 1e-6), and the variance is the biased one. With [preset.ReleasedFeatures], latents of 32×32 have
// 86 groups of 6,734 vectors together, latents of 16×16 have 82 groups of 1,702, and latents of 8×8 have 70 groups of 442. Of
// these last, layer4_std and layer4_blk2_std are Constant.
//
// Source: arXiv 2605.11755 and its code.
func (c Config) Features(scope *model.Scope, x *graph.Node, f preset.Features) []Feature {
	m := c.Encode(scope, x)
	b := x.Shape().Dim(0)
	features := []Feature{
		{Name: "global", Value: graph.Reshape(x, b, 1, -1)},
		{Name: "norm_x", Value: root(graph.Reshape(graph.ReduceMean(graph.Square(x), 1, 2), b, 1, c.Channels))},
	}
	of := func(name string, m *graph.Node) {
		features = append(features, mapFeatures(f, name, graph.ConvertDType(m, x.DType()))...)
	}
	of("conv1", m.Conv1)
	for k, stage := range m.Stages {
		of(fmt.Sprintf("layer%d", k+1), stage)
	}
	for k, blocks := range m.Blocks {
		for i, block := range blocks {
			if f.EveryBlock > 0 && (i+1)%int(f.EveryBlock) == 0 {
				of(fmt.Sprintf("layer%d_blk%d", k+1, i+1), block)
			}
		}
	}
	return features
}

// mapFeatures returns the features f of a map [B, side, side, channels].
func mapFeatures(f preset.Features, name string, x *graph.Node) []Feature {
	b, side, channels := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(-1)
	over := map[int]moments{1: {mean: x}} // squares of a side
	if side == 1 {
		over[1] = moments{x, graph.ZerosLike(x)}
	}
	for _, p := range slices.Sorted(slices.Values(slices.Concat(f.MeanPatches, f.StdPatches, []int{side}))) {
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

	features := []Feature{{Name: name, Value: graph.Reshape(x, b, side*side, channels)}}
	addFeature := func(suffix string, x *graph.Node) {
		features = append(features, Feature{Name: name + suffix, Value: graph.Reshape(x, b, -1, channels), Constant: suffix == "_std" && side == 1})
	}
	if f.Mean {
		addFeature("_mean", over[side].mean)
	}
	if f.Std {
		addFeature("_std", root(over[side].variance))
	}
	for _, p := range f.MeanPatches {
		if m, ok := over[p]; ok {
			addFeature(fmt.Sprintf("_mean_%d", p), m.mean)
		}
	}
	for _, p := range f.StdPatches {
		if m, ok := over[p]; ok {
			addFeature(fmt.Sprintf("_std_%d", p), root(m.variance))
		}
	}
	return features
}

// moments are the means and the biased variances over squares, each [B, side, side, channels]. A nil variance is zero.
type moments struct{ mean, variance *graph.Node }

// merged returns the moments over squares that are q times as wide. The variance is the mean of the variances plus the
// variance of the means, so that only the smallest squares are computed from the map itself.
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
