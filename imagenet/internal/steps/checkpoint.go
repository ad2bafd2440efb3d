// Package steps takes the steps of trainings: [Descent] is one step in two graphs, on one device or several; [Run]
// takes all steps of a training that is kept in one file.
package steps

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/internal/finite"
	"github.com/wflowlab/wflowlab/internal/resume"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// Checkpoint is the file in which a training keeps its state, so that a later call goes on from there to the same bytes. Without
// a Path there is none.
type Checkpoint struct {
	Path  string
	Every int    // steps between two writes; 0 means 1000
	Of    string // as JSON, all that determines the training: an object, whose keys name what differs in errors

	// Extend lets the training go on where settings of these names differ. The file then keeps how they did.
	Extend     bool
	Extendable []string

	// Begin, if not nil, is told the number of steps that are done, before the next one. Its error ends the training there.
	Begin func(done int) error

	changes string // what the file keeps of them
}

const (
	stepKey = "wflow.step"
	ofKey   = "wflow.training"
	sumKey  = "wflow.sha256" // of the tensors

	changesKey = "wflow.changes" // of settings, as JSON; missing if there are none
)

// load gives the variables of a store the values of the checkpoint, and returns the number of steps that are done: 0 if there
// is no file. Later files keep the changes of settings.
func (c *Checkpoint) load(store *model.Store, steps int) (step int, err error) {
	if c.Path == "" {
		return 0, nil
	}
	f, err := safetensors.ReadFile(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	if step, err = c.take(f, store, steps); err != nil {
		return 0, fmt.Errorf("checkpoint %s: %w", c.Path, err)
	}
	return step, nil
}

// take gives the variables of a store the values of a file.
func (c *Checkpoint) take(f *safetensors.File, store *model.Store, steps int) (step int, err error) {
	step, damaged := strconv.Atoi(f.Meta[stepKey])
	changes, err := c.differs(step, f.Meta[ofKey])
	if err != nil {
		return 0, err
	}
	if damaged == nil && step > steps && len(changes) > 0 {
		return 0, fmt.Errorf("it has done %d steps already, and %d are asked for", step, steps)
	}
	if damaged != nil || step < 0 || step > steps {
		return 0, fmt.Errorf("it is damaged: its number of steps done is %q, of %d", f.Meta[stepKey], steps)
	}
	if c.changes, err = resume.Add(f.Meta[changesKey], changes); err != nil {
		return 0, err
	}
	if sum, ok := f.Meta[sumKey]; ok && sum != sumOf(f.Tensors) { // older files have none
		return 0, errors.New("it is damaged: its SHA-256 is not that with which it was written. Remove it to train anew")
	}
	if err := Restore(store, f.Tensors); err != nil {
		return 0, err
	}
	return step, nil
}

// sumOf returns the SHA-256 of the names, shapes and numbers of tensors, in the order of their names.
func sumOf(list map[string]safetensors.Tensor) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(list)) {
		fmt.Fprintln(h, name, list[name].Shape)
		binary.Write(h, binary.LittleEndian, list[name].Data) // of a hash, which takes all that is written
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Restore gives variables of a store their values, by their paths: what [Variables] returned.
func Restore(store *model.Store, values map[string]safetensors.Tensor) error {
	for _, path := range slices.Sorted(maps.Keys(values)) {
		if err := restore(store, path, values[path]); err != nil {
			return err
		}
	}
	return nil
}

// restore gives a variable its value. It makes one if the store has none: the optimizer's are made with the graph of a step.
func restore(store *model.Store, path string, t safetensors.Tensor) error {
	var value *tensors.Tensor
	switch data := t.Data.(type) {
	case []float32:
		value = tensors.FromFlatDataAndDimensions(data, t.Shape...)
	case []int64:
		value = tensors.FromFlatDataAndDimensions(data, t.Shape...)
	default:
		return fmt.Errorf("tensor %q: %T, want float32 or int64", path, data)
	}
	if v := store.GetVariable(path); v != nil {
		if !v.Shape().Equal(value.Shape()) {
			return fmt.Errorf("tensor %q: %v, want %v", path, value.Shape(), v.Shape())
		}
		return v.SetValue(value)
	}
	v, err := store.CreateVariable(path, value)
	if err == nil {
		v.SetTrainable(false)
	}
	return err
}

// save writes all variables of a store after a number of steps.
func (c Checkpoint) save(store *model.Store, step int) error {
	if c.Path == "" {
		return nil
	}
	values, err := Variables(store, func(string) bool { return true })
	if err == nil {
		f := safetensors.File{Meta: map[string]string{stepKey: strconv.Itoa(step), ofKey: c.Of, sumKey: sumOf(values)}, Tensors: values}
		if c.changes != "" {
			f.Meta[changesKey] = c.changes
		}
		err = f.WriteFile(c.Path)
	}
	if err != nil {
		return fmt.Errorf("checkpoint %s of step %d: %w", c.Path, step, err)
	}
	return nil
}

// Variables returns the values of the wanted variables of a store by their paths. The gradient is not among them: the
// next step makes it anew. A number that is NaN or infinite is an error that names its variable.
func Variables(store *model.Store, wanted func(path string) bool) (map[string]safetensors.Tensor, error) {
	values := map[string]safetensors.Tensor{}
	for v := range store.IterVariables() {
		if strings.HasPrefix(v.Path(), GradientScope+"/") || !wanted(v.Path()) {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		t := safetensors.Tensor{Shape: v.Shape().Dimensions}
		switch v.DType() {
		case dtypes.Float32:
			var numbers []float32
			if numbers, err = tensors.CopyFlatData[float32](value); err == nil {
				err = finite.Check(numbers)
			}
			t.Data = numbers
		case dtypes.Int64:
			t.Data, err = tensors.CopyFlatData[int64](value)
		default:
			err = fmt.Errorf("%v, want float32 or int64", v.DType())
		}
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.Path(), err)
		}
		if value.IsOnAnyDevice() {
			value.FinalizeLocal() // reading has made one more copy
		}
		values[v.Path()] = t
	}
	return values, nil
}
