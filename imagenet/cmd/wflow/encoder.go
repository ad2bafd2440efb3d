package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/internal/lockfile"
	"github.com/wflowlab/wflowlab/viz"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

func encoderCommand() *cobra.Command {
	c := parent(&cobra.Command{
		Use:     "encoder COMMAND",
		Short:   "train the encoder in whose features images are compared",
		Example: "  wflow encoder train mae/mnist encoder",
	})
	c.AddCommand(encoderTrainCommand())
	return c
}

// encoderTraining is what encoder train is asked for.
type encoderTraining struct {
	configuration, run, data string
	steps, devices           int
	extend                   bool
}

func encoderTrainCommand() *cobra.Command {
	t := encoderTraining{}
	c := &cobra.Command{
		Use:   "train PRESET RUN",
		Short: "train an encoder as a masked autoencoder",
		Long: `train trains the encoder of a preset, or of a configuration file, into the
folder RUN: it hides squares of images and learns to fill them in. It can be
stopped at any moment. Started again with the same words, it goes on where it
was, to the same bytes.

The encoder sees an image as a grid of points, each with some numbers. The
reconstruction tells how well it fills in hidden points. It is their squared
error, summed over the numbers of a point, mean over the hidden points.

--data is what wflow train takes: a cache of latents, a folder with the files of
MNIST, or a folder with a folder of images for each class. Without it, the
presets of digits are trained on the digits of this program. Latents of a cache
are those of whole images; the released encoders were trained on random crops,
encoded anew each time.

RUN has these files:

  config.yaml           the configuration
  training.safetensors  what the training needs to go on
  metrics.jsonl         the reconstruction: one line after every log_every_k (a
                        key of config.yaml) steps
  curves.png            the same as a curve
  encoder.safetensors   the moving average of the weights, written at the end
  .lock                 keeps a second training out while one runs

wflow train takes RUN as its --encoder. wflow info RUN says where it stands.

--extend lets a run go on with more --steps, with another learning rate in the
configuration, and on another engine. The rate and the classification of the
last steps then follow the schedule of the longer training.`,
		Example: `  wflow encoder train mae/mnist encoder
  wflow encoder train mae/mnist encoder --steps 600 --extend`,
		Args:              exactly(2),
		ValidArgsFunction: completeTraining(encoders),
		RunE: func(c *cobra.Command, arguments []string) error {
			t.configuration, t.run = arguments[0], arguments[1]
			return t.do(c)
		},
	}
	f := c.Flags()
	f.StringVar(&t.data, "data", "", "the images, a `folder` (default for presets of digits: those of the program)")
	f.IntVar(&t.steps, "steps", 0, "of the training (default: those of the configuration)")
	f.IntVar(&t.devices, "devices", 1, "how many devices of the engine share the images of a step")
	f.BoolVar(&t.extend, "extend", false, "go on with other --steps, or another learning rate, than before")
	completeFlag(c, "steps")
	completeFlag(c, "devices")
	return c
}

