package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/resume"
)

// manifest is the file that makes a folder a checkpoint.
type manifest struct {
	Step     int               `json:"step"`
	Engine   string            `json:"engine"`
	Devices  int               `json:"devices"`
	Settings resume.Settings   `json:"settings"`
	Changes  []resume.Change   `json:"changes,omitempty"` // of settings, since the training began
	Files    map[string]string `json:"files"`             // SHA-256 by name
}

// settings returns the settings of the training: its fields, the kinds of its network and field, the weights of its
// encoder and those that it starts from, the engine, and samples of its data.
func (r *run) settings(engine string) (resume.Settings, error) {
	text, err := json.Marshal(struct {
		Training
		Devices                                                           int
		Network, FieldType, EncoderWeights, StartWeights, Engine, Samples string
	}{r.Training, r.Devices, fmt.Sprintf("%T", r.Generator), fmt.Sprintf("%T", r.Field), r.stepper.encoderSum.String(), r.start, engine, r.samples()})
	if err != nil {
		return nil, err
	}
	var s resume.Settings
	return s, json.Unmarshal(text, &s)
}

// samples returns a hash of the data's labels and of some of its images.
func (r *run) samples() string {
	h := fnv.New64a()
	n := r.Data.Len()
	for i := range n {
		fmt.Fprintln(h, r.Data.Label(i))
	}
	image := make([]float32, r.Generator.Shape().Numbers())
	for k := range min(n, 64) {
		if err := r.Data.Read(k*n/min(n, 64), 0, image); err != nil {
			fmt.Fprintln(h, err) // the training will meet it
		}
		for _, v := range image {
			fmt.Fprint(h, math.Float32bits(v), " ")
		}
	}
	return strconv.FormatUint(h.Sum64(), 16)
}

// computed are the settings that say how a step is computed. They may differ: its numbers are the same but for
// rounding.
var computed = []string{"Chunk", "Devices", "Images", "Recompute of Generator"}

// extendable are the settings that Extend lets differ.
var extendable = []string{"BFloat16 of Encoder", "BFloat16 of Generator", "Engine", "KeepEvery", "KeepLast", "Rate", "SaveEvery", "Steps"}

// differs returns how the settings of the training differ from those of a checkpoint, or an error that names a difference that is
// not allowed.
func (r *run) differs(found *manifest) ([]resume.Change, error) {
	was, err := parted(found.Settings)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	is, err := parted(r.manifest.Settings)
	if err != nil {
		return nil, err
	}
	changes, err := resume.Rules{Free: computed, Extendable: extendable, Extend: r.Extend}.Compare(found.Step, was, is)
	if err == nil && r.Steps < found.Step {
		err = fmt.Errorf("it has done %d steps already, and Steps is %d", found.Step, r.Steps)
	}
	return changes, err
}

// parted returns settings with the precision of each network, and whether it computes blocks again, as settings of
// their own.
func parted(s resume.Settings) (resume.Settings, error) {
	parts := maps.Clone(s)
	for _, network := range []string{"Generator", "Encoder"} {
		var fields any
		if err := json.Unmarshal(s[network], &fields); err != nil {
			return nil, fmt.Errorf("%s: %w", network, err)
		}
		for _, key := range []string{"BFloat16", "Recompute"} {
			parts[key+" of "+network] = strconv.AppendBool(nil, lift(fields, key))
		}
		rest, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		parts[network] = rest
	}
	return parts, nil
}

// lift removes a key from an object and from the objects in it, and says whether its value was true.
func lift(value any, key string) (lifted bool) {
	object, _ := value.(map[string]any)
	for _, part := range object {
		lifted = lift(part, key) || lifted
	}
	lifted = lifted || object[key] == true
	delete(object, key)
	return lifted
}

// write adds the checksums of the files in a folder and writes the manifest.
func (m manifest) write(folder string, step int) error {
	m.Step, m.Files = step, map[string]string{}
	for _, name := range []string{generatorFile, trainingFile} {
		sum, err := fileSum(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		m.Files[name] = sum
	}
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	return errors.Join(atomicfile.WriteBytes(filepath.Join(folder, manifestFile), append(text, '\n')), syncFolder(folder))
}

// SHA256 returns the checksum that the file of the Generator had when the checkpoint was written. It is empty if the checkpoint has
// lost its manifest.
func (c Checkpoint) SHA256() (string, error) {
	m, err := parseManifest(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("train: checkpoint %s: %w", c.Path, err)
	}
	return m.Files[generatorFile], nil
}

// parseManifest reads the manifest of a checkpoint.
func parseManifest(folder string) (*manifest, error) {
	text, err := os.ReadFile(filepath.Join(folder, manifestFile))
	if err != nil {
		return nil, err
	}
	m := &manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	return m, nil
}

// readManifest reads the manifest of a checkpoint, and compares the files with their checksums.
func readManifest(folder string) (*manifest, error) {
	m, err := parseManifest(folder)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{generatorFile, trainingFile} {
		sum, err := fileSum(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		if sum != m.Files[name] {
			return nil, fmt.Errorf("the SHA-256 of %s is not the manifest's", name)
		}
	}
	return m, nil
}

// fileSum returns the SHA-256 of a file in hexadecimal.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
