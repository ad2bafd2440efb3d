package viz

import "gonum.org/v1/plot"

// Layers are what a panel shows, the first at the bottom: the types of this package, and any gonum plotter, which joins in
// without legend.
type Layers []plot.Plotter

// A Panel is one frame with axes. The zero value of every field but Layers works.
//
// Panels with a layer of the plane (clouds, trajectories, arrows, links, fields) have equal aspect, one unit being as long
// on both axes, and share one range with all such panels of the figure, so that they can be compared at a glance; inner
// panels then need no tick labels. Nothing is drawn outside the frame. The legend stands above it, or above the whole
// figure where one serves all panels.
type Panel struct {
	Title          string
	XLabel, YLabel string     // with the unit; "" is x₁ and x₂ for panels of the plane
	XLim, YLim     [2]float64 // range of the axis; zero is that of the layers, with a margin
	LogX, LogY     bool
	Free           bool // keeps its own range where panels of the plane share theirs
	Layers         Layers
}
