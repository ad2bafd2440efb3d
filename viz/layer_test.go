package viz

import (
	"image"
	"math"
	"reflect"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/wflowlab/wflowlab/internal/declared"
)

// degenerate has what breaks plotting packages: constants, single points, holes, and numbers large and small.
func degenerate() map[string]Panel {
	nan, inf := math.NaN(), math.Inf(1)
	one := mat.NewDense(1, 2, []float64{3, 3})
	return map[string]Panel{
		"one point":      {Layers: Layers{Cloud{Points: one}}},
		"a point twice":  {Layers: Layers{Cloud{Points: mat.NewDense(2, 2, []float64{3, 3, 3, 3})}}},
		"still":          {Layers: Layers{Trajectories{Steps: []*mat.Dense{one, one}}, Arrows{At: one, V: mat.NewDense(1, 2, nil)}}},
		"far":            {Layers: Layers{Cloud{Points: mat.NewDense(2, 2, []float64{1e9, 1e9, 1e9 + 1, 1e9 + 1})}}},
		"huge":           {Layers: Layers{Cloud{Points: circle(5, 1e200, 1e200)}}},
		"tiny":           {Layers: Layers{Cloud{Points: circle(5, 1e-200, 1e-200)}}},
		"stripe":         {Layers: Layers{Cloud{Points: circle(5, 1e6, 1)}}},
		"tower":          {Layers: Layers{Cloud{Points: circle(5, 1, 1e6)}}},
		"constant heat":  {Layers: Layers{Heat{F: func(x, y float64) float64 { return 7 }}, Cloud{Points: one}}},
		"zero heat":      {Layers: Layers{Heat{F: func(x, y float64) float64 { return 0 }, Colors: Diverging}, Cloud{Points: one}}},
		"heat with hole": {Layers: Layers{Heat{F: func(x, y float64) float64 { return math.Log(x - 3) }}, Cloud{Points: one}}},
		"steep heat":     {Layers: Layers{Heat{F: func(x, y float64) float64 { return math.Exp(100 * x) }}, Cloud{Points: circle(5, 1, 1)}}},
		"one link":       {Layers: Layers{Links{X: one, Y: one, Coupling: mat.NewDense(1, 1, []float64{1})}}},
		"matrix":         {Layers: Layers{Matrix{Values: mat.NewDense(1, 1, []float64{0})}}},
		"holed matrix":   {Layers: Layers{Matrix{Values: mat.NewDense(2, 3, []float64{1, nan, 2, inf, 3, -inf})}}},
		"one value":      {Layers: Layers{Curve{Y: []float64{2}}}},
		"constant curve": {Layers: Layers{Curve{Y: []float64{2, 2, 2}}}, LogY: true},
		"at its level":   {Layers: Layers{Curve{Y: []float64{2, 2}}, Level{Y: 2}}},
		"zero curve":     {Layers: Layers{Curve{Y: []float64{0, 0, 0}}}},
		"holed curve":    {Layers: Layers{Curve{Y: []float64{nan, 1, inf, 0, 2, nan}}}, LogY: true, LogX: true},
		"zero bars":      {Layers: Layers{Bars{Labels: []string{"a"}, Series: []Series{{Values: []float64{0}}}}}},
		"underflow":      {Layers: Layers{Curve{Y: []float64{5e-324, 1e308, 1, 1e-200}}}, LogY: true},
		"widest":         {Layers: Layers{Curve{X: []float64{-largest, largest}, Y: []float64{1 / largest, largest}}}, LogY: true},
		"denormal":       {Layers: Layers{Curve{Y: []float64{5e-324, 1e-323}}}},
		"denormal cloud": {Layers: Layers{Cloud{Points: circle(5, 1e-310, 1e-310)}, Arrows{At: circle(5, 1, 1), V: circle(5, 1e-310, 1e-310)}}},
		"denormal cells": {Layers: Layers{Matrix{Values: mat.NewDense(1, 2, []float64{5e-324, 0}), Marginals: true}}},
		"huge cells":     {Layers: Layers{Matrix{Values: mat.NewDense(1, 2, []float64{largest, 1e308}), Colors: Diverging}}},
		"no image":       {Layers: Layers{ImageGrid{Images: []image.Image{(*image.Gray)(nil), image.NewGray(image.Rect(0, 0, 2, 3))}}}},
		"gaps in grid":   {Layers: Layers{ImageGrid{Images: []image.Image{nil, image.NewGray(image.Rect(0, 0, 2, 3))}}}},
	}
}

