package train

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/internal/steps"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// A checkpoint is a folder, step-00002000 for one, of these files. It appears under its name when all of it is on the disk.
const (
	generatorFile = "generator.safetensors" // the moving average of the generator's weights, under their official names
	trainingFile  = "training.safetensors"  // weights, moments of AdamW and its counters, by their paths in the store; the banks
	manifestFile  = "manifest.json"

	stepPrefix = "step-"
	bankTensor = "bank"
)

// Checkpoint is a checkpoint in a training's folder.
type Checkpoint struct {
	Step int
	Path string // of its folder
}

// Generator returns the path of the file with the moving average of the generator's weights, under their official names.
func (c Checkpoint) Generator() string { return filepath.Join(c.Path, generatorFile) }

// Checkpoints lists the checkpoints in the folder of a training, the newest last. A folder that is not there has none, and one without
// a generator's file is none.
func Checkpoints(folder string) (list []Checkpoint, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), stepPrefix)
		step, err := strconv.Atoi(digits)
		if c := (Checkpoint{step, filepath.Join(folder, e.Name())}); ok && err == nil && step > 0 {
			if s, err := os.Stat(c.Generator()); err == nil && s.Mode().IsRegular() {
				list = append(list, c)
			}
		}
	}
	slices.SortFunc(list, func(a, b Checkpoint) int { return cmp.Compare(a.Step, b.Step) })
	return list, nil
}

// save writes a checkpoint of the step that is done, with the banks' state, if the training has a folder. It removes
// those that are not to be kept. Weights or moments that are not finite are an error, and then the checkpoints stay as
// they were.
func (r *run) save(bank []int64) (err error) {
	if r.Folder == "" {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("train: checkpoint of step %d: %w", r.done, err)
		}
	}()
	if err := r.sweep(); err != nil {
		return err
	}
	beside, err := os.MkdirTemp(r.Folder, besidePrefix)
	if err != nil {
		return err
	}
	if err := r.write(beside, bank); err != nil {
		return errors.Join(err, os.RemoveAll(beside))
	}
	path := filepath.Join(r.Folder, fmt.Sprintf("%s%08d", stepPrefix, r.done))
	if err := remove(path); err != nil { // of a run that was extended from an earlier step
		return err
	}
	if err := errors.Join(os.Chmod(beside, 0o755), os.Rename(beside, path), syncFolder(r.Folder)); err != nil {
		return err
	}
	return r.prune()
}

// besidePrefix begins the names of folders in which checkpoints are being written or removed.
const besidePrefix = ".writing-"

// sweep removes what a killed training has left of a checkpoint that it was writing or removing.
func (r *run) sweep() error {
	left, err := fs.Glob(os.DirFS(r.Folder), besidePrefix+"*")
	for _, name := range left {
		err = errors.Join(err, os.RemoveAll(filepath.Join(r.Folder, name)))
	}
	return err
}

// write writes the files of a checkpoint into a folder.
func (r *run) write(folder string, bank []int64) error {
	average, err := r.average()
	if err != nil {
		return fmt.Errorf("moving average: %w", err)
	}
	generator := r.Generator.Table().File(average)
	generator.Meta["wflow.step"] = strconv.Itoa(r.done)
	if err := generator.WriteFile(filepath.Join(folder, generatorFile)); err != nil {
		return err
	}
	state, err := steps.Variables(r.stepper.store, func(path string) bool {
		return !strings.HasPrefix(path, encoderScope+"/") && !strings.HasPrefix(path, descent.AverageScope+"/")
	})
	if err != nil {
		return err
	}
	state[bankTensor] = safetensors.Tensor{Shape: []int{len(bank)}, Data: bank}
	training := safetensors.File{Meta: generator.Meta, Tensors: state}
	if err := training.WriteFile(filepath.Join(folder, trainingFile)); err != nil {
		return err
	}
	return r.manifest.write(folder, r.done)
}

// prune removes the checkpoints that are neither among the last nor at a step to be kept.
func (r *run) prune() error {
	list, err := Checkpoints(r.Folder)
	if err != nil {
		return err
	}
	for _, c := range list[:max(len(list)-r.KeepLast, 0)] {
		if c.Step%r.KeepEvery != 0 {
			err = errors.Join(err, remove(c.Path))
		}
	}
	return err
}

// remove removes a checkpoint, if it is there. It takes its name away first: if the training is killed meanwhile, sweep removes the rest.
func remove(path string) error {
	aside := filepath.Join(filepath.Dir(path), besidePrefix+filepath.Base(path))
	if err := os.Rename(path, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(aside)
}

// resume goes on from the newest checkpoint, if there is one.
func (r *run) resume(engine string) error {
	var err error
	if r.manifest.Settings, err = r.settings(engine); err != nil {
		return err
	}
	r.manifest.Engine, r.manifest.Devices = engine, r.Devices
	list, err := Checkpoints(r.Folder)
	if err != nil || len(list) == 0 {
		return err
	}
	newest := list[len(list)-1]
	if err := r.restore(newest); err != nil {
		return fmt.Errorf("checkpoint %s: %w", newest.Path, err)
	}
	r.done = newest.Step
	return nil
}

// restore takes the state of a checkpoint.
func (r *run) restore(c Checkpoint) error {
	found, err := readManifest(c.Path)
	if cannot := (*fs.PathError)(nil); errors.As(err, &cannot) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil {
		return fmt.Errorf("it is damaged: %w. Remove it to go on from the one before", err)
	}
	if found.Step != c.Step {
		return fmt.Errorf("%s is of step %d", manifestFile, found.Step)
	}
	changes, err := r.differs(found)
	if err != nil {
		return err
	}
	r.manifest.Changes = append(found.Changes, changes...)
	training, err := safetensors.ReadFile(filepath.Join(c.Path, trainingFile))
	if err != nil {
		return err
	}
	bank, err := training.Integers(bankTensor, len(r.source.bank.State()))
	if err != nil {
		return err
	}
	if err := r.source.bank.Restore(bank, r.Data.Len()); err != nil {
		return err
	}
	delete(training.Tensors, bankTensor)
	if err := steps.Restore(r.stepper.store, training.Tensors); err != nil {
		return err
	}
	average, err := safetensors.ReadFile(c.Generator())
	if err != nil {
		return err
	}
	scope := r.stepper.store.Scope(descent.AverageScope + generatorScope)
	if err := weights.Load(scope, r.Generator.Table(), func(p weights.Parameter) ([]float32, error) {
		return average.Floats(p.Name, p.Shape...)
	}); err != nil {
		return err
	}
	for v := range scope.IterVariables() {
		v.SetTrainable(false)
	}
	return nil
}
