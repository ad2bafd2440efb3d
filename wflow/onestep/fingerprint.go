package onestep

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"

	"github.com/wflowlab/wflowlab/internal/resume"
)

// samples is how many samples of each source go into the fingerprint's hash. Drawing them takes as long as a few batches. If
// a share p of a source's samples changes, the hash misses it with a probability of (1 − p)^1024.
const samples = 1024

// fingerprint returns, as JSON, all that determines the run: the settings, the engine, and a hash of each source's first
// samples.
func (t Training) fingerprint(engine string) (string, error) {
	var hashes []string
	hash := func(name string, source Source) error {
		x, err := t.draw(name, source, 0, samples)
		if err != nil {
			return err
		}
		h := fnv.New64a()
		for i := range samples {
			if err := binary.Write(h, binary.LittleEndian, x.RawRowView(i)); err != nil {
				return err
			}
		}
		hashes = append(hashes, strconv.FormatUint(h.Sum64(), 16))
		return nil
	}
	for c, source := range t.Data {
		if err := hash(dataStream(c), source); err != nil {
			return "", err
		}
	}
	if t.Unconditional != nil {
		if err := hash(unconditionalStream, t.Unconditional); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(struct {
		Training
		FieldType string
		Engine    string
		Samples   []string
	}{t, fmt.Sprintf("%T", t.Field), engine, hashes})
	if err != nil {
		return "", fmt.Errorf("onestep: a checkpoint cannot tell what Field %T is: %w", t.Field, err)
	}
	return string(text), nil
}

// differs returns how the training with the fingerprint wanted differs from the one with the fingerprint found, whose checkpoint is of
// a step, or an error that names a difference that is not allowed. Settings that only one of the two has, as a checkpoint of another
// version, are not compared.
func (t Training) differs(step int, found, wanted string) ([]resume.Change, error) {
	var was, is resume.Settings
	if err := json.Unmarshal([]byte(found), &was); err != nil {
		return nil, fmt.Errorf("%s: %w", trainingKey, err)
	}
	if err := json.Unmarshal([]byte(wanted), &is); err != nil {
		return nil, err
	}
	maps.DeleteFunc(was, func(name string, _ json.RawMessage) bool { return is[name] == nil })
	maps.DeleteFunc(is, func(name string, _ json.RawMessage) bool { return was[name] == nil })
	rules := resume.Rules{Extendable: []string{"Rate", "Steps"}, Extend: t.Extend, Advice: map[string]string{
		"Engine":  "Engines round differently. Go on with the former (see engine.Find), or name another path to train anew",
		"Samples": "So the sources of Data or Unconditional give other samples. Train on what it was trained on, or name another path to train anew",
	}}
	if schedule := t.schedule(); schedule == "" {
		rules.Free = []string{"Steps"}
	} else {
		rules.Advice["Steps"] = schedule + ". Set Steps back, set Extend to go on by the new schedule, or name another path to train anew"
	}
	return rules.Compare(step, was, is)
}

// schedule says which schedule depends on the number of steps, "" if none does.
func (t Training) schedule() string {
	if t.Rate.Decay {
		return "Rate.Decay follows them"
	}
	for k, r := range t.R {
		if r.From != r.To {
			return fmt.Sprintf("R[%d] falls with them from %v to %v", k, r.From, r.To)
		}
	}
	return ""
}
