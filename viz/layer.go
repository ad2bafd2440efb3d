package viz

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// An axes is what the layers of a panel ask of its frame.
type axes struct {
	plane          bool      // equal aspect and shared range
	equal          bool      // equal aspect
	bare           bool      // no box, no tick marks
	tight          bool      // no margin around the data
	floor          bool      // y begins at 0
	unit           vg.Length // most pixels for a unit of x, 0 for any
	xticks, yticks []plot.Tick
}

// What layers may implement beside plot.Plotter and plot.DataRanger.
type (
	checker interface{ check() error } // says what cannot be drawn
	shaper  interface{ shape(*axes) }  // asks for a kind of frame
	keyed   interface{ keys() []key }  // has entries in the legend
	filler  interface {                // draws once the ranges are known, with a colour bar
		fill(*plot.Plot) (*shading, error)
	}
	follower interface { // looks different by its turn among the panel's layers of its type, or on other axes
		within(p Panel, before int) plot.Plotter // the layer as p draws it, after so many of its type
	}
)
