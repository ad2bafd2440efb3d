package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/internal/thousands"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// A run has its configuration in RUN/config.yaml, and the checkpoints of its training in RUN/checkpoints.
const (
	configurationFile = "config.yaml"
	checkpointsFolder = "checkpoints"
)

// isRun tells whether a folder is that of a run.
func isRun(folder string) bool {
	c, noConfiguration := os.Stat(filepath.Join(folder, configurationFile))
	s, noCheckpoints := os.Stat(filepath.Join(folder, checkpointsFolder))
	return noConfiguration == nil && c.Mode().IsRegular() && noCheckpoints == nil && s.IsDir()
}

// runOf returns the run and the step of the folder of a checkpoint.
func runOf(folder string) (run string, step int, ok bool) {
	run = filepath.Join(folder, "..", "..")
	list, err := train.Checkpoints(filepath.Join(run, checkpointsFolder))
	if err != nil || !isRun(run) {
		return "", 0, false
	}
	is, err := os.Stat(folder)
	if err != nil {
		return "", 0, false
	}
	for _, c := range list {
		if there, err := os.Stat(c.Path); err == nil && os.SameFile(is, there) {
			return run, c.Step, true
		}
	}
	return "", 0, false
}

// checkpointOf returns the checkpoint of a run at a step or, if the step is 0, the newest.
func checkpointOf(run string, step int) (train.Checkpoint, error) {
	if s, err := os.Stat(run); err != nil {
		return train.Checkpoint{}, missing(run, err)
	} else if !s.IsDir() || !isRun(run) {
		return train.Checkpoint{}, fmt.Errorf("%s is no run of wflow train, which has a %s and a folder %s", shown(run), configurationFile, checkpointsFolder)
	}
	list, err := train.Checkpoints(filepath.Join(run, checkpointsFolder))
	if err != nil {
		return train.Checkpoint{}, err
	}
	if len(list) == 0 {
		return train.Checkpoint{}, fmt.Errorf("%s has no checkpoint yet", shown(run))
	}
	if step == 0 {
		return list[len(list)-1], nil
	}
	var steps []int
	for _, c := range list {
		if c.Step == step {
			return c, nil
		}
		steps = append(steps, c.Step)
	}
	return train.Checkpoint{}, fmt.Errorf("%s has no checkpoint of step %s, only of %s", shown(run), thousands.Text(step), listed(steps))
}

// listed writes some numbers as 1,000, 2,000 and 3,000; of more than ten, it leaves out those in the middle.
func listed(numbers []int) string {
	var words []string
	for i, n := range numbers {
		if i < 5 || i >= len(numbers)-5 {
			words = append(words, thousands.Text(n))
		} else if i == 5 {
			words = append(words, "…")
		}
	}
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return strings.Join(words, "")
}

// stage is what info reports of a run, or of a checkpoint of it. Of a run that has no checkpoint yet there are no weights, and no
// numbers.
type stage struct {
	Kind          string         `json:"kind"`
	Folder        string         `json:"folder"`
	Configuration string         `json:"configuration"`
	Step          int            `json:"step"`
	Steps         int            `json:"steps"`          // of the whole training
	Last          *metrics       `json:"last,omitempty"` // of the metrics
	Weights       string         `json:"weights,omitempty"`
	Generator     string         `json:"generator_sha256,omitempty"`
	Parameters    int            `json:"parameters"`
	Engine        string         `json:"engine,omitempty"`
	Numbers       *latent.Sample `json:"numbers,omitempty"`
	Warnings      []string       `json:"warnings,omitempty"`
	latents       bool
}

func (r stage) lines() []line {
	var lines reportLines
	lines.addLine(r.Kind, "%s", r.Folder)
	lines.addLine("generator", "%s, %s parameters", r.Configuration, thousands.Text(r.Parameters))
	if r.Step == 0 {
		lines.addLine("steps", "%s, and no checkpoint yet", thousands.Text(r.Steps))
	} else {
		lines.addLine("step", "%s of %s", thousands.Text(r.Step), thousands.Text(r.Steps))
	}
	if r.Last != nil {
		lines.addLine("last told", "at step %s: %s", thousands.Text(r.Last.Step), r.Last)
	}
	if n := r.Numbers; n != nil {
		lines.addLine("weights", "%s", r.Weights)
		lines.addLine("", "SHA-256 %s", r.Generator)
		lines.addLine("numbers", "mean %.3f and standard deviation %.3f of the %s of %s, with seed 0 and α 1, on %s", n.Mean, n.Deviation, latentsOrPixels(r.latents), counted(n.Rows, "image"), r.Engine)
	}
	for _, w := range r.Warnings {
		lines.addLine("warning", "%s", w)
	}
	return lines
}

// infoRun reports a run at a step, or, if that is 0, at the newest: which generator it is, what the last steps told, and the scale of
// what it makes. A run without a checkpoint makes nothing yet.
func infoRun(c *cobra.Command, kind, folder, run string, step int) error {
	list, err := train.Checkpoints(filepath.Join(run, checkpointsFolder))
	if err != nil {
		return err
	}
	var r stage
	if len(list) == 0 {
		r, err = beforeCheckpoints(run)
	} else {
		r, err = atCheckpoint(c, run, step)
	}
	if err != nil {
		return err
	}
	r.Kind, r.Folder = kind, folder
	told, err := readLines[metrics](filepath.Join(run, metricsFile))
	if err != nil {
		return err
	}
	if n := len(told); n > 0 && kind == "run" {
		r.Last = &told[n-1]
	}
	return report(c, r)
}

// beforeCheckpoints returns what is known of a run that has no checkpoint yet.
func beforeCheckpoints(run string) (stage, error) {
	configuration := filepath.Join(run, configurationFile)
	g, err := generatorIn(configuration)
	if err != nil {
		return stage{}, err
	}
	return stage{Configuration: configuration, Steps: g.Train.Steps, Parameters: g.Parameters()}, nil
}

// measured is how many images are generated to estimate the scale of what a generator makes.
const measured = 32

// atCheckpoint returns what is known of a run at a checkpoint. It generates some images.
func atCheckpoint(c *cobra.Command, run string, step int) (stage, error) {
	t, err := trainedByRun(run, step)
	if err != nil {
		return stage{}, err
	}
	backend, line, err := engine.Find()
	if err != nil {
		return stage{}, err
	}
	defer backend.Finalize()
	s, sum, err := t.sampler(c, backend, nil)
	if err != nil {
		return stage{}, err
	}
	defer s.Finalize()
	numbers, err := s.Measure(c.Context(), fmt.Sprintf("the generator at step %s", thousands.Text(t.step)), measured)
	if err != nil {
		return stage{}, err
	}
	r := stage{Configuration: t.configuration, Step: t.step, Steps: t.preset.Train.Steps, Weights: t.weights, Generator: sum,
		Parameters: t.preset.Parameters(), Engine: line, Numbers: &numbers, latents: t.preset.Data.Latent}
	if odd := numbers.Odd(); odd != "" && r.latents {
		r.Warnings = append(r.Warnings, odd)
	}
	return r, nil
}
