package viz

import (
	"math"
)

// A window is the ranges of both axes.
type window struct{ x0, x1, y0, y1 float64 }

// nowhere is the window of no data.
var nowhere = window{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}

func (w window) union(other window) window {
	return window{min(w.x0, other.x0), max(w.x1, other.x1), min(w.y0, other.y0), max(w.y1, other.y1)}
}
