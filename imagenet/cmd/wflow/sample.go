package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/internal/thousands"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// sampling is what sample is asked for.
type sampling struct {
	run                    string
	step                   int
	preset, weights, vae   string
	cache                  string
	to                     string
	force                  bool
	classes                string
	each                   int
	alpha, temperature     float64
	seed                   uint64
	first, images, columns int
	batch, devices         int
	demo, time             bool
	repeats                int
	warnings               []string
}

func sampleCommand() *cobra.Command {
	s := sampling{}
	c := &cobra.Command{
		Use:   "sample [RUN]",
		Short: "make images with a trained generator",
		Long: `sample makes images with the generator of a run of wflow train, at its newest
step or at another, or with the weights of a file and the preset that they
belong to.

--to says what is made, by its name:

  a folder        one PNG file for each image, 00000.png, 00001.png and so on,
                  for evaluators. It goes on where it was stopped.
  NAME.npz        one array arr_0 of bytes, [images, height, width, channels],
                  for other evaluators.
  NAME.png        a grid of the images, row by row.

All images of the first class come first, then those of the second, and so on.
Image i of a seed is the same, but for rounding, whatever the batch size and the
number of devices, and whichever part of the images is made: with --first and
--images the tasks of a job array make parts of one folder.

The autoencoder decodes latents. Latents that were never multiplied by its
factor 0.18215 are refused; of other unlikely scales the report warns. Images
are rounded to the nearest of 256 levels.

--demo makes demo.png, the 12 images that the authors show: 3 rows of 4, with
α = 3 and seed 42.
--time measures images a second, with and without decoding, and writes nothing.`,
		Example: `  wflow sample run --to samples
  wflow sample run --step 2000 --to grid.png --classes 0-9 --alpha 2
  wflow sample run --to samples --first 12500 --images 12500
  wflow sample --demo --preset gen/latent_sota_XL_ot_8node --weights xl.pt
  wflow sample --preset gen/latent_sota_B_ot_1node --weights b.pt --to b.npz
  wflow sample run --time`,
		Args: func(c *cobra.Command, arguments []string) error {
			if len(arguments) == 0 {
				return nil
			}
			return exactly(1)(c, arguments)
		},
		ValidArgsFunction: completeFiles(1, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(c *cobra.Command, arguments []string) error {
			s.run = strings.Join(arguments, "")
			return s.do(c)
		},
	}
	f := c.Flags()
	f.IntVar(&s.step, "step", 0, "of the run (default: the newest)")
	f.StringVar(&s.preset, "preset", "", "the `preset`, or the configuration file, that --weights belong to")
	f.StringVar(&s.weights, "weights", "", "a weight `file` of the generator, released or converted")
	f.StringVar(&s.vae, "vae", "", "the autoencoder's weights, a `file` (default: those of stabilityai/sd-vae-ft-mse, fetched once)")
	f.StringVar(&s.cache, "cache", "", "the `cache` that the generator was trained on: it is an error if its latents are not the autoencoder's")
	f.StringVar(&s.to, "to", "", "the `path` to write: a folder, or a file NAME.npz or NAME.png")
	f.BoolVar(&s.force, "force", false, "write over a file that is there")
	f.StringVar(&s.classes, "classes", "", "`which`, in their order, such as 207,829 or 0-9 (default: all)")
	f.IntVar(&s.each, "each", 0, "images of each class (default: 50, in a grid 8)")
	f.Float64Var(&s.alpha, "alpha", 1, "the guidance scale; 1 is no guidance")
	f.Float64Var(&s.temperature, "temperature", 1, "by which the noise is multiplied")
	f.Uint64Var(&s.seed, "seed", 0, "of the noise")
	f.IntVar(&s.first, "first", 0, "the number of the first image to make")
	f.IntVar(&s.images, "images", 0, "how many images to make (default: all that follow)")
	f.IntVar(&s.columns, "columns", 0, "of a grid (default: the images of a class)")
	f.IntVar(&s.batch, "batch", 8, "how many images are computed together; with --time 4")
	f.IntVar(&s.devices, "devices", 1, "how many devices of the engine share a batch")
	f.BoolVar(&s.demo, "demo", false, "make the images that the authors show")
	f.BoolVar(&s.time, "time", false, "measure images a second, with batches of 4, as the paper does")
	f.IntVar(&s.repeats, "repeats", 10, "batches that --time measures, after 2 that warm up")
	for _, number := range []string{"step", "classes", "each", "alpha", "temperature", "seed", "first", "images", "columns", "batch", "devices", "repeats"} {
		completeFlag(c, number)
	}
	if err := c.RegisterFlagCompletionFunc("preset", completeFlagPresets); err != nil {
		panic("wflow: " + err.Error())
	}
	return c
}

// warmUp is how many batches --time makes before it measures.
const warmUp = 2

// check returns an error for flags that do not go together.
func (s *sampling) check(c *cobra.Command) error {
	flags := c.Flags()
	given := func(names ...string) (all []string) {
		for _, name := range names {
			if flags.Changed(name) {
				all = append(all, "--"+name)
			}
		}
		return all
	}
	switch named := given("preset", "weights"); {
	case s.run != "" && len(named) > 0:
		return misuse{fmt.Errorf("RUN %s and %s: want a run, or a preset with weights", shown(s.run), strings.Join(named, " and "))}
	case s.run == "" && len(named) < 2:
		return misuse{errors.New("want a RUN to sample from, or --preset and --weights")}
	case s.run == "" && flags.Changed("step"):
		return misuse{errors.New("--step is of a RUN, and there is none")}
	}
	if set := given("classes", "each", "columns", "alpha", "seed", "first", "images"); s.demo && len(set) > 0 {
		return misuse{fmt.Errorf("--demo sets %s itself", strings.Join(set, " and "))}
	}
	if set := given("to", "first", "images", "columns"); s.time && len(set) > 0 {
		return misuse{fmt.Errorf("--time writes no images: it wants no %s", strings.Join(set, " and no "))}
	}
	if s.demo && !s.time {
		s.to = cmp.Or(s.to, "demo.png")
	}
	if s.time && !flags.Changed("batch") {
		s.batch = 4
	}
	if !s.time && s.to == "" {
		return misuse{errors.New("--to is missing: want a folder, a file NAME.npz or a file NAME.png to write")}
	}
	if kind := strings.ToLower(filepath.Ext(s.to)); slices.Contains([]string{".jpg", ".jpeg", ".npy", ".zip"}, kind) {
		return misuse{fmt.Errorf("--to %s: want a folder, a file NAME.npz or a file NAME.png to write, not a file %s", shown(s.to), kind)}
	}
	if s.columns != 0 && !s.isGrid() {
		return misuse{errors.New("--columns are those of a grid, --to NAME.png")}
	}
	if s.first < 0 {
		return misuse{fmt.Errorf("--first %d, want 0 or more", s.first)}
	}
	if err := positive(c, "step", "each", "images", "columns", "batch", "devices", "repeats"); err != nil {
		return err
	}
	for name, x := range map[string]float64{"alpha": s.alpha, "temperature": s.temperature} {
		if !(x > 0 && x <= math.MaxFloat32) {
			return misuse{fmt.Errorf("--%s %v, want a number above 0", name, x)}
		}
	}
	return nil
}

func (s *sampling) isGrid() bool { return strings.EqualFold(filepath.Ext(s.to), ".png") }

func (s *sampling) isArray() bool { return strings.EqualFold(filepath.Ext(s.to), ".npz") }

// sequence returns which images there are, and which of them are made.
func (s *sampling) sequence(t trained) (q sample.Sequence, first, n int, err error) {
	q = sample.Demo()
	q.Temperature = s.temperature
	if s.demo {
		s.columns = sample.DemoColumns
	} else {
		q.Alpha, q.Seed, q.Each = s.alpha, s.seed, cmp.Or(s.each, 50)
		if s.isGrid() {
			q.Each = cmp.Or(s.each, 8)
		}
		if q.Classes, err = parseClasses(s.classes, t.preset.Data.Classes); err != nil {
			return q, 0, 0, err
		}
	}
	if n = q.Len() - s.first; s.images != 0 {
		n = s.images
	}
	if n < 1 || s.first+n > q.Len() {
		return q, 0, 0, misuse{fmt.Errorf("--first %d and --images %d: want some of the images 0 to %s", s.first, n, thousands.Text(q.Len()-1))}
	}
	if s.isGrid() && n > sample.MostInGrid {
		return q, 0, 0, misuse{fmt.Errorf("a grid of %s images, want at most %s: --classes and --each choose some", thousands.Text(n), thousands.Text(sample.MostInGrid))}
	}
	if g := t.preset.Train.Guidance; q.Alpha < g.Least || q.Alpha > g.Most {
		s.warn("α %v is outside %v to %v, with which the generator was trained", q.Alpha, g.Least, g.Most)
	}
	return q, s.first, n, nil
}

func (s *sampling) warn(format string, arguments ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, arguments...))
}

