package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/thousands"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// generatorTraining is what train is asked for.
type generatorTraining struct {
	configuration, run string
	data, encoder, vae string
	start              string
	steps, devices     int
	rate               float64
	extend             bool
}

func trainCommand() *cobra.Command {
	t := generatorTraining{}
	c := &cobra.Command{
		Use:   "train PRESET RUN",
		Short: "train a generator",
		Long: `train trains the generator of a preset, or of a configuration file, into the
folder RUN. It can be stopped at any moment, by Ctrl-C, a crash or a full disk.
Started again with the same words, it goes on where it was, to the same bytes.

--data is the cache of latents that wflow data prepare makes, at the resolution
of the preset, a folder of the four files of MNIST, or a folder of classes with
small images. Without it, the presets of digits are trained on 6,000 real digits
that this program brings.
--encoder has the weights of the encoder whose features are compared: a released
file, or the folder of a run of wflow encoder train. --vae has the weights of
the autoencoder that the grids of latents are decoded with. --start has weights
of the same network that the training starts from: a file, the folder of another
run, or that of one of its checkpoints.

RUN has these files:

  config.yaml       the configuration
  checkpoints       weights, and what a training needs to go on
  metrics.jsonl     what the steps told: a line for each log_every_k of them
  curves.png        the same as curves
  grid-*.png        samples of each class, drawn where a checkpoint is written

Of a step it tells the mean V², the square of the velocity that the loss gives
the generated images, in each kind of features, where global is the images
themselves; and the norm of the gradient.

Its newest checkpoint is what wflow sample RUN samples from. wflow info RUN says
where it stands. --extend lets a run go on with more --steps, or with another
--rate.`,
		Example: `  wflow train gen/mnist_pixels digits
  wflow train gen/ablation_ot_1node run --data latents --encoder mae.msgpack
  wflow train gen/pilot pilot --data latents64 --encoder mae.msgpack
  wflow train gen/mnist_pixels digits --steps 8000 --extend`,
		Args:              exactly(2),
		ValidArgsFunction: completePresets,
		RunE: func(c *cobra.Command, arguments []string) error {
			t.configuration, t.run = arguments[0], arguments[1]
			return t.do(c)
		},
	}
	f := c.Flags()
	f.StringVar(&t.data, "data", "", "the images, a `folder` (default for presets of digits: those of the program)")
	f.StringVar(&t.encoder, "encoder", "", "the encoder's weights, a `file`, or the folder of its run")
	f.StringVar(&t.start, "start", "", "weights to start from, a `file`, or the folder of a run (default: random ones)")
	f.StringVar(&t.vae, "vae", "", "the autoencoder's weights, a `file` (default: grids show latents in false colours)")
	f.IntVar(&t.steps, "steps", 0, "of the training (default: those of the configuration)")
	f.Float64Var(&t.rate, "rate", 0, "the highest learning rate (default: that of the configuration)")
	f.IntVar(&t.devices, "devices", 1, "how many devices of the engine share the classes of a step")
	f.BoolVar(&t.extend, "extend", false, "go on with other --steps or another --rate than before")
	for _, number := range []string{"steps", "rate", "devices"} {
		completeFlag(c, number)
	}
	return c
}

func (t generatorTraining) do(c *cobra.Command) error {
	if err := positive(c, "steps", "devices"); err != nil {
		return err
	}
	if c.Flags().Changed("rate") && !(t.rate > 0) {
		return misuse{fmt.Errorf("--rate %v, want a number above 0", t.rate)}
	}
	p, err := presetOf(t.configuration)
	if err != nil {
		return err
	}
	g := p.Generator
	if g == nil {
		return fmt.Errorf("%s: the configuration of an encoder: wflow encoder train trains it", t.configuration)
	}
	if t.vae != "" && !g.Data.Latent {
		return misuse{fmt.Errorf("--vae is for latents, and the generator of %s makes pixels", t.configuration)}
	}
	if t.steps > 0 {
		g.Train.Steps, g.Optimizer.Rate.Steps = t.steps, t.steps
	}
	if t.rate > 0 {
		g.Optimizer.Rate.Peak = t.rate
	}
	backend, line, err := engine.Find()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	network, err := generatorOf(g, backend)
	if err != nil {
		return err
	}
	training, err := train.FromPreset(g, network, t.devices)
	if err != nil {
		return err
	}
	data, closeData, err := openData(c, t.data, g.Data, shape{g.Model.Size, g.Model.InChannels})
	if err != nil {
		return err
	}
	defer closeData()
	training.Data = data
	if g.Feature.MAE {
		e, done, err := openEncoder(c, cmp.Or(t.encoder, g.Feature.Path), g)
		if err != nil {
			return err
		}
		defer done()
		e.Config = precise(e.Config, backend)
		training.Encoder = e
	}
	if t.start != "" {
		from, err := startOf(t.start, t.configuration, g)
		if err != nil {
			return err
		}
		read, _, done, err := from.open(c, network)
		if err != nil {
			return err
		}
		defer done()
		training.Start = read
	}
	training.Folder, training.Extend = filepath.Join(t.run, checkpointsFolder), t.extend
	return t.take(c, training, p, backend, line)
}

