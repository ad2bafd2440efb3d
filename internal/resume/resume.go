// Package resume says whether a training may go on from a checkpoint: it compares their settings. A setting that may differ becomes a
// [Change], which the next checkpoint keeps. Any other is an error that names it.
package resume

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Settings are all that determines a training: values by their names, as JSON.
type Settings map[string]json.RawMessage

// Rules say which settings may differ from those of the checkpoint.
type Rules struct {
	Free       []string          // these may always
	Extendable []string          // these may if the training is to be extended
	Extend     bool              // that it is
	Advice     map[string]string // what to say when the setting of a name may not differ; otherwise the usual
}

// Compare returns how the settings of a training differ from those of its checkpoint of a step, in the order of their names. A
// setting that may not differ is an error. One of another training comes before one that Extend would allow.
func (r Rules) Compare(step int, was, is Settings) (changes []Change, err error) {
	var unasked error
	var others []string // names of settings of another training
	names := slices.AppendSeq(slices.Collect(maps.Keys(was)), maps.Keys(is))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		from, to := flat(was[name]), flat(is[name])
		if bytes.Equal(from, to) {
			continue
		}
		changes = append(changes, Change{Step: step, Setting: name, From: from, To: to})
		switch {
		case slices.Contains(r.Free, name):
		case !slices.Contains(r.Extendable, name):
			others = append(others, name)
		case !r.Extend && unasked == nil:
			unasked = fmt.Errorf("%s is %s there, and %s now. %s", name, told(from), told(to),
				cmp.Or(r.Advice[name], "Set it back, ask to extend the training (--extend, or Extend), or name another path to train anew"))
		}
	}
	if len(others) > 0 {
		return nil, r.other(others, was, is)
	}
	return changes, unasked
}

// other returns the error that settings of these names are those of another training: the first with its values.
func (r Rules) other(names []string, was, is Settings) error {
	first := names[0]
	part, from, to := innermost(first, flat(was[first]), flat(is[first]))
	said := fmt.Sprintf("it is of another training: %s is %s, want %s", part, told(from), told(to))
	if len(names) == 1 {
		return fmt.Errorf("%s. %s", said, cmp.Or(r.Advice[first], "Set it back, or name another path to train anew"))
	}
	return fmt.Errorf("%s; also different: %s. Set them back, or name another path to train anew", said, strings.Join(names[1:], ", "))
}

// flat returns a value without white space, and nil for none.
func flat(value json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return nil
	}
	return b.Bytes()
}

// told returns a value as an error shows it.
func told(value json.RawMessage) string { return cmp.Or(string(value), "not set") }

// innermost returns the first value in two values that differs, and its name: "Width of Encoder", say. A value in a list has the list's name.
func innermost(name string, a, b json.RawMessage) (of string, was, is json.RawMessage) {
	var list, others []json.RawMessage
	if json.Unmarshal(a, &list) == nil && json.Unmarshal(b, &others) == nil && len(list) == len(others) {
		for i := range list {
			if !bytes.Equal(list[i], others[i]) {
				return innermost(name, list[i], others[i])
			}
		}
	}
	var object, other Settings
	if json.Unmarshal(a, &object) == nil && json.Unmarshal(b, &other) == nil {
		for _, key := range slices.Sorted(maps.Keys(other)) {
			if there, ok := object[key]; ok && !bytes.Equal(there, other[key]) {
				return innermost(key+" of "+name, there, other[key])
			}
		}
	}
	return name, a, b
}
