package steps

import (
	"encoding/json"
	"errors"
	"hash/fnv"
	"maps"
	"strconv"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/internal/resume"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// Of describes a training, as Checkpoint wants it: by its settings, its first batch and its engine.
func Of(backend compute.Backend, first []*tensors.Tensor, settings ...any) (string, error) {
	h := fnv.New64a()
	for _, input := range first {
		if err := input.ConstBytes(func(data []byte) { h.Write(data) }); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Settings": settings, "Engine": engine.Name(backend), "Samples": strconv.FormatUint(h.Sum64(), 16)})
	return string(text), err
}

// differs returns how the settings differ from those of the training found, whose checkpoint is of a step, or an error that names a
// difference that is not allowed.
func (c *Checkpoint) differs(step int, found string) ([]resume.Change, error) {
	was, err := flat(found)
	if err != nil {
		return nil, errors.New("it is no checkpoint of such a training")
	}
	is, err := flat(c.Of)
	if err != nil {
		return nil, err
	}
	return resume.Rules{Extendable: c.Extendable, Extend: c.Extend}.Compare(step, was, is)
}

// flat returns the values of an object by their keys. A list of objects stands for their keys: the settings of [Of] are one.
func flat(object string) (values resume.Settings, err error) {
	if err := json.Unmarshal([]byte(object), &values); err != nil {
		return nil, err
	}
	for key, value := range maps.Clone(values) {
		var list []resume.Settings
		if json.Unmarshal(value, &list) == nil && len(list) > 0 {
			delete(values, key)
			for _, part := range list {
				maps.Copy(values, part)
			}
		}
	}
	return values, nil
}
