package preset

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/wflowlab/wflowlab/internal/nearest"
)

// Preset is one configuration: of a generator or of an encoder, the other being nil.
type Preset struct {
	Name      string  // of the preset or of the file, for errors and reports
	Listed    *Listed // its line of [List]; nil if it was not got by [Named], such as a file of your own
	Generator *Generator
	MAE       *MAE

	lines map[string]int // of every key that the file gives, by path; nil if there was no file
}

//go:embed gen mae
var files embed.FS

// Named returns a preset of [List]: gen/ablation_ot_1node for one. A released one holds the values of the official file,
// not its text. Each call returns its own copy.
func Named(name string) (*Preset, error) {
	at := slices.IndexFunc(presets, func(p Listed) bool { return p.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("preset: no preset %q%s", clip(name), nearest.Hint(shorten(name), Names()))
	}
	text, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("preset: %w", err)
	}
	p, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	listed := presets[at]
	p.Listed = &listed
	return p, nil
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
// at most 64 KiB. The keys of its model block tell whether it describes a generator or an encoder. Anchors, aliases and
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

// config returns the configuration: the generator's or the encoder's.
func (p *Preset) config() reflect.Value {
	if p.MAE != nil {
		return reflect.ValueOf(p.MAE).Elem()
	}
	return reflect.ValueOf(p.Generator).Elem()
}

// Check returns an error that lists the values that are impossible, alone or together. [Parse] has checked what it
// returns.
func (p *Preset) Check() error {
	if (p.Generator == nil) == (p.MAE == nil) {
		return fmt.Errorf("preset: %s: want a generator or a MAE", p.Name)
	}
	r := &reader{lines: p.lines}
	r.check(p)
	return r.error(p.Name)
}

// Defaults returns the paths of the official keys that the file left out, in the order of the fields. Their values are the
// defaults of the official code. Keys of ours that were left out are not among them: they have no effect. A preset that
// was made by hand has left out none.
func (p *Preset) Defaults() []string {
	if p.lines == nil {
		return nil
	}
	return leftOut(p.config(), p.lines)
}

// Marshal returns the text of a configuration file. It has the keys of the file that the preset was read from, and every
// other key whose value is not the default. PyYAML reads the same values and types from it.
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

// Memory returns what a training step takes, and whether that is known: see [Generator.Memory] and [MAE.Memory].
func (p *Preset) Memory() (Memory, bool) {
	if p.MAE != nil {
		return p.MAE.Memory(), p.MAE.Parameters() > 0
	}
	return p.Generator.Memory()
}

// MarshalJSON returns what there is to know for a machine: name, origin (that of [Listed], or "file"), source and
// purpose of a listed preset, kind, number of parameters, [Memory] of a step where it is known, [Preset.Times], for a
// generator the variant of the method, all values by their official keys, defaults included, and the list of
// [Preset.Defaults]. Of keys of ours it has those whose value has an effect.
func (p *Preset) MarshalJSON() ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	out := struct {
		Name       string   `json:"name"`
		Origin     Origin   `json:"origin"`
		Source     string   `json:"source,omitempty"`
		Purpose    string   `json:"purpose,omitempty"`
		Kind       string   `json:"kind"`
		Parameters int      `json:"parameters,omitempty"`
		Memory     *Memory  `json:"memory,omitempty"`
		Times      []Time   `json:"times,omitempty"`
		Variant    *Variant `json:"variant,omitempty"`
		Config     any      `json:"config"`
		Defaults   []string `json:"defaults"`
	}{Name: p.Name, Origin: "file", Kind: "mae", Config: plain(p.config()), Defaults: append([]string{}, p.Defaults()...), Times: p.Times()}
	if m, known := p.Memory(); known {
		out.Memory = &m
	}
	if l := p.Listed; l != nil {
		out.Origin, out.Source, out.Purpose = l.Origin, l.Source, l.Purpose
	}
	if p.MAE != nil {
		out.Parameters = p.MAE.Parameters()
	} else {
		v := p.Generator.Variant()
		out.Kind, out.Parameters, out.Variant = "generator", p.Generator.Parameters(), &v
	}
	return json.Marshal(out)
}
