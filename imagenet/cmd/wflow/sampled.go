package main

import (
	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/internal/thousands"
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