func (s *sampling) do(c *cobra.Command) error {
	if err := s.check(c); err != nil {
		return err
	}
	t, err := trainedBy(s.preset, s.weights)
	if s.run != "" {
		t, err = trainedByRun(s.run, s.step)
	}
	if err != nil {
		return err
	}
	q, first, n, err := s.sequence(t)
	if err != nil {
		return err
	}
	if s.isGrid() || s.isArray() {
		if err := vacant(t.weights, s.to, s.force); err != nil {
			return err
		}
	}
	if (s.vae != "" || s.cache != "") && !t.preset.Data.Latent {
		return misuse{fmt.Errorf("--vae and --cache are for latents, and the generator of %s makes pixels", t.configuration)}
	}
	backend, engine, err := engine.Find()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	p, finalize, err := s.pictures(c, backend, t)
	if err != nil {
		return err
	}
	defer finalize()
	p.Sequence = q
	r := samples{Kind: "samples", To: s.to, Configuration: t.configuration, Weights: t.weights, Step: t.step, First: first, Images: n,
		Classes: len(q.Classes), Each: q.Each, Alpha: q.Alpha, Temperature: q.Temperature, Seed: q.Seed,
		Generator: p.Generator, Autoencoder: p.Decoder.SHA256, Engine: engine, Batch: s.batch, Devices: s.devices}
	fmt.Fprintf(c.ErrOrStderr(), "sampling on %s\n", engine)
	for _, w := range s.warnings {
		fmt.Fprintln(c.ErrOrStderr(), "warning:", printable(w))
	}
	what := "images"
	if s.time {
		what = "batches"
	}
	b := newBar(c.ErrOrStderr(), what, false)
	progress := func(done, total int) { b.set(int64(done), int64(total)) }
	switch {
	case s.time:
		r.Kind, r.Images = "rate", 0
		r.Rate, err = p.Time(c.Context(), warmUp, s.repeats, progress)
	case s.isGrid():
		err = p.WriteGrid(c.Context(), s.to, cmp.Or(s.columns, defaultColumns(q, n)), first, n, progress)
	case s.isArray():
		err = p.WriteArray(c.Context(), s.to, first, n, progress)
	default:
		err = p.WriteFolder(c.Context(), s.to, first, n, progress)
	}
	b.end()
	if err != nil {
		return err
	}
	if scale := p.Scale(); scale.Rows > 0 {
		r.Numbers = &scale
		if odd := scale.Odd(); odd != "" && p.Decoder.Latents {
			s.warn("%s", odd)
		}
	}
	r.Warnings = s.warnings
	return report(c, r)
}