func TestDegenerateDataIsDrawn(t *testing.T) {
	for name, p := range degenerate() {
		t.Run(name, func(t *testing.T) {
			l, _ := picture(t, Grid{{p}})
			c := l.cells[0][0]
			for _, a := range []plot.Axis{c.plot.X, c.plot.Y} {
				if !(a.Min < a.Max) || math.IsInf(a.Max-a.Min, 0) {
					t.Errorf("axis from %v to %v, want a finite length above 0", a.Min, a.Max)
				}
			}
		})
	}
}

// A misfit is a layer that cannot be drawn, with words of its error.
type misfit struct {
	layer plot.Plotter
	want  string
}

func misfits() []misfit {
	good := circle(3, 1, 1)
	with := func(i, j int, v float64) *mat.Dense {
		x := mat.DenseCopyOf(good)
		x.Set(i, j, v)
		return x
	}
	nan, inf := math.NaN(), math.Inf(1)
	return []misfit{
		{Cloud{}, "points: empty"},
		{Cloud{Points: mat.NewDense(2, 3, nil)}, "points: [2, 3], want [n, 2]"},
		{Cloud{Points: with(1, 0, nan)}, "points: row 1, column 0: NaN"},
		{Cloud{Points: with(2, 1, inf)}, "points: row 2, column 1: +Inf"},
		{Cloud{Points: good, Weights: []float64{1}}, "weights: 1 for 3 points"},
		{Cloud{Points: good, Weights: []float64{1, -1, 1}}, "weights: row 1: -1"},
		{Cloud{Points: good, Weights: []float64{0, 0, 0}}, "weights: sum 0"},
		{Trajectories{}, "steps: empty"},
		{Trajectories{Steps: []*mat.Dense{good, circle(4, 1, 1)}}, "steps[1]: 4 particles, but 3 at the start"},
		{Trajectories{Steps: []*mat.Dense{good, with(0, 0, inf)}}, "steps[1]: row 0, column 0: +Inf"},
		{Arrows{At: good}, "v: empty"},
		{Arrows{At: good, V: circle(2, 1, 1)}, "v: 2 vectors for 3 points"},
		{Arrows{At: good, V: good, Scale: nan}, "scale: NaN"},
		{Links{X: good, Y: good, Coupling: mat.NewDense(3, 2, []float64{1, 1, 1, 1, 1, 1})}, "coupling: [3, 2] for clouds of 3 and 3 points"},
		{Links{X: good, Y: good, Coupling: mat.NewDense(3, 3, nil)}, "coupling: no mass"},
		{Links{X: good, Y: good, Coupling: mat.NewDense(3, 3, []float64{0, 0, 0, 0, 0, -1, 0, 0, 0})}, "coupling: row 1, column 2: negative mass -1"},
		{Matrix{}, "values: empty"},
		{Matrix{Values: mat.NewDense(1, 2, []float64{nan, nan}), Name: "m"}, `"m": no finite value`},
		{Matrix{Values: mat.NewDense(1, 2, []float64{1, nan}), Marginals: true}, "values: row 0, column 1: NaN"},
		{Heat{}, "f: nil"},
		{Heat{F: func(x, y float64) float64 { return nan }}, "no finite value"},
		{Heat{F: math.Hypot, Range: [2]float64{2, 1}}, "range [2, 1]"},
		{Heat{F: math.Hypot, Name: "∇F"}, `"∇F": the font has no '∇'`},
		{Cloud{Points: good, Name: "∇"}, "the font has no"},
		{Curve{}, "y: none of 0 values can be drawn"},
		{Curve{Y: []float64{nan, inf}}, "y: none of 2 values can be drawn"},
		{Curve{X: []float64{1}, Y: []float64{1, 2}}, "x: 1 values for 2 of y"},
		{Level{Y: nan}, "y: NaN"},
		{Bars{}, "0 series of 0 labels"},
		{Bars{Labels: []string{"a"}, Series: []Series{{Values: []float64{1, 2}}}}, "series[0]: 2 values for 1 labels"},
		{Bars{Labels: []string{"a"}, Series: []Series{{Values: []float64{nan}}}}, "series[0]: value 0: NaN"},
		{ImageGrid{}, "images: empty"},
		{ImageGrid{Images: Gray(mat.NewDense(1, 4, nil), 0, 1), Side: -1}, "side: -1 pixels"},
		{ImageGrid{Images: []image.Image{image.NewGray(image.Rect(0, 0, 0, 0))}}, "images[0]: no pixels"},
		{ImageGrid{Images: Gray(mat.NewDense(1, 4, nil), 0, 1), RowLabels: []string{"a", "b"}}, "2 row and 0 column labels for 1 rows of 1 images"},
		{Cloud{Points: mat.NewDense(2, 2, []float64{0, 0, 1.7e308, 1.7e308})}, "points: row 1, column 0: 1.7e+308"},
		{Cloud{Points: good, Weights: []float64{1, 1, 1e308}}, "weights: row 2: 1e+308"},
		{Matrix{Values: mat.NewDense(1, 2, []float64{1, 1e308}), Marginals: true}, "values: row 0, column 1: 1e+308"},
		{Curve{Y: []float64{1e308, 1.7e308}}, "y: none of 2 values can be drawn"},
		{Level{Y: 1e308}, "y: 1e+308"},
		{(*plotter.Line)(nil), "layer 0: nil"},
		{nil, "layer 0: nil"},
	}
}

