package steps

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/wflowlab/wflowlab/internal/descent"
)

// differs returns how the settings differ from those of the training found, or an error that names a difference that is not allowed.
func (c *Checkpoint) differs(found string) (changes []descent.Change, err error) {
	is, err := flat(found)
	if err != nil {
		return nil, errors.New("it is no checkpoint of such a training")
	}
	want, err := flat(c.Of)
	if err != nil {
		return nil, err
	}
	var unasked error
	keys := slices.AppendSeq(slices.Collect(maps.Keys(is)), maps.Keys(want))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if string(is[key]) == string(want[key]) {
			continue
		}
		if !slices.Contains(c.Extendable, key) {
			name, was, now := Difference(key, is[key], want[key])
			return nil, fmt.Errorf("it is of another training: %s is %s, want %s. Set it back, or name another path to train anew", name, was, now)
		}
		if !c.Extend && unasked == nil {
			unasked = fmt.Errorf("%s is %s there, and %s now. Set it back, ask to extend the training, or name another path to train anew",
				key, cmp.Or(string(is[key]), "not set"), cmp.Or(string(want[key]), "not set"))
		}
		changes = append(changes, descent.Change{Setting: key, From: is[key], To: want[key]})
	}
	return changes, unasked
}

// flat returns the values of an object by their keys. A list of objects stands for their keys: the settings of [Of] are one.
func flat(object string) (values map[string]json.RawMessage, err error) {
	if err := json.Unmarshal([]byte(object), &values); err != nil {
		return nil, err
	}
	for key, value := range maps.Clone(values) {
		var list []map[string]json.RawMessage
		if json.Unmarshal(value, &list) == nil && len(list) > 0 {
			delete(values, key)
			for _, part := range list {
				maps.Copy(values, part)
			}
		}
	}
	return values, nil
}

// changed adds changes after a step to the text of those before.
func changed(before string, step int, changes []descent.Change) (string, error) {
	var all []descent.Change
	if before != "" {
		if err := json.Unmarshal([]byte(before), &all); err != nil {
			return "", fmt.Errorf("it is damaged: %s: %w", changesKey, err)
		}
	}
	for _, c := range changes {
		c.Step = step
		all = append(all, c)
	}
	if len(all) == 0 {
		return "", nil
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// Difference returns the first part of two values that differs, with its name: the key of a value in an object, and for a value in a
// list the name of the list.
func Difference(name string, a, b json.RawMessage) (of string, was, is json.RawMessage) {
	var list, others []json.RawMessage
	if json.Unmarshal(a, &list) == nil && json.Unmarshal(b, &others) == nil && len(list) == len(others) {
		for i := range list {
			if string(list[i]) != string(others[i]) {
				return Difference(name, list[i], others[i])
			}
		}
	}
	var object, other map[string]json.RawMessage
	if json.Unmarshal(a, &object) == nil && json.Unmarshal(b, &other) == nil {
		for _, key := range slices.Sorted(maps.Keys(other)) {
			if there, ok := object[key]; ok && string(there) != string(other[key]) {
				return Difference(key, there, other[key])
			}
		}
	}
	return name, a, b
}
