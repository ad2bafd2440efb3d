package train

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/internal/lockfile"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/onestep"
)

// Images is a data set. latent.Cache and pixels.Set are data sets.
type Images interface {
	Len() int
	Label(i int) int // 0 … Classes − 1

	// Read reads image i as [Side, Side, Channels], or its mirror image if u ≥ ½. It is called from many goroutines.
	Read(i int, u float64, image []float32) error
}

// Training says what to train a generator on, and how.
type Training struct {
	Step

	Data Images `json:"-"`

	// Start gives the weights that the training starts from, such as those of another one; nil means Generator.Initial of the Seed.
	Start func(weights.Parameter) ([]float32, error) `json:"-"`

	// The loader deals the data set in batches of Batch images, shuffled anew in each epoch; the last, incomplete batch of an
	// epoch is left out. A step pushes Loads batches into the banks, and takes its classes from the labels of the last.
	Batch, Loads          int
	ClassBank, GlobalBank int // sizes of the banks: newest images of each class, and of all

	Scales onestep.Scales      // law of the guidance scale
	R      []onestep.Annealing // regularisations

	// FeaturesFrom is the number of steps at the beginning that compare images as they are, although there is an Encoder. Such a
	// step takes a small part of the time of one with an encoder, and brings a new generator near the data.
	FeaturesFrom int
	Rate         onestep.Rate // of learning
	Steps        int
	Seed         uint64

	Devices int `json:"-"` // of the engine; 0 means 1

	// Folder is where checkpoints are written, every SaveEvery steps, at the end and when interrupted. The last
	// KeepLast are kept, and those whose step is a multiple of KeepEvery. If there is one already, the training goes on
	// from the newest: computed in the same way, to the same bytes as in one go; with other Devices, Chunk, Images or a
	// generator's Recompute, to the same numbers but for rounding. It is an error if another process trains there.
	// Empty means none.
	Folder                         string `json:"-"`
	SaveEvery, KeepEvery, KeepLast int

	// Extend lets a training go on from checkpoints with more Steps, with another Rate, SaveEvery, KeepEvery or
	// KeepLast, on another engine, and with another BFloat16 of the generator or of the encoder. Whatever else says
	// what is trained, and differs, is an error. The manifest of each later checkpoint records all changes.
	Extend bool `json:"-"`

	// Begin is called before the first step, with the number of steps that are done: the training fits the checkpoints in its Folder.
	// Its error ends the training. Nil means not to call it.
	Begin func(done int) error `json:"-"`

	// Report is called after every step; nil means not to.
	Report func(Progress) `json:"-"`
}

// Progress is what a training reports after every step.
type Progress struct {
	Step, Steps int // steps done, and of the whole training
	Measure     *Measure
	R           []float64 // regularisations of the step
	Rate        float64   // learning rate of the step
	Images      float64   // generated with a gradient per second, at the pace of Remaining; 0 where that is not known

	Elapsed time.Duration // since Run began

	// Remaining is the time until the end at the present pace. That is the mean of this call's steps since the last one
	// that compiled. The first step compiles, and so does the first that compares features of the Encoder: after these
	// two Remaining is 0, not known yet. Steps before FeaturesFrom know nothing of those behind it, which take several
	// times as long.
	Remaining time.Duration

	weights func() (map[string][]float32, error)
}

// Weights returns the generator of this moment, the moving average of its weights, by the names of its table in the official
// layout. Call it before the report returns.
func (p Progress) Weights() (map[string][]float32, error) { return p.weights() }

// Warnings says what is allowed, but probably not meant: a moving average that looks back over much of the training, an encoder that
// is never used, and classes without images. Run logs it at the start.
func (t Training) Warnings() (list []string) {
	if short := descent.Short(t.Average, t.Steps); short != "" {
		list = append(list, short)
	}
	if t.Encoder != nil && t.FeaturesFrom >= t.Steps {
		list = append(list, fmt.Sprintf("the encoder's features count from step %d on, and the training has %d: they never do", t.FeaturesFrom, t.Steps))
	}
	seen := make([]bool, t.Generator.Shape().Classes)
	for i := range t.Data.Len() {
		if label := t.Data.Label(i); label >= 0 && label < len(seen) {
			seen[label] = true
		}
	}
	missing, first := 0, -1
	for label, s := range seen {
		if !s {
			if missing++; first < 0 {
				first = label
			}
		}
	}
	if missing > 0 {
		list = append(list, fmt.Sprintf("no image of %d of the %d classes, such as %d: the generator learns nothing of them", missing, len(seen), first))
	}
	return list
}

