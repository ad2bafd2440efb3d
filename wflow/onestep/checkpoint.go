package onestep

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/internal/resume"
	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// state is all that a run carries from step to step.
type state struct {
	step     int
	training string               // its fingerprint, if there is a checkpoint
	changes  string               // of its settings since it began, as JSON
	tensors  map[string][]float32 // by their name in a checkpoint
}

// slot is one array that training keeps per tensor of the network: its path in the store and its name in a checkpoint.
type slot struct{ path, tensor string }

const generatorScope = "/generator"

// slots lists the arrays of the named tensor, the moving average first. In a checkpoint the average has the name of the
// tensor itself, so that a checkpoint is a generator file too.
func slots(name string) []slot {
	path := generatorScope + "/" + name
	adam := "/" + optimizer.AdamDefaultScope + path
	return []slot{
		{descent.AverageScope + path, name},
		{path, "weights/" + name},
		{adam + "_1st_moment", "moment1/" + name},
		{adam + "_2nd_moment", "moment2/" + name},
	}
}

// fresh returns the state before the first step.
func fresh(n mlp.Network, seed uint64) *state {
	s := &state{tensors: map[string][]float32{}}
	for name, w := range initial(n, seed) {
		for i, slot := range slots(name) {
			s.tensors[slot.tensor] = make([]float32, len(w))
			if i < 2 {
				copy(s.tensors[slot.tensor], w)
			}
		}
	}
	return s
}

// store returns a GoMLX store that holds the state.
func (s *state) store(n mlp.Network) (*model.Store, error) {
	store := model.NewStore()
	create := func(path string, value *tensors.Tensor, trainable bool) error {
		v, err := store.CreateVariable(path, value)
		if err != nil {
			return err
		}
		v.SetTrainable(trainable)
		return nil
	}
	for _, t := range n.Tensors() {
		for i, slot := range slots(t.Name) {
			value := tensors.FromFlatDataAndDimensions(s.tensors[slot.tensor], t.Shape...)
			if err := create(slot.path, value, i == 1); err != nil {
				return nil, err
			}
		}
	}
	if err := create("/"+optimizer.AdamDefaultScope+"/step", tensors.FromScalar(float32(s.step)), false); err != nil {
		return nil, err
	}
	return store, create("/"+optimizer.GlobalStepVariableName, tensors.FromScalar(int64(s.step)), false)
}

// read takes the state back from the store.
func (s *state) read(store *model.Store, n mlp.Network, step int) error {
	s.step = step
	for _, t := range n.Tensors() {
		for _, slot := range slots(t.Name) {
			value, err := store.GetVariable(slot.path).Value()
			if err != nil {
				return err
			}
			if s.tensors[slot.tensor], err = tensors.CopyFlatData[float32](value); err != nil {
				return err
			}
		}
	}
	return nil
}

// average returns the generator with the averaged weights in the store.
func average(store *model.Store, n mlp.Network) (*mlp.Generator, error) {
	weights := map[string][]float32{}
	for _, t := range n.Tensors() {
		value, err := store.GetVariable(slots(t.Name)[0].path).Value()
		if err != nil {
			return nil, err
		}
		if weights[t.Name], err = tensors.CopyFlatData[float32](value); err != nil {
			return nil, err
		}
	}
	return mlp.New(n, weights)
}

// generator returns the generator with the averaged weights.
func (s *state) generator(n mlp.Network) (*mlp.Generator, error) { return mlp.New(n, s.tensors) }

const (
	stepKey     = "wflow.step"
	trainingKey = "wflow.training"
	changesKey  = "wflow.changes"
)

// errUnsaved says that the checkpoint cannot be written. The training itself is not at fault.
var errUnsaved = errors.New("it cannot be written")

// prepare tries, before hours of training, whether the checkpoint can be written. It also removes the temporary files of
// saves that were killed an hour ago or earlier.
func prepare(checkpoint string) error {
	folder, name := filepath.Split(checkpoint)
	if folder == "" {
		folder = "."
	}
	trial, err := os.CreateTemp(folder, "."+name)
	if err != nil {
		return fmt.Errorf("onestep: Checkpoint %s: %w: %w", checkpoint, errUnsaved, err)
	}
	left, _ := atomicfile.Leftovers(checkpoint)
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.Remove(path)
		}
	}
	return errors.Join(trial.Close(), os.Remove(trial.Name()))
}

// save writes the state as a checkpoint of the training: beside the path, synced and renamed.
func (s *state) save(t Training) error {
	g, err := s.generator(t.Network)
	if err != nil {
		return err
	}
	f := g.File()
	f.Meta[stepKey] = strconv.Itoa(s.step)
	f.Meta[trainingKey] = s.training
	if s.changes != "" {
		f.Meta[changesKey] = s.changes
	}
	for _, tensor := range t.Network.Tensors() {
		for _, slot := range slots(tensor.Name) {
			f.Tensors[slot.tensor] = safetensors.Tensor{Shape: tensor.Shape, Data: s.tensors[slot.tensor]}
		}
	}
	if err := f.WriteFile(t.Checkpoint); err != nil {
		return fmt.Errorf("onestep: Checkpoint %s: %w: %w", t.Checkpoint, errUnsaved, err)
	}
	return nil
}

// load reads the checkpoint of the training with this fingerprint, and returns nil if there is none yet. The error names
// the path and what is wrong: a torn file, a tensor with the shape found and wanted, a setting that differs.
func load(t Training, training string) (*state, error) {
	f, err := safetensors.ReadFile(t.Checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("onestep: checkpoint: %w", err)
	}
	wrap := func(err error) error { return fmt.Errorf("onestep: checkpoint %s: %w", t.Checkpoint, err) }
	if f.Meta[trainingKey] == "" {
		return nil, wrap(errors.New("it is no checkpoint of a training, which keeps more than a generator's weights: name another path"))
	}
	s := &state{tensors: map[string][]float32{}}
	for _, tensor := range t.Network.Tensors() {
		for _, slot := range slots(tensor.Name) {
			w, err := f.Floats(slot.tensor, tensor.Shape...)
			if err != nil {
				return nil, wrap(err)
			}
			for i, v := range w {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					return nil, wrap(fmt.Errorf("tensor %q: number %d is %v", slot.tensor, i, v))
				}
			}
			s.tensors[slot.tensor] = w
		}
	}
	step, damaged := strconv.Atoi(f.Meta[stepKey])
	changes, err := t.differs(step, f.Meta[trainingKey], training)
	if err != nil {
		return nil, wrap(err)
	}
	if s.step = step; damaged != nil || step < 0 {
		return nil, wrap(fmt.Errorf("it is damaged: its number of steps done is %q", f.Meta[stepKey]))
	}
	if s.step > t.Steps {
		return nil, wrap(fmt.Errorf("it has done %d steps already, and Steps is %d: want Steps of %[1]d or more, or another path", s.step, t.Steps))
	}
	if s.changes, err = resume.Add(f.Meta[changesKey], changes); err != nil {
		return nil, wrap(err)
	}
	return s, nil
}
