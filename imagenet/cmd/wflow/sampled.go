package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/internal/thousands"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// samples is what sample reports.
type samples struct {
	Kind          string  `json:"kind"` // samples, or rate with --time
	To            string  `json:"to,omitempty"`
	Configuration string  `json:"configuration"`
	Weights       string  `json:"weights"`
	Step          int     `json:"step,omitempty"` // of the run
	First         int     `json:"first"`
	Images        int     `json:"images,omitempty"`
	Classes       int     `json:"classes"` // how many
	Each          int     `json:"each"`
	Alpha         float64 `json:"alpha"`
	Temperature   float64 `json:"temperature"`
	Seed          uint64  `json:"seed"`

	Generator   string `json:"generator_sha256"`
	Autoencoder string `json:"autoencoder_sha256,omitempty"`
	Engine      string `json:"engine"`
	Batch       int    `json:"batch"`
	Devices     int    `json:"devices"`

	Rate     *sample.Rate   `json:"images_per_second,omitempty"`
	Numbers  *latent.Sample `json:"numbers,omitempty"` // of what the generator made now; what was there before is not counted
	Warnings []string       `json:"warnings,omitempty"`
}

func (r samples) lines() []line {
	var lines reportLines
	if r.Rate == nil {
		lines.addLine("to", "%s", r.To)
		lines.addLine("images", "%s, from number %d on: %s classes, %s of each", thousands.Text(r.Images), r.First, thousands.Text(r.Classes), thousands.Text(r.Each))
		lines.addLine("drawn with", "α %v, temperature %v and seed %d", r.Alpha, r.Temperature, r.Seed)
	}
	at := ""
	if r.Step > 0 {
		at = ", of step " + thousands.Text(r.Step)
	}
	lines.addLine("generator", "%s%s", r.Configuration, at)
	lines.addLine("weights", "%s", r.Weights)
	lines.addLine("", "SHA-256 %s", r.Generator)
	if r.Autoencoder != "" {
		lines.addLine("autoencoder", "SHA-256 %s", r.Autoencoder)
	}
	lines.addLine("engine", "%s, batches of %d on %s", r.Engine, r.Batch, counted(r.Devices, "device"))
	if r.Rate != nil {
		lines.addLine("generated", "%.4g images/s, without decoding", r.Rate.Generated)
		lines.addLine("decoded", "%.4g images/s, with decoding", r.Rate.Decoded)
		lines.addLine("measured", "over %s after %d to warm up, for each of the two; files not counted", counted(r.Rate.Repeats, "batch", "batches"), r.Rate.WarmUp)
	}
	if n := r.Numbers; n != nil {
		lines.addLine("numbers", "mean %.3f and standard deviation %.3f, of %s", n.Mean, n.Deviation, counted(n.Rows, "image"))
	}
	for _, w := range r.Warnings {
		lines.addLine("warning", "%s", w)
	}
	return lines
}

// counted writes a number of things: 1 device, 2 devices. A plural that is not the word and an s is given too.
func counted(n int, word string, plural ...string) string {
	if n == 1 {
		return "1 " + word
	}
	if len(plural) > 0 {
		return thousands.Text(n) + " " + plural[0]
	}
	return thousands.Text(n) + " " + word + "s"
}

// stage is what info reports of a run, or of a checkpoint of it.
type stage struct {
	Kind          string        `json:"kind"`
	Folder        string        `json:"folder"`
	Configuration string        `json:"configuration"`
	Step          int           `json:"step"`
	Steps         int           `json:"steps"`          // of the whole training
	Last          *metrics      `json:"last,omitempty"` // of the metrics
	Weights       string        `json:"weights"`
	Generator     string        `json:"generator_sha256"`
	Parameters    int           `json:"parameters"`
	Engine        string        `json:"engine"`
	Numbers       latent.Sample `json:"numbers"`
	Warnings      []string      `json:"warnings,omitempty"`
	latents       bool
}

func (r stage) lines() []line {
	var lines reportLines
	lines.addLine(r.Kind, "%s", r.Folder)
	lines.addLine("generator", "%s, %s parameters", r.Configuration, thousands.Text(r.Parameters))
	lines.addLine("step", "%s of %s", thousands.Text(r.Step), thousands.Text(r.Steps))
	if r.Last != nil {
		lines.addLine("last told", "%s", r.Last)
	}
	lines.addLine("weights", "%s", r.Weights)
	lines.addLine("", "SHA-256 %s", r.Generator)
	made := "pixels"
	if r.latents {
		made = "latents"
	}
	lines.addLine("numbers", "mean %.3f and standard deviation %.3f of the %s of %s, with seed 0 and α 1, on %s", r.Numbers.Mean, r.Numbers.Deviation, made, counted(r.Numbers.Rows, "image"), r.Engine)
	for _, w := range r.Warnings {
		lines.addLine("warning", "%s", w)
	}
	return lines
}

// measured is how many images are generated to estimate the scale of what a generator makes.
const measured = 32

// infoRun reports a run at a step, or, if that is 0, at the newest: which generator it is, and the scale of what it makes.
func infoRun(c *cobra.Command, kind, folder, run string, step int) error {
	t, err := trainedByRun(run, step)
	if err != nil {
		return err
	}
	backend, line, err := engine.Find()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	s, sum, err := t.sampler(c, backend, nil)
	if err != nil {
		return err
	}
	defer s.Finalize()
	numbers, err := s.Measure(c.Context(), fmt.Sprintf("the generator at step %s", thousands.Text(t.step)), measured)
	if err != nil {
		return err
	}
	told, err := readLines[metrics](filepath.Join(run, metricsFile))
	if err != nil {
		return err
	}
	var last *metrics
	if n := len(told); n > 0 && kind == "run" {
		last = &told[n-1]
	}
	r := stage{Kind: kind, Folder: folder, Configuration: t.configuration, Step: t.step, Steps: t.preset.Train.Steps, Last: last, Weights: t.weights, Generator: sum,
		Parameters: t.preset.Parameters(), Engine: line, Numbers: numbers, latents: t.preset.Data.Latent}
	if odd := numbers.Odd(); odd != "" && r.latents {
		r.Warnings = append(r.Warnings, odd)
	}
	return report(c, r)
}
