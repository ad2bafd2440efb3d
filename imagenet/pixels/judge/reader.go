package judge

import (
	"embed"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/fid"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

//go:generate go run ./cmd/reader data/reader.safetensors

//go:embed data
var files embed.FS

// Fitted returns the weights of the reader that is in the program. It reads 98.1 % of the digits to judge by, to none of which it was
// fitted: see data/README.md.
func Fitted() *safetensors.File {
	data, err := files.ReadFile("data/reader.safetensors")
	if err != nil {
		panic(fmt.Sprintf("judge: %v", err)) // a fault of the program
	}
	file, err := safetensors.Decode(data)
	if err != nil {
		panic(fmt.Sprintf("judge: %v", err))
	}
	return file
}

// Reader reads digits with a small convolutional network. Finalize it when done.
type Reader struct {
	store *model.Store
	exec  *model.Exec
}

// NewReader returns a reader with the weights of [Fitted] or [Fit].
func NewReader(backend compute.Backend, fitted *safetensors.File) (*Reader, error) {
	r := &Reader{store: model.NewStore()}
	err := weights.Load(r.store.RootScope(), table(), func(p weights.Parameter) ([]float32, error) {
		return fitted.Floats(p.Name, p.Shape...)
	})
	if err == nil {
		r.exec, err = model.NewExec(backend, r.store, func(scope *model.Scope, images *graph.Node) (features, logits *graph.Node) {
			return read(scope, images)
		})
	}
	if err != nil {
		r.store.Finalize()
		return nil, fmt.Errorf("judge: reader: %w", descent.Plain(err))
	}
	return r, nil
}

// Finalize frees the weights and the compiled graph.
func (r *Reader) Finalize() {
	r.exec.Finalize()
	r.store.Finalize()
}

// readBatch is how many images are computed together.
const readBatch = 100

// Read returns what the reader takes each image for, and the numbers [n, Features] before its last layer. Labels of the images
// are not looked at.
func (r *Reader) Read(m Images) (digits []int, features fid.Features[float32], err error) {
	if err := m.check(); err != nil {
		return nil, features, err
	}
	n := len(m.Labels)
	features.Columns = Features
	batch := make([]float32, readBatch*numbers)
	for first := 0; first < n; first += readBatch {
		count := min(n-first, readBatch)
		copy(batch, m.Numbers[first*numbers:(first+count)*numbers])
		out, err := r.exec.Call(tensors.FromFlatDataAndDimensions(slices.Clone(batch), readBatch, Side, Side))
		if err != nil {
			return nil, features, fmt.Errorf("judge: reader: %w", descent.Plain(err))
		}
		values, logits := tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
		features.Values = append(features.Values, values[:count*Features]...)
		for i := range count {
			digits = append(digits, largest(logits[i*Classes:(i+1)*Classes]))
		}
	}
	return digits, features, nil
}

// largest returns the index of the largest number.
func largest(values []float32) int {
	at, most := 0, float32(math.Inf(-1))
	for i, v := range values {
		if v > most {
			at, most = i, v
		}
	}
	return at
}

// Share returns the share of images that are read as their label, of all and of each class; of a class without images it is NaN.
func Share(digits, labels []int) (all float64, ofClass [Classes]float64) {
	var right, count [Classes]float64
	for i, label := range labels {
		count[label]++
		if digits[i] == label {
			right[label]++
			all++
		}
	}
	for c := range ofClass {
		ofClass[c] = right[c] / count[c]
	}
	return all / float64(len(labels)), ofClass
}
