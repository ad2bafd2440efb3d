package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// trained is a generator that has been trained: what it is, and where its weights lie.
type trained struct {
	configuration string // the preset's name or the file
	preset        *preset.Generator
	weights       string // file
	step          int    // of the run; 0 if the weights are not a run's
	sum           string // SHA-256 that the weights should have; empty if it is not known
	run           string // folder; empty if the weights are not a run's
}

// generatorOf returns the network of a configuration. On processor cores it computes in float32, which is faster there.
func generatorOf(g *preset.Generator, backend compute.Backend) (generator.Network, error) {
	n, err := train.Network(g)
	if c, ok := n.(dit.Config); ok && engine.OnProcessor(backend) {
		c.BFloat16 = false
		n = c
	}
	return n, err
}

// inFloat32OnCPU returns an encoder's configuration for an engine. On processor cores it computes in float32, which is faster there.
func inFloat32OnCPU(c mae.Config, backend compute.Backend) mae.Config {
	c.BFloat16 = c.BFloat16 && !engine.OnProcessor(backend)
	return c
}

// trainedByRun returns the generator of a run, at a step or, if that is 0, at the newest.
func trainedByRun(run string, step int) (t trained, err error) {
	t.configuration = filepath.Join(run, configurationFile)
	c, err := checkpointOf(run, step)
	if err != nil {
		return t, err
	}
	t.run, t.weights, t.step = run, c.Generator(), c.Step
	if t.sum, err = c.SHA256(); err != nil {
		return t, err
	}
	t.preset, err = generatorIn(t.configuration)
	return t, err
}

// generatorIn returns the generator of a configuration file.
func generatorIn(file string) (*preset.Generator, error) {
	p, err := preset.ReadFile(file)
	if err == nil && p.Generator == nil {
		err = fmt.Errorf("%s: the configuration of an encoder, want that of a generator", file)
	}
	if err != nil {
		return nil, err
	}
	return p.Generator, nil
}

// presetOf returns a preset by its name, or a configuration file. Where a file has the same name, it is the file.
func presetOf(name string) (*preset.Preset, error) {
	p, err := preset.Named(name)
	if s, there := os.Stat(name); there == nil && !s.IsDir() || err != nil && strings.HasSuffix(name, ".yaml") {
		p, err = preset.ReadFile(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = missing(name, err)
	}
	return p, err
}

// trainedBy returns the generator of a preset, or of a configuration file, with weights of a file.
func trainedBy(name, weights string) (t trained, err error) {
	p, err := presetOf(name)
	if err != nil {
		return t, err
	}
	if _, err := os.Stat(weights); err != nil {
		return t, missing(weights, err)
	}
	t = trained{configuration: name, preset: p.Generator, weights: weights}
	if t.preset == nil {
		return t, fmt.Errorf("%s: the configuration of an encoder, want that of a generator: wflow info presets lists them", name)
	}
	return t, nil
}

// open opens the generator's weights until the command is interrupted, and returns their SHA-256.
func (t trained) open(c *cobra.Command, n generator.Network) (read func(weights.Parameter) ([]float32, error), sum string, done func(), err error) {
	f, release, err := open(c.Context(), t.weights)
	if err != nil {
		return nil, "", nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	v, err := network{what: "generator of " + t.configuration, table: n.Table(), naming: hub.WFlow}.view(f)
	if err != nil {
		if other, v, _ := recognise(f); v != nil {
			err = fmt.Errorf("%w; the file holds the %s", err, other.what)
		}
		return nil, "", nil, fmt.Errorf("these are not weights of %s: %w", t.configuration, err)
	}
	if sum, err = checksum(c, t.weights, f); err != nil {
		return nil, "", nil, err
	}
	if t.sum != "" && sum != t.sum {
		return nil, "", nil, fmt.Errorf("%s is damaged: its SHA-256 is %s, and %s in the manifest beside it; want another step of the run", shown(t.weights), sum, t.sum)
	}
	return v.Read, sum, release, nil
}
