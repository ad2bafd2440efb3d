package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/internal/thousands"
)

// A run has its configuration in RUN/config.yaml. The moving average of the generator's weights at a step is in
// RUN/checkpoints/step-00002000/generator.safetensors.
const (
	configurationFile = "config.yaml"
	checkpointsFolder = "checkpoints"
	generatorFile     = "generator.safetensors"
	stepFormat        = "step-%08d"
)

// steps returns the steps at which a run has the weights of a generator, in increasing order.
func steps(run string) (all []int, err error) {
	entries, err := os.ReadDir(filepath.Join(run, checkpointsFolder))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		var step int
		if _, err := fmt.Sscanf(e.Name(), stepFormat, &step); err != nil || fmt.Sprintf(stepFormat, step) != e.Name() {
			continue
		}
		if s, err := os.Stat(filepath.Join(run, checkpointsFolder, e.Name(), generatorFile)); err == nil && s.Mode().IsRegular() {
			all = append(all, step)
		}
	}
	slices.Sort(all)
	return all, nil
}

// isRun tells whether a folder is that of a run.
func isRun(folder string) bool {
	c, noConfiguration := os.Stat(filepath.Join(folder, configurationFile))
	s, noCheckpoints := os.Stat(filepath.Join(folder, checkpointsFolder))
	return noConfiguration == nil && c.Mode().IsRegular() && noCheckpoints == nil && s.IsDir()
}

// runOf returns the run and the step of the folder of a checkpoint.
func runOf(folder string) (run string, step int, ok bool) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return "", 0, false
	}
	checkpoints, name := filepath.Split(absolute)
	if _, err := fmt.Sscanf(name, stepFormat, &step); err != nil || filepath.Base(checkpoints) != checkpointsFolder {
		return "", 0, false
	}
	run = filepath.Join(folder, "..", "..")
	return run, step, isRun(run)
}

// checkpointOf returns the file of the generator's weights at a step of a run, or, if the step is 0, at the newest.
func checkpointOf(run string, step int) (file string, at int, err error) {
	if s, err := os.Stat(run); err != nil {
		return "", 0, missing(run, err)
	} else if !s.IsDir() || !isRun(run) {
		return "", 0, fmt.Errorf("%s is no run of wflow train, which has a %s and a folder %s; weights of other origin want --preset and --weights", shown(run), configurationFile, checkpointsFolder)
	}
	all, err := steps(run)
	switch {
	case err != nil:
		return "", 0, err
	case len(all) == 0:
		return "", 0, fmt.Errorf("%s has no checkpoint yet", shown(run))
	case step == 0:
		step = all[len(all)-1]
	case !slices.Contains(all, step):
		return "", 0, fmt.Errorf("%s has no checkpoint of step %s, only of %s", shown(run), thousands.Text(step), listed(all))
	}
	return filepath.Join(run, checkpointsFolder, fmt.Sprintf(stepFormat, step), generatorFile), step, nil
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
