package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/internal/atomicfile"
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

// record keeps the metrics of a run.
type record struct {
	*os.File
	every int
	step  int // of the checkpoint that the run goes on from
	lines []metrics

	sum metrics // of the steps since the last line
	n   int
}

// openRecord opens the metrics of a run. Lines of steps behind the newest checkpoint are dropped, for they will be taken again.
func openRecord(run string, every int, checkpoints string) (*record, error) {
	r := &record{every: every}
	list, err := train.Checkpoints(checkpoints)
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		r.step = list[len(list)-1].Step
	}
	path := filepath.Join(run, metricsFile)
	if r.lines, err = readMetrics(path); err != nil {
		return nil, err
	}
	r.lines = slices.DeleteFunc(r.lines, func(m metrics) bool { return m.Step > r.step })
	var text bytes.Buffer
	for _, m := range r.lines {
		line, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		text.Write(append(line, '\n'))
	}
	if err := atomicfile.WriteBytes(path, text.Bytes()); err != nil {
		return nil, err
	}
	r.File, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	return r, err
}

// readMetrics reads the metrics of a run. A last line that is cut off, as a crash leaves it, is left out.
func readMetrics(path string) (list []metrics, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var m metrics
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			if !lines.Scan() {
				break
			}
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		list = append(list, m)
	}
	return list, lines.Err()
}

// add adds a step, writes a line if it is due, and returns the telling numbers.
func (r *record) add(p train.Progress) (told string, err error) {
	if r.n == 0 {
		r.sum = metrics{MeanSquare: map[string]float64{}, Scale: map[string]float64{}}
	}
	r.n++
	r.sum.Loss += p.Measure.Loss
	r.sum.GradientNorm += p.Measure.GradientNorm
	for i, name := range p.Measure.Features {
		r.sum.MeanSquare[name] += p.Measure.MeanSquare[0][i]
		r.sum.Scale[name] += p.Measure.Scale[i]
	}
	told = telling(p)
	if p.Step%r.every != 0 && p.Step != p.Steps {
		return told, nil
	}
	m, n := r.sum, float64(r.n)
	r.n = 0
	m.Step, m.Rate, m.R, m.Images = p.Step, p.Rate, p.R, round(p.Images)
	m.Loss, m.GradientNorm = round(m.Loss/n), round(m.GradientNorm/n)
	for name := range m.MeanSquare {
		m.MeanSquare[name], m.Scale[name] = round(m.MeanSquare[name]/n), round(m.Scale[name]/n)
	}
	r.lines = append(r.lines, m)
	line, err := json.Marshal(m)
	if err == nil {
		_, err = r.Write(append(line, '\n'))
	}
	return told, err
}

// round keeps five digits.
func round(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(x)))-4)
	return math.Round(x/unit) * unit
}

// kin returns the name of the map that a feature is made of: layer1 of layer1_blk2_mean_4.
func kin(feature string) string {
	name, _, _ := strings.Cut(feature, "_")
	return name
}

// byKin returns means of numbers by the map that their feature is made of, and the maps in their order.
func byKin(features []string, number func(i int) float64) (names []string, means map[string]float64) {
	count := map[string]float64{}
	means = map[string]float64{}
	for i, feature := range features {
		k := kin(feature)
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

// telling returns what a person wants to know of a step: mean V² of pixels and of each stage, the gradient's norm, the pace.
func telling(p train.Progress) string {
	names, means := byKin(p.Measure.Features, func(i int) float64 { return p.Measure.MeanSquare[0][i] })
	var v []string
	for _, name := range names {
		v = append(v, fmt.Sprintf("%s %.2g", name, means[name]))
	}
	text := "V² " + strings.Join(v, ", ") + fmt.Sprintf("; norm %.2g", p.Measure.GradientNorm)
	if p.Images > 0 {
		text += fmt.Sprintf("; %.3g images/s", p.Images)
	}
	return text
}

// curves draws the metrics as curves.png.
func (r *record) curves(run string) error {
	if len(r.lines) < 2 {
		return nil
	}
	var steps, norms, rates []float64
	squares := map[string][]float64{}
	var names []string
	for _, m := range r.lines {
		steps, norms, rates = append(steps, float64(m.Step)), append(norms, m.GradientNorm), append(rates, m.Rate)
		var features []string
		for name := range m.MeanSquare {
			features = append(features, name)
		}
		slices.Sort(features)
		var means map[string]float64
		names, means = byKin(features, func(i int) float64 { return m.MeanSquare[features[i]] })
		for name, mean := range means {
			squares[name] = append(squares[name], mean)
		}
	}
	velocity := viz.Panel{Title: "mean V² of the features", XLabel: "step", LogY: true}
	for _, name := range names {
		velocity.Layers = append(velocity.Layers, viz.Curve{X: steps, Y: squares[name], Name: name})
	}
	return viz.Save(filepath.Join(run, "curves.png"), viz.Row{velocity,
		{Title: "norm of the gradient", XLabel: "step", LogY: true, Layers: viz.Layers{viz.Curve{X: steps, Y: norms}}},
		{Title: "learning rate", XLabel: "step", Layers: viz.Layers{viz.Curve{X: steps, Y: rates}}}})
}
