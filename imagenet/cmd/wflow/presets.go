package main

import (
	"github.com/wflowlab/wflowlab/imagenet/preset"
)

// released is a configuration in the list of all.
type released struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Parameters int    `json:"parameters"`
	Purpose    string `json:"purpose"`
}

// presets is what info reports of all of them.
type presets []released

func newPresets() (presets, error) {
	var list presets
	for _, name := range preset.Names() {
		p, err := preset.Named(name)
		if err != nil {
			return nil, err
		}
		r := released{Name: name, Kind: "generator", Purpose: preset.Purpose(name)}
		if p.MAE != nil {
			r.Kind, r.Parameters = "mae", p.MAE.Parameters()
		} else {
			r.Parameters = p.Generator.Parameters()
		}
		list = append(list, r)
	}
	return list, nil
}

func (r presets) lines() []line {
	var f facts
	for _, p := range r {
		f.add(p.Name, "%13s parameters  %s", thousands(p.Parameters), p.Purpose)
	}
	return f
}

// configuration is what info reports of one.
type configuration struct{ *preset.Preset }

func (r configuration) lines() []line {
	f := facts{{"preset", r.Name}}
	if purpose := preset.Purpose(r.Name); purpose != "" {
		f.add("purpose", "%s", purpose)
	}
	for _, fact := range r.Facts() {
		f.add(fact.Name, "%s", fact.Text)
	}
	return f
}