// Run trains the generator and returns its weights, the moving average, by the names of its table in the official layout.
//
// When ctx ends or the program is interrupted, it stops after the step at hand, writes a checkpoint, and returns the weights so far
// with an error that wraps ctx's. A second interrupt ends the program at once. Other errors name the setting, file, step or feature that is wrong, and leave the last
// checkpoint as it was: data or a gradient that is not finite; a feature that is the same for all images, as an encoder's that
// has collapsed; a full disk.
//
// The same training gives the same bytes on one engine and one number of devices.
//
// Source: arXiv 2605.11755, algorithm 1, and its code.
func (t Training) Run(ctx context.Context, backend compute.Backend) (map[string][]float32, error) {
	if t.Devices == 0 {
		t.Devices = 1
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	start, begun := t.Generator.Initial(t.Seed), new(checksum)
	if t.Start != nil {
		start = begun.of(t.Start)
	}
	stepper, err := NewStepper(backend, t.Devices, t.Step, start)
	if err != nil {
		return nil, err
	}
	defer stepper.Finalize()
	r := &run{Training: t, stepper: stepper, source: newSource(t), start: begun.String()}
	if t.Folder != "" {
		release, err := lockfile.Claim(t.Folder)
		if err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		defer release()
		if err := r.resume(engine.Name(backend)); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
	}
	if t.Begin != nil {
		if err := t.Begin(r.done); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
	}
	if r.done < t.Steps {
		for _, warning := range t.Warnings() {
			log.Print("train: ", warning)
		}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second interrupt ends the program, however long a step takes
	stopped := r.steps(ctx)
	if stopped != nil && ctx.Err() == nil {
		return nil, stopped
	}
	trained, err := r.weights()
	return trained, errors.Join(stopped, err)
}

// check returns an error that names the setting that makes no sense.
func (t Training) check() error {
	if err := t.Step.check(t.Devices); err != nil {
		return err
	}
	if t.Data == nil {
		return errors.New("train: Data is nil")
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"Batch", t.Batch}, {"Loads", t.Loads}, {"ClassBank", t.ClassBank}, {"GlobalBank", t.GlobalBank}, {"Steps", t.Steps}} {
		if n.value < 1 {
			return fmt.Errorf("train: %s: %d, want at least 1", n.name, n.value)
		}
	}
	if t.Folder != "" && (t.SaveEvery < 1 || t.KeepEvery < 1 || t.KeepLast < 1) {
		return fmt.Errorf("train: SaveEvery %d, KeepEvery %d, KeepLast %d: want positive numbers", t.SaveEvery, t.KeepEvery, t.KeepLast)
	}
	if len(t.R) != t.Regularisations {
		return fmt.Errorf("train: %d R for %d Regularisations", len(t.R), t.Regularisations)
	}
	if err := enough(t.Data, t.Batch); err != nil {
		return err
	}
	if t.Classes > t.Batch {
		return fmt.Errorf("train: %d classes of a step from the labels of a batch of %d", t.Classes, t.Batch)
	}
	classes := t.Generator.Shape().Classes
	for i := range t.Data.Len() {
		if label := t.Data.Label(i); label < 0 || label >= classes {
			return fmt.Errorf("train: image %d is of class %d, and the generator has %d", i, label, classes)
		}
	}
	return t.fits()
}

// fits reads the first image, and returns an error if it has another shape than the generator's images.
func (t Training) fits() (err error) {
	shape := t.Generator.Shape()
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("%v", panicked)
		}
		if err != nil {
			err = fmt.Errorf("train: image 0 of the data, read as the generator's [%d, %d, %d]: %w", shape.Side, shape.Side, shape.Channels, err)
		}
	}()
	return t.Data.Read(0, 0, make([]float32, shape.Numbers()))
}
