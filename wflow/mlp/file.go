package mlp

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// metaKey holds the network as JSON in the metadata of a file.
const metaKey = "wflow.network"

// File returns the generator as the content of a safetensors file: its tensors, and the network in the metadata. The
// numbers are not copied: do not change them.
func (g *Generator) File() *safetensors.File {
	network, err := json.Marshal(g.Network)
	if err != nil {
		panic(err) // a struct of integers and booleans
	}
	f := &safetensors.File{Meta: map[string]string{metaKey: string(network)}, Tensors: map[string]safetensors.Tensor{}}
	for _, t := range g.Network.Tensors() {
		f.Tensors[t.Name] = safetensors.Tensor{Shape: t.Shape, Data: g.weights[t.Name]}
	}
	return f
}

// FromFile returns the generator that a file holds. Other tensors and metadata in it are left alone, so a checkpoint of
// training is a generator too. The error names what is missing, or the tensor with the shape found and wanted.
func FromFile(f *safetensors.File) (*Generator, error) {
	text, ok := f.Meta[metaKey]
	if !ok {
		return nil, fmt.Errorf("mlp: no %s in the metadata: not a generator", metaKey)
	}
	var n Network
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return nil, fmt.Errorf("mlp: %s: %w", metaKey, err)
	}
	if err := n.Check(); err != nil {
		return nil, err
	}
	weights := map[string][]float32{}
	for _, t := range n.Tensors() {
		w, err := f.Floats(t.Name, t.Shape...)
		if err != nil {
			return nil, fmt.Errorf("mlp: %w", err)
		}
		weights[t.Name] = w
	}
	return New(n, weights)
}

// ReadFile reads the generator, or the checkpoint of a training, at path. The error names the path.
func ReadFile(path string) (*Generator, error) {
	f, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g, err := FromFile(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

// WriteFile writes the generator beside path, syncs it and renames it.
func (g *Generator) WriteFile(path string) error { return g.File().WriteFile(path) }