func (t encoderTraining) do(c *cobra.Command) error {
	if err := positive(c, "steps", "devices"); err != nil {
		return err
	}
	p, err := presetOf(t.configuration)
	if err != nil {
		return err
	}
	if p.MAE == nil {
		return fmt.Errorf("%s: the configuration of a generator: wflow train trains it", t.configuration)
	}
	if t.steps > 0 {
		p.MAE.Train.Steps, p.MAE.Optimizer.Rate.Steps = t.steps, t.steps
	}
	if err := own(t.run, p); err != nil {
		return err
	}
	text, err := p.Marshal()
	if err != nil {
		return err
	}
	config, pretraining, err := mae.FromPreset(p.MAE)
	if err != nil {
		return err
	}
	side := p.MAE.Data.Resolution
	if p.MAE.Data.Latent {
		side /= latent.Factor
	}
	data, closeData, err := openData(c, t.data, p.MAE.Data, shape{side, config.Channels})
	if err != nil {
		return err
	}
	defer closeData()
	backend, line, err := engine.Find()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	config = inFloat32OnCPU(config, backend)
	pretraining.Checkpoint, pretraining.Every = filepath.Join(t.run, "training.safetensors"), p.MAE.Train.SaveEvery
	pretraining.Devices, pretraining.Extend = t.devices, t.extend

	samples, err := train.Samples(data, pretraining.Batch, pretraining.Seed, side, config.Channels)
	if err != nil {
		return err
	}
	lock := lockfile.Lock{Folder: t.run}
	defer lock.Release()
	if _, err := os.Stat(t.run); err == nil { // what is there is read, and another process must not write it meanwhile
		if err := lock.Hold(); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(c.Context())
	defer stop()
	r := &reconstructions{every: p.MAE.Logging.Every, path: filepath.Join(t.run, metricsFile)}
	var b *trainingBar
	var broken error    // of the record
	var from, done int  // steps, at the beginning and now
	var first time.Time // the end of the first step here, which compiles
	start := time.Now()
	pretraining.Begin = func(step int) (err error) {
		if err := lock.Hold(); err != nil {
			return err
		}
		if b, err = begin(c, t.run, text, step, pretraining.Steps, line, t.devices); err != nil {
			return err
		}
		from, done = step, step
		r.lines, err = linesUpTo[reconstruction](r.path, step)
		return err
	}
	trained, err := pretraining.Fit(ctx, backend, config, samples, func(step int, reconstruction float64) {
		done = step + 1
		var left time.Duration
		if taken := done - from; taken == 1 {
			first = time.Now()
		} else {
			left = time.Since(first) / time.Duration(taken-1) * time.Duration(pretraining.Steps-done)
		}
		r.add(done, reconstruction)
		if done%p.MAE.Train.SaveEvery == 0 || done == pretraining.Steps {
			if err := r.write(); err != nil {
				broken = errors.Join(broken, err)
				stop()
			}
		}
		b.set(done, left, fmt.Sprintf("reconstruction %.3g", reconstruction))
	})
	if b == nil {
		return err
	}
	b.end()
	only, err := interruption(c, err, broken)
	if err != nil {
		if only && done > 0 {
			sayKept(c, done)
			err = errors.Join(err, r.write())
		}
		return err
	}
	return t.finish(c, config, trained, pretraining.Steps, time.Since(start))
}

// stepKey is the name under which the file of a trained encoder says how many steps its training has taken.
const stepKey = "wflow.step"

// finish writes the encoder and reports.
func (t encoderTraining) finish(c *cobra.Command, config mae.Config, trained map[string][]float32, steps int, took time.Duration) error {
	f := config.Table().File(trained)
	f.Meta[stepKey] = strconv.Itoa(steps)
	if err := f.WriteFile(filepath.Join(t.run, encoderFile)); err != nil {
		return err
	}
	return report(c, finished{Kind: "encoder", Run: t.run, Steps: steps, Seconds: took.Seconds(), Next: "wflow train PRESET RUN --encoder " + argument(t.run)})
}

// reconstructions are the losses of an encoder's training by step.
type reconstructions struct {
	path  string
	every int
	lines []reconstruction
	sum   float64
	n     int
}

// reconstruction is a line of metrics: the mean over the steps since the line before.
type reconstruction struct {
	Step           int     `json:"step"`
	Reconstruction float64 `json:"reconstruction"`
}

func (r reconstruction) step() int { return r.Step }

// add adds a step.
func (r *reconstructions) add(step int, loss float64) {
	r.sum, r.n = r.sum+loss, r.n+1
	if step%r.every == 0 {
		r.lines = append(r.lines, reconstruction{step, round(r.sum / float64(r.n))})
		r.sum, r.n = 0, 0
	}
}

// write writes the lines, and draws them as curves.png.
func (r *reconstructions) write() error {
	if err := writeLines(r.path, r.lines); err != nil || len(r.lines) < 2 {
		return err
	}
	var steps, losses []float64
	for _, line := range r.lines {
		steps, losses = append(steps, float64(line.Step)), append(losses, line.Reconstruction)
	}
	return viz.Save(filepath.Join(filepath.Dir(r.path), "curves.png"), viz.Row{{Title: "reconstruction", XLabel: "step", LogY: true,
		Layers: viz.Layers{viz.Curve{X: steps, Y: losses}}}})
}
