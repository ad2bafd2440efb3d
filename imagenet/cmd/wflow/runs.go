package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/internal/thousands"
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
		return train.Checkpoint{}, fmt.Errorf("%s is no run of wflow train, which has a %s and a folder %s; weights of other origin want --preset and --weights", shown(run), configurationFile, checkpointsFolder)
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
