package preset

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	find "github.com/wflowlab/wflowlab/internal/nearest"
)

// Preset is one configuration: of a generator or of an encoder, the other being nil.
type Preset struct {
	Name      string // of the file, or of the preset, for errors and reports
	Generator *Generator
	MAE       *MAE

	lines map[string]int // of every key that the file gives, by path; nil if there was no file
}

//go:embed gen mae
var files embed.FS

// Names returns the names that [Named] knows, sorted: gen/… and mae/…, as the official files are called.
func Names() (names []string) {
	for _, folder := range []string{"gen", "mae"} {
		entries, err := files.ReadDir(folder)
		if err != nil {
			panic("preset: " + err.Error()) // the files are in the program
		}
		for _, e := range entries {
			names = append(names, path.Join(folder, strings.TrimSuffix(e.Name(), ".yaml")))
		}
	}
	return names
}

// Purpose says in a line what a released configuration is for. It returns "" for a name that is not in [Names].
func Purpose(name string) string {
	return map[string]string{
		"gen/ablation_ot_1node":       "generator B/2 of the paper's comparisons: a short training on 8 GPUs, features of mae/latent_ablation_256",
		"gen/latent_sota_B_ot_1node":  "generator B/2 at full length: 8 GPUs, features of mae/latent_640",
		"gen/latent_sota_B_ot_8node":  "generator B/2 at full length: 64 GPUs, features of mae/latent_640",
		"gen/latent_sota_L_ot_1node":  "generator L/2 at full length: 8 GPUs, features of mae/latent_640",
		"gen/latent_sota_L_ot_8node":  "generator L/2 at full length: 64 GPUs, features of mae/latent_640",
		"gen/latent_sota_XL_ot_1node": "generator XL/2 at full length, the paper's best: 8 GPUs, features of mae/latent_640",
		"gen/latent_sota_XL_ot_8node": "generator XL/2 at full length, the paper's best: 64 GPUs, features of mae/latent_640",
		"mae/latent_640":              "feature encoder that the generators at full length are trained with",
		"mae/latent_ablation_256":     "feature encoder of the comparisons: narrower, a short training",
	}[name]
}

// Named returns a released configuration: gen/ablation_ot_1node for one. It holds the values of the official file, not
// its text. Each call returns its own copy.
func Named(name string) (*Preset, error) {
	text, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("preset: no preset %q%s", clip(name), find.Hint(shorten(name), Names()))
	}
	return Parse(name, text)
}

// ReadFile reads a configuration file: see [Parse].
func ReadFile(name string) (*Preset, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("preset: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, longest+1))
	if err != nil {
		return nil, fmt.Errorf("preset: %w", err)
	}
	return Parse(name, text)
}

// Parse reads the text of a configuration file; name is what errors call it. The text is one YAML document in UTF-8 of
// at most 64 KiB. Whether it is a generator's or an encoder's shows in the keys of its model block. Anchors, aliases and
// merge keys are followed as long as they unfold to no more than 4,096 keys. The error lists the first ten faults, each
// on a line of its own.
func Parse(name string, text []byte) (*Preset, error) {
	root, err := document(name, text)
	if err != nil {
		return nil, err
	}
	r := &reader{budget: mostKeys, lines: map[string]int{"": max(root.Line, 1)}}
	p := &Preset{Name: name, Generator: new(Generator)}
	if r.isMAE(root) {
		p.Generator, p.MAE = nil, new(MAE)
	}
	r.known = paths("", p.config())
	r.block("", root, p.config())
	if len(r.faults) == 0 {
		r.check(p)
	}
	if err := r.error(name); err != nil {
		return nil, err
	}
	p.lines = r.lines
	return p, nil
}

// config returns the configuration that is there.
func (p *Preset) config() reflect.Value {
	if p.MAE != nil {
		return reflect.ValueOf(p.MAE).Elem()
	}
	return reflect.ValueOf(p.Generator).Elem()
}

// Check tells which values are impossible, alone or together. What [Parse] returns has passed it.
func (p *Preset) Check() error {
	if (p.Generator == nil) == (p.MAE == nil) {
		return fmt.Errorf("preset: %s: want a generator or a MAE", p.Name)
	}
	r := &reader{lines: p.lines}
	r.check(p)
	return r.error(p.Name)
}

// Defaults returns the keys that the file left out, by path and in the order of the fields: their values are those that
// the official code takes then. There are none if the preset was not read.
func (p *Preset) Defaults() (left []string) {
	if p.lines == nil {
		return nil
	}
	for k := range leaves("", p.config()) {
		if _, given := p.lines[k.path]; !given {
			left = append(left, k.path)
		}
	}
	return left
}

// Marshal returns the text of a configuration file. It has the keys of the file that was read, and of others those whose
// value is not the default. PyYAML reads the same values and types from it.
func (p *Preset) Marshal() ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	d, err := yaml.NewDumper(&text, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err == nil {
		err = d.Dump(tree("", p.config(), p.lines))
	}
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("preset: %s: %w", p.Name, err)
	}
	return text.Bytes(), nil
}

// MarshalJSON returns what there is to know for a machine: name, kind, number of parameters, for a generator the variant
// of the method, all values by their official keys, defaults included, and the list of the keys that took the default.
func (p *Preset) MarshalJSON() ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	out := struct {
		Name       string   `json:"name"`
		Kind       string   `json:"kind"`
		Parameters int      `json:"parameters,omitempty"`
		Variant    *Variant `json:"variant,omitempty"`
		Config     any      `json:"config"`
		Defaults   []string `json:"defaults"`
	}{Name: p.Name, Kind: "mae", Config: plain(p.config()), Defaults: append([]string{}, p.Defaults()...)}
	if p.MAE != nil {
		out.Parameters = p.MAE.Parameters()
	} else {
		v := p.Generator.Variant()
		out.Kind, out.Parameters, out.Variant = "generator", p.Generator.Parameters(), &v
	}
	return json.Marshal(out)
}
