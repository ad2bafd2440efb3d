package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/thousands"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// generatorTraining is what train is asked for.
type generatorTraining struct {
	configuration, run  string
	data, encoder, vae  string
	start               string
	steps, devices      int
	rate                float64
	keepLast, keepEvery int // checkpoints
	extend              bool
}

func trainCommand() *cobra.Command {
	t := generatorTraining{}
	c := &cobra.Command{
		Use:   "train PRESET RUN",
		Short: "train a generator",
		Long: `train trains the generator of a preset, or of a configuration file, into the
folder RUN. It can be stopped at any moment, by Ctrl-C, a crash or a full disk.
Started again with the same words, it goes on where it was, to the same bytes.

--data is one of these: a cache of latents of the preset's resolution, which
wflow data prepare makes; a folder with MNIST's files; a folder with a folder of
small images for each class. Without it, the presets of digits are trained on
6,000 real digits that this program brings.
--encoder has the weights of the encoder in whose features images are compared:
a released file, or the folder of a run of wflow encoder train.
--vae has the weights of the autoencoder that decodes the latents in the grids.
--start has weights of the same network, from which the training starts: a file,
the folder of another run, or that of one of its checkpoints.

RUN has these files:

  config.yaml       the configuration
  latents.json      mean and deviation of the latents, and their autoencoder
  checkpoints       weights, and what a training needs to go on
  metrics.jsonl     one line after every log_every_k steps
  curves.png        the same as curves
  grid-*.png        samples without guidance, α = 1: eight of each of ten
                    classes, or with 1,000 classes one of each of the twelve
                    that the authors show; one grid every save_per_step steps

log_every_k and save_per_step are keys of config.yaml.

The line of progress has the mean V² by kind of features, where V is the
velocity of the generated images. global stands for the images themselves.
conv1 and layer1 to layer4 are stages of the encoder, and norm is the root mean
square of the images' channels. Behind it are the norm of the gradient, and how
many images are generated in a second.

The newest checkpoint is what wflow sample RUN samples from. wflow info RUN says
where the training stands.

--keep-last 2 keeps the last two checkpoints. --keep-every 1000 keeps those
whose step is a multiple of 1,000.
--extend lets a run go on with other --steps, with another --rate, --keep-last
or --keep-every, and on another engine. The learning rate and the regularisation
R then follow the schedule of the longer training: a cosine that had ended
begins again at the height it has there.`,
		Example: `  wflow train gen/mnist_pixels digits
  wflow train gen/ablation_ot_1node run --data latents --encoder mae_256.msgpack
  wflow train gen/pilot pilot --data latents64 --encoder mae_256.msgpack
  wflow train gen/mnist_pixels digits --steps 8000 --extend`,
		Args:              exactly(2),
		ValidArgsFunction: completeTraining(generators),
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
	f.IntVar(&t.keepLast, "keep-last", 0, "how many of the last checkpoints are kept (default: as the configuration says)")
	f.IntVar(&t.keepEvery, "keep-every", 0, "checkpoints of every so many `steps` are kept (default: as the configuration says)")
	f.BoolVar(&t.extend, "extend", false, "go on with other --steps, --rate, --keep-last or --keep-every than before")
	for _, number := range []string{"steps", "rate", "devices", "keep-last", "keep-every"} {
		completeFlag(c, number)
	}
	return c
}

func (t generatorTraining) do(c *cobra.Command) error {
	if err := positive(c, "steps", "devices", "keep-last", "keep-every"); err != nil {
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
	if t.encoder != "" && !g.Feature.MAE {
		return misuse{fmt.Errorf("--encoder: %s compares the images themselves, and wants none", t.configuration)}
	}
	if g.Data.Augment {
		return fmt.Errorf("%s: dataset.use_aug: generators are trained without random crops, want false", t.configuration)
	}
	t.set(g)
	if err := own(t.run, p); err != nil {
		return err
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
		e.Config = inFloat32OnCPU(e.Config, backend)
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

// set gives the settings of the command line to a configuration.
func (t generatorTraining) set(g *preset.Generator) {
	if t.steps > 0 {
		g.Train.Steps, g.Optimizer.Rate.Steps = t.steps, t.steps
	}
	if t.rate > 0 {
		g.Optimizer.Rate.Peak = t.rate
	}
	g.Train.KeepLast, g.Train.KeepEvery = cmp.Or(t.keepLast, g.Train.KeepLast), cmp.Or(t.keepEvery, g.Train.KeepEvery)
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
	ctx, stop := context.WithCancel(c.Context())
	defer stop()
	var b *trainingBar
	var record *record
	training.Begin = func(done int) (err error) {
		if b, err = begin(c, t.run, text, done, training.Steps, line, training.Devices); err != nil {
			return err
		}
		if cache, is := training.Data.(*latent.Cache); is {
			l, err := latentsOf(t.data, cache)
			if err == nil {
				err = l.write(t.run)
			}
			if err != nil {
				return err
			}
		}
		record, err = openRecord(t.run, g.Logging.Every, done)
		return err
	}
	var broken error // of the record
	training.Report = func(p train.Progress) {
		told, err := record.add(p)
		if (err == nil && p.Step%g.Train.SaveEvery == 0) || p.Step == p.Steps {
			err = errors.Join(err, record.curves(t.run), gallery.draw(c.Context(), t.run, p))
		}
		if err != nil {
			broken = errors.Join(broken, err)
			stop()
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
	only, err := interruption(c, err, broken)
	if err != nil {
		list, _ := train.Checkpoints(training.Folder)
		switch n := len(list); {
		case n > 0 && only:
			sayKept(c, list[n-1].Step)
		case n > 0:
			err = errors.Join(err, fmt.Errorf("the checkpoint of step %d is good: %s", list[n-1].Step, list[n-1].Path))
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

// own returns an error if a folder has a configuration that a run with this one would write over: that of the other kind of training, or
// one that is of no run.
func own(run string, configuration *preset.Preset) error {
	path := filepath.Join(run, configurationFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if same, err := configuration.Marshal(); err != nil || bytes.Equal(text, same) {
		return err
	}
	if _, err := os.Stat(filepath.Join(run, metricsFile)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already and is of no run, which would have a %s: name another folder", path, metricsFile)
	}
	was, err := preset.ReadFile(path)
	if err == nil && (was.MAE != nil) != (configuration.MAE != nil) {
		err = fmt.Errorf("%s is the run of %s, and this trains %s: name another folder", run, kindOf(was), kindOf(configuration))
	}
	return err
}

func kindOf(p *preset.Preset) string {
	if p.MAE != nil {
		return "an encoder"
	}
	return "a generator"
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