func TestErrorsNameWhatIsWrong(t *testing.T) {
	for _, c := range misfits() {
		_, err := Panel{Title: "the panel", XLim: [2]float64{-1, 1}, YLim: [2]float64{-1, 1}, Layers: Layers{c.layer}}.render()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "the panel") {
			t.Errorf("%T: error %v, want %s", c.layer, err, c.want)
		}
	}
	good := circle(3, 1, 1)
	for _, c := range []struct {
		figure Figure
		want   string
	}{
		{Panel{}, "x axis: range [+Inf, -Inf]"},
		{Panel{Layers: Layers{Heat{F: math.Hypot}}}, "neither layers nor limits give a range"},
		{Panel{Layers: Layers{Level{Y: 1}}}, "x axis: range"},
		{Panel{Layers: Layers{Curve{Y: []float64{1, 2}}}, YLim: [2]float64{2, 1}}, "y axis: range [2, 1]"},
		{Panel{Layers: Layers{Curve{Y: []float64{1, 2}}}, YLim: [2]float64{-2, 1}, LogY: true}, "y axis: logarithmic, but begins at -2"},
		{Panel{Layers: Layers{Curve{Y: []float64{0, -1}}}, LogY: true}, "none of 2 values"},
		{Panel{Layers: Layers{Cloud{Points: good}}, LogX: true}, "logarithmic axis"},
		{Panel{Layers: Layers{Curve{Y: []float64{1e308, 1.7e308}}}, LogY: true}, "none of 2 values"},
		{Panel{Layers: Layers{Level{Y: 5e-324}}, XLim: [2]float64{0, 1}, LogY: true}, "y axis: logarithmic, but begins at 5e-324"},
		{Panel{Layers: Layers{Curve{Y: []float64{1, 2}}}, YLim: [2]float64{0, 1e308}}, "y axis: range [0, 1e+308]"},
		{Panel{Layers: Layers{Matrix{Values: mat.NewDense(1, 5000, nil)}}}, "[0, 5000] by [0, 1] with equal units leaves a frame without pixels"},
		{Panel{Layers: Layers{Matrix{Values: mat.NewDense(5000, 1, nil)}}}, "[0, 1] by [0, 5000] with equal units leaves a frame without pixels"},
		{Panel{Layers: Layers{ImageGrid{Images: make([]image.Image, 5000), Columns: 5000}}}, "leaves a frame without pixels"},
		{Row{}, "without panels"},
		{Grid{}, "without panels"},
		{Animation{}, "without frames"},
		{Animation{Animation{}}, "frame 0: a viz.Animation is no still figure"},
		{Animation{Row{{Layers: Layers{Cloud{Points: good}}}}, Row{}}, "frame 1"},
	} {
		if _, err := c.figure.render(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: error %v, want %s", c.figure, err, c.want)
		}
	}
}

// TestEveryLayerIsListed: a type of the package with the method Plot is in degenerate and in misfits.
func TestEveryLayerIsListed(t *testing.T) {
	want, err := declared.Receivers(".", "Plot")
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string]map[string]bool{"degenerate": {}, "misfits": {}}
	for _, p := range degenerate() {
		for _, l := range p.Layers {
			lists["degenerate"][reflect.TypeOf(l).Name()] = true
		}
	}
	for _, c := range misfits() {
		if c.layer != nil {
			lists["misfits"][reflect.TypeOf(c.layer).Name()] = true
		}
	}
	for list, has := range lists {
		for _, layer := range want {
			if !has[layer] {
				t.Errorf("%s has no %s, want a line for every layer", list, layer)
			}
		}
	}
}
