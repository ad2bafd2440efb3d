package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/bank"
	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/thousands"
	"github.com/wflowlab/wflowlab/viz"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

func encoderCommand() *cobra.Command {
	c := parent(&cobra.Command{
		Use:     "encoder COMMAND",
		Short:   "train the encoder that images are compared with",
		Example: "  wflow encoder train mae/mnist encoder",
	})
	c.AddCommand(encoderTrainCommand())
	return c
}

// encoderTraining is what encoder train is asked for.
type encoderTraining struct {
	configuration, run, data string
	steps, devices           int
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

--data is what wflow train takes: a cache of latents, a folder of MNIST's files,
or a folder of classes. Without it, the presets of digits are trained on the
digits of this program. Latents of a cache are those of whole images; the
released encoders were trained on random crops, encoded anew each time.

RUN/encoder.safetensors, the moving average of the weights, is there at the end:
wflow train takes RUN as its --encoder.`,
		Example:           `  wflow encoder train mae/mnist encoder`,
		Args:              exactly(2),
		ValidArgsFunction: completePresets,
		RunE: func(c *cobra.Command, arguments []string) error {
			t.configuration, t.run = arguments[0], arguments[1]
			return t.do(c)
		},
	}
	f := c.Flags()
	f.StringVar(&t.data, "data", "", "the images, a `folder` (default for presets of digits: those of the program)")
	f.IntVar(&t.steps, "steps", 0, "of the training (default: those of the configuration)")
	f.IntVar(&t.devices, "devices", 1, "how many devices of the engine share the images of a step")
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
	data, done, err := openData(c, t.data, p.MAE.Data, shape{side, config.Channels})
	if err != nil {
		return err
	}
	defer done()
	backend, line, err := engine.Find()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	config = precise(config, backend)
	pretraining.Checkpoint, pretraining.Every = filepath.Join(t.run, "training.safetensors"), p.MAE.Train.SaveEvery
	pretraining.Devices = t.devices

	if data.Len() < pretraining.Batch {
		return fmt.Errorf("%d images make no batch of %d: an epoch has no step", data.Len(), pretraining.Batch)
	}
	order := train.NewOrder(data.Len(), pretraining.Batch, pretraining.Seed)
	errs := make(chan error, 1)
	sample := func(i int) mae.Sample {
		image := order.Images(i / pretraining.Batch)[i%pretraining.Batch]
		s, err := sampleOf(data, image, side*side*config.Channels)
		if err != nil {
			select {
			case errs <- err:
			default:
			}
		}
		return s
	}
	r := &reconstructions{every: p.MAE.Logging.Every, path: filepath.Join(t.run, metricsFile)}
	if err := r.read(); err != nil {
		return err
	}
	b := newTrainingBar(c.ErrOrStderr(), "steps", 0, pretraining.Steps)
	fmt.Fprintf(c.ErrOrStderr(), "wflow: %s, %s steps on %s, %s\n", t.run, thousands.Text(pretraining.Steps), line, counted(t.devices, "device"))
	start, from := time.Now(), -1
	var failed error
	trained, err := pretraining.Fit(c.Context(), backend, config, sample, func(step int, reconstruction float64) {
		if from < 0 {
			start, from = time.Now(), step           // after the first step, which compiles
			failed = writeConfiguration(t.run, text) // the training fits what is there
		}
		var left time.Duration
		if n := step - from; n > 0 {
			left = time.Since(start) / time.Duration(n) * time.Duration(pretraining.Steps-step-1)
		}
		r.add(step+1, reconstruction)
		if (step+1)%p.MAE.Train.SaveEvery == 0 {
			failed = errors.Join(failed, r.write())
		}
		b.set(step+1, left, fmt.Sprintf("reconstruction %.3g", reconstruction))
	})
	b.end()
	select {
	case broken := <-errs: // rather than what it led to
		return broken
	default:
	}
	if from >= 0 {
		failed = errors.Join(failed, r.write())
	}
	if err = errors.Join(err, failed); err != nil {
		if from >= 0 && c.Context().Err() != nil {
			fmt.Fprintln(c.ErrOrStderr(), "wflow: the steps that are done are kept, and the same command goes on from there")
		}
		return err
	}
	return t.finish(c, config, trained, pretraining.Steps, time.Since(start))
}

// finish writes the encoder and reports.
func (t encoderTraining) finish(c *cobra.Command, config mae.Config, trained map[string][]float32, steps int, took time.Duration) error {
	if err := config.Table().File(trained).WriteFile(filepath.Join(t.run, encoderFile)); err != nil {
		return err
	}
	return report(c, finished{Kind: "encoder", Run: t.run, Steps: steps, Seconds: took.Seconds(), Next: "wflow train PRESET RUN --encoder " + argument(t.run)})
}

// sampleOf returns an image and its class.
func sampleOf(data train.Images, image bank.Image, numbers int) (mae.Sample, error) {
	u := 0.0
	if image.Mirrored {
		u = 0.5
	}
	s := mae.Sample{Latent: make([]float32, numbers), Class: data.Label(image.Row)}
	if err := data.Read(image.Row, u, s.Latent); err != nil {
		return s, fmt.Errorf("image %d: %w", image.Row, err)
	}
	return s, nil
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

// read reads the lines that are there.
func (r *reconstructions) read() (err error) {
	r.lines, err = readLines[reconstruction](r.path)
	return err
}

// add adds a step.
func (r *reconstructions) add(step int, loss float64) {
	r.sum, r.n = r.sum+loss, r.n+1
	if step%r.every == 0 {
		r.lines = append(r.lines, reconstruction{step, round(r.sum / float64(r.n))})
		r.sum, r.n = 0, 0
	}
}

// write writes the lines, and draws them as curves.png. It is called when the training is saved, so that no line is of a step that
// will be taken again.
func (r *reconstructions) write() error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	var steps, losses []float64
	for _, line := range r.lines {
		if err := e.Encode(line); err != nil {
			return err
		}
		steps, losses = append(steps, float64(line.Step)), append(losses, line.Reconstruction)
	}
	if err := atomicfile.WriteBytes(r.path, text.Bytes()); err != nil || len(steps) < 2 {
		return err
	}
	return viz.Save(filepath.Join(filepath.Dir(r.path), "curves.png"), viz.Row{{Title: "reconstruction", XLabel: "step", LogY: true,
		Layers: viz.Layers{viz.Curve{X: steps, Y: losses}}}})
}