// take trains, and keeps a record of it in the folder of the run. A training that is refused changes nothing there.
func (t generatorTraining) take(c *cobra.Command, training train.Training, p *preset.Preset, backend compute.Backend, line string) error {
	text, err := p.Marshal()
	if err != nil {
		return err
	}
	g := p.Generator
	gallery := newGallery(backend, training.Generator)
	if t.vae != "" {
		a, decoder, err := newDecoder(c, backend, trained{configuration: t.configuration, preset: g}, t.vae, t.data)
		if err != nil {
			return err
		}
		defer a.Finalize()
		gallery.decoder = decoder
	}
	ctx, stop := context.WithCancelCause(c.Context())
	defer stop(nil)
	var b *trainingBar
	var record *record
	training.Begin = func(done int) (err error) {
		if b, err = begin(c, t.run, text, done, training.Steps, line, training.Devices); err != nil {
			return err
		}
		record, err = openRecord(t.run, g.Logging.Every, training.Folder)
		return err
	}
	training.Report = func(p train.Progress) {
		told, err := record.add(p)
		if err == nil && p.Step%g.Train.SaveEvery == 0 || p.Step == p.Steps {
			err = errors.Join(err, record.curves(t.run), gallery.draw(c.Context(), t.run, p))
		}
		if err != nil {
			stop(err)
		}
		b.set(p.Step, p.Remaining, told.String())
	}
	start := time.Now()
	_, err = training.Run(ctx, backend)
	if record == nil {
		return err
	}
	defer record.Close()
	b.end()
	if broken := context.Cause(ctx); broken != nil && c.Context().Err() == nil {
		err = broken // rather than what it led to
	}
	if err != nil {
		list, _ := train.Checkpoints(training.Folder)
		switch n := len(list); {
		case n > 0 && c.Context().Err() != nil:
			fmt.Fprintf(c.ErrOrStderr(), "wflow: step %s is kept, and the same command goes on from there\n", thousands.Text(list[n-1].Step))
		case n > 0:
			err = fmt.Errorf("%w\nthe checkpoint of step %d is good: %s", err, list[n-1].Step, list[n-1].Path)
		}
		return err
	}
	return report(c, finished{Kind: "training", Run: t.run, Steps: training.Steps, Seconds: time.Since(start).Seconds(), Next: "wflow sample " + argument(t.run) + " --to grid.png"})
}

// startOf returns where the weights lie that a training starts from: in a file, in a checkpoint, or in the newest of a run.
func startOf(path, configuration string, g *preset.Generator) (trained, error) {
	s, err := os.Stat(path)
	if err != nil {
		return trained{}, missing(path, err)
	}
	from := trained{configuration: configuration, preset: g, weights: path}
	if s.IsDir() {
		run, step, ok := runOf(path) // the folder of a checkpoint
		if !ok {
			run = path
		}
		c, err := checkpointOf(run, step)
		if err != nil {
			return trained{}, err
		}
		from.weights = c.Generator()
		if from.sum, err = c.SHA256(); err != nil {
			return trained{}, err
		}
	}
	return from, nil
}

// finished is what train reports.
type finished struct {
	Kind    string  `json:"kind"`
	Run     string  `json:"run"`
	Steps   int     `json:"steps"`
	Seconds float64 `json:"seconds"` // of this call
	Next    string  `json:"-"`
}

func (r finished) lines() []line {
	var lines reportLines
	lines.addLine("run", "%s", r.Run)
	lines.addLine("steps", "%s, all done", thousands.Text(r.Steps))
	lines.addLine("took", "%s", span(time.Duration(r.Seconds*float64(time.Second))))
	lines.addLine("next", "%s", r.Next)
	return lines
}

// begin writes the text of the configuration of a run, which the training that begins fits, and returns the bar of its steps. What is
// there already stays readable until then.
func begin(c *cobra.Command, run string, configuration []byte, done, steps int, engine string, devices int) (*trainingBar, error) {
	if err := os.MkdirAll(run, 0o755); err != nil {
		return nil, err
	}
	if err := atomicfile.WriteBytes(filepath.Join(run, configurationFile), configuration); err != nil {
		return nil, err
	}
	fmt.Fprintf(c.ErrOrStderr(), "wflow: %s, %s of %s steps done, on %s, %s\n", run, thousands.Text(done), thousands.Text(steps), engine, counted(devices, "device"))
	return newTrainingBar(c.ErrOrStderr(), "steps", done, steps), nil
}
