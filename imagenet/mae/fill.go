package mae

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Fill shows what pre-training asks for: it returns latents [B, S, S, Channels] with squares set to zero, and the same with these
// squares as the decoder fills them in. Hidden is that of [Config.Losses].
func (c Config) Fill(scope *model.Scope, latents, hidden *graph.Node) (seen, filled *graph.Node) {
	grid, mask := c.hide(latents, hidden)
	grid = graph.Mul(grid, graph.OneMinus(mask))
	guess := c.Decode(scope, c.encode(scope, grid))
	return c.latents(grid), c.latents(graph.Add(grid, graph.Mul(guess, mask)))
}

// hide returns the grid of latents that the encoder sees, and a mask [B, S/InputPatch, S/InputPatch, 1] that is 1 where it is hidden.
func (c Config) hide(latents, hidden *graph.Node) (grid, mask *graph.Node) {
	b, side := latents.Shape().Dim(0), latents.Shape().Dim(1)
	if of := c.inputPatch() * c.Patch; side%of != 0 || side%c.side() != 0 {
		exceptions.Panicf("mae: latents of side %d, want a multiple of %d and of InputPatch × Patch %d", side, c.side(), of)
	}
	grid, side = c.grid(latents), side/c.inputPatch()
	squares := side / c.Patch
	hidden.AssertDims(b, squares, squares)

	mask = graph.Reshape(graph.ConvertDType(hidden, latents.DType()), b, squares, 1, squares, 1)
	return grid, graph.Reshape(graph.BroadcastToDims(mask, b, squares, c.Patch, squares, c.Patch), b, side, side, 1)
}

// latents undoes grid.
func (c Config) latents(grid *graph.Node) *graph.Node {
	p := c.inputPatch()
	b, side := grid.Shape().Dim(0), grid.Shape().Dim(1)
	grid = graph.TransposeAllAxes(graph.Reshape(grid, b, side, side, p, p, c.Channels), 0, 1, 3, 2, 4, 5)
	return graph.Reshape(grid, b, side*p, side*p, c.Channels)
}
