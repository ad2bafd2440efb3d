package onestep

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"github.com/wflowlab/wflowlab/internal/descent"
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

// continues returns an error if the run with the fingerprint found cannot go on as the training with the fingerprint
// wanted. The error names the first setting that differs and says what to do. A setting that found does not have, as a
// checkpoint of an earlier version, is not compared. What Extend allows is returned as changes, without their step.
func (t Training) continues(found, wanted string) (changes []descent.Change, err error) {
	var a, b map[string]json.RawMessage
	if err := json.Unmarshal([]byte(found), &a); err != nil {
		return nil, fmt.Errorf("%s: %w", trainingKey, err)
	}
	if err := json.Unmarshal([]byte(wanted), &b); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if _, told := a[key]; !told || string(a[key]) == string(b[key]) {
			continue
		}
		if t.Extend && (key == "Steps" || key == "Rate") {
			changes = append(changes, descent.Change{Setting: key, From: a[key], To: b[key]})
			continue
		}
		switch key {
		case "Steps":
			if schedule := t.schedule(); schedule != "" {
				return nil, fmt.Errorf("it is of a run of %s Steps, want %s: %s. Set Steps to %[1]s, set Extend to go on by the new schedule, or name another path to train anew",
					a[key], b[key], schedule)
			}
		case "Samples":
			return nil, errors.New("it is of another training: the sources of Data or Unconditional give other samples. Train on what it was trained on, or name another path to train anew")
		case "Engine":
			return nil, fmt.Errorf("it was trained on the engine %s, and this is %s, which rounds differently. Go on with the former (see engine.Find), or name another path to train anew", a[key], b[key])
		case "Rate":
			return nil, fmt.Errorf("it is of another training: Rate is %s, want %s. Set it back, set Extend to go on with the new one, or name another path to train anew", a[key], b[key])
		default:
			return nil, fmt.Errorf("it is of another training: %s is %s, want %s. Set it back, or name another path to train anew", key, a[key], b[key])
		}
	}
	return changes, nil
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
