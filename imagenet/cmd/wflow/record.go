package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/viz"
)

// metricsFile has a line for every few steps of a run.
const metricsFile = "metrics.jsonl"

// metrics is a line of metricsFile: means over the steps since the line before.
type metrics struct {
	Step         int                `json:"step"` // the last of them
	Loss         float64            `json:"loss"`
	GradientNorm float64            `json:"gradient_norm"`
	Rate         float64            `json:"rate"`
	R            []float64          `json:"R"`
	MeanSquare   map[string]float64 `json:"mean_square"` // mean V² by feature, of the first R
	Scale        map[string]float64 `json:"scale"`       // by feature
	Images       float64            `json:"images_per_second,omitempty"`
}

func (m metrics) step() int { return m.Step }

// record keeps the metrics of a run.
type record struct {
	*os.File
	every  int
	points []point   // of the lines
	since  []metrics // of the steps since the last line
}

// point is what the curves show of a line. Without the numbers of each feature, those of a long run take little memory.
type point struct {
	step, norm, rate float64
	maps             []string // in their order
	squares          map[string]float64
}

// openRecord opens the metrics of a run, of which some steps are done.
func openRecord(run string, every, done int) (r *record, err error) {
	r = &record{every: every}
	path := filepath.Join(run, metricsFile)
	lines, err := linesUpTo[metrics](path, done)
	if err != nil {
		return nil, err
	}
	if err := writeLines(path, lines); err != nil {
		return nil, err
	}
	for _, m := range lines {
		r.points = append(r.points, m.point())
	}
	r.File, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	return r, err
}

// add adds a step, writes a line if it is due, and returns what the step told.
func (r *record) add(p train.Progress) (told metrics, err error) {
	told = metrics{Step: p.Step, Loss: p.Measure.Loss, GradientNorm: p.Measure.GradientNorm, Rate: p.Rate, R: p.R, Images: p.Images,
		MeanSquare: map[string]float64{}, Scale: map[string]float64{}}
	for i, name := range p.Measure.Features {
		told.MeanSquare[name], told.Scale[name] = p.Measure.MeanSquare[0][i], p.Measure.Scale[i]
	}
	r.since = append(r.since, told)
	if p.Step%r.every != 0 && p.Step != p.Steps {
		return told, nil
	}
	m := mean(r.since)
	r.since, r.points = nil, append(r.points, m.point())
	line, err := json.Marshal(m)
	if err == nil {
		_, err = r.Write(append(line, '\n'))
	}
	return told, err
}

// mean returns the line that stands for some steps: the means of what is measured, and the rest as it is for the last.
func mean(steps []metrics) metrics {
	n := float64(len(steps))
	m := steps[len(steps)-1]
	average := func(number func(m metrics) float64) float64 {
		sum := 0.0
		for _, s := range steps {
			sum += number(s)
		}
		return round(sum / n)
	}
	m.Loss, m.GradientNorm = average(func(m metrics) float64 { return m.Loss }), average(func(m metrics) float64 { return m.GradientNorm })
	m.Rate, m.Images = round(m.Rate), round(m.Images)
	squares, scales := map[string]float64{}, map[string]float64{}
	for name := range m.Scale {
		squares[name] = average(func(m metrics) float64 { return m.MeanSquare[name] })
		scales[name] = average(func(m metrics) float64 { return m.Scale[name] })
	}
	m.MeanSquare, m.Scale = squares, scales
	var r []float64
	for _, v := range m.R {
		r = append(r, round(v))
	}
	m.R = r
	return m
}

// round keeps five digits.
func round(x float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 5, 64), 64)
	if err != nil {
		return x
	}
	return short
}

// mapOf returns the name of the map that a feature is made of: layer1 of layer1_blk2_mean_4.
func mapOf(feature string) string {
	name, _, _ := strings.Cut(feature, "_")
	return name
}

// byMap returns means of numbers by the map that their feature is made of, and the maps in their order.
func byMap(features []string, number func(i int) float64) (names []string, means map[string]float64) {
	count := map[string]float64{}
	means = map[string]float64{}
	for i, feature := range features {
		k := mapOf(feature)
		if count[k] == 0 {
			names = append(names, k)
		}
		count[k]++
		means[k] += number(i)
	}
	for k := range means {
		means[k] /= count[k]
	}
	return names, means
}

// point returns what the curves show of a line.
func (m metrics) point() point {
	features := slices.Sorted(maps.Keys(m.MeanSquare))
	p := point{step: float64(m.Step), norm: m.GradientNorm, rate: m.Rate}
	p.maps, p.squares = byMap(features, func(i int) float64 { return m.MeanSquare[features[i]] })
	return p
}

// String returns what a person wants to know: mean V² of pixels and of each stage, the gradient's norm, the pace.
func (m metrics) String() string {
	p := m.point()
	var v []string
	for _, name := range p.maps {
		v = append(v, fmt.Sprintf("%s %.2g", name, p.squares[name]))
	}
	text := "V² " + strings.Join(v, ", ") + fmt.Sprintf("; gradient %.2g", m.GradientNorm)
	if m.Images > 0 {
		text += fmt.Sprintf("; %.3g images/s", m.Images)
	}
	return text
}

// curves draws the metrics as curves.png.
func (r *record) curves(run string) error {
	if len(r.points) < 2 {
		return nil
	}
	var steps, norms, rates []float64
	curves := map[string]viz.Curve{} // some features count from a later step on
	for _, p := range r.points {
		steps, norms, rates = append(steps, p.step), append(norms, p.norm), append(rates, p.rate)
		for name, mean := range p.squares {
			c := curves[name]
			curves[name] = viz.Curve{X: append(c.X, p.step), Y: append(c.Y, mean), Name: name}
		}
	}
	velocity := viz.Panel{Title: "mean V² of the features", XLabel: "step", LogY: true}
	for _, name := range r.points[len(r.points)-1].maps {
		velocity.Layers = append(velocity.Layers, curves[name])
	}
	return viz.Save(filepath.Join(run, "curves.png"), viz.Row{velocity,
		{Title: "norm of the gradient", XLabel: "step", LogY: true, Layers: viz.Layers{viz.Curve{X: steps, Y: norms}}},
		{Title: "learning rate", XLabel: "step", Layers: viz.Layers{viz.Curve{X: steps, Y: rates}}}})
}