// defaultColumns returns how many columns a grid of n images has: a row for each class, or about a square if a class has one
// image.
func defaultColumns(q sample.Sequence, n int) int {
	if q.Each > 1 {
		return q.Each
	}
	return int(math.Ceil(math.Sqrt(float64(n))))
}

// pictures returns what makes the images, with the function that releases it.
func (s *sampling) pictures(c *cobra.Command, backend compute.Backend, t trained) (*sample.Pictures, func(), error) {
	sampler, sum, err := t.sampler(c, backend, &sample.Settings{Batch: s.batch, Devices: s.devices})
	if err != nil {
		return nil, nil, err
	}
	p := &sample.Pictures{Sampler: sampler, Decoder: sample.Pixels(sampler.Shape()), Generator: sum}
	finalize := sampler.Finalize
	if t.preset.Data.Latent {
		a, decoder, err := newDecoder(c, backend, t, s.vae, s.cache)
		if err != nil {
			sampler.Finalize()
			return nil, nil, err
		}
		p.Decoder, finalize = decoder, func() { a.Finalize(); sampler.Finalize() }
	}
	return p, finalize, nil
}

// sampler returns a sampler of the generator, and the SHA-256 of its weights.
func (t trained) sampler(c *cobra.Command, backend compute.Backend, settings *sample.Settings) (*sample.Sampler, string, error) {
	n, err := generatorOf(t.preset, backend)
	if err != nil {
		return nil, "", err
	}
	read, sum, done, err := t.open(c, n)
	if err != nil {
		return nil, "", err
	}
	defer done()
	s, err := sample.New(backend, n, read, settings)
	return s, sum, err
}
