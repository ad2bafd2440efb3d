package main

import (
	"fmt"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/internal/thousands"
)

// sizedPreset is a preset in the report of all presets.
type sizedPreset struct {
	preset.Listed
	Kind       string `json:"kind"`
	Parameters int    `json:"parameters"`
}

// presets is what info reports of all presets.
type presets []sizedPreset

func newPresets() (presets, error) {
	var all presets
	for _, listed := range preset.List() {
		p, err := preset.Named(listed.Name)
		if err != nil {
			return nil, err
		}
		sized := sizedPreset{Listed: listed, Kind: "generator"}
		if p.MAE != nil {
			sized.Kind, sized.Parameters = "mae", p.MAE.Parameters()
		} else {
			sized.Parameters = p.Generator.Parameters()
		}
		all = append(all, sized)
	}
	return all, nil
}

func (r presets) lines() []line {
	var lines reportLines
	for _, p := range r {
		lines.addLine(p.Name, "%13s parameters  %-8s  %s (%s)", thousands.Text(p.Parameters), p.Origin, p.Purpose, p.Source)
	}
	return lines
}

// configuration is what info reports of a preset, or of a configuration file.
type configuration struct{ *preset.Preset }

func (r configuration) lines() []line {
	var lines reportLines
	if l := r.Listed; l != nil {
		lines.addLine("preset", "%s", r.Name)
		lines.addLine("origin", "%s: %s", l.Origin, l.Source)
		lines.addLine("purpose", "%s", l.Purpose)
	} else {
		lines.addLine("file", "%s", r.Name)
		lines.addLine("origin", "a file of your own, none of wflow info presets")
	}
	for _, l := range r.Report() {
		lines.addLine(l.Name, "%s", l.Text)
	}
	if m, known := r.Memory(); known {
		lines.addLine("memory", "%s", memoryText(m, r.MAE != nil))
	}
	for _, t := range r.Times() {
		lines.addLine("time", "%s: %s on %s (%s)", t.Basis, t.What, t.Hardware, t.Source)
	}
	return lines
}

// memoryText says what a training step takes, and that it is computed. Whole tells whether the whole batch is taken to
// be on one device.
func memoryText(m preset.Memory, whole bool) string {
	var parts []string
	for _, p := range []struct {
		name  string
		bytes int
	}{
		{"weights, gradients, moments and average", m.Weights + m.Gradients + m.Moments + m.Average}, {"encoder", m.Encoder},
		{"activations", m.Activations}, {"features", m.Features}, {"transport", m.Transport},
	} {
		if p.bytes > 0 {
			parts = append(parts, p.name+" "+size(int64(p.bytes)))
		}
	}
	where := "a device"
	if whole {
		where = "a device that takes the whole batch"
	}
	text := fmt.Sprintf("computed: %s %s: %s", size(int64(m.Device())), where, strings.Join(parts, ", "))
	if m.Banks > 0 {
		text += "; banks " + size(int64(m.Banks)) + " a process"
	}
	return text
}
