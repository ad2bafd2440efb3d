package train

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/imagenet/internal/devices"
)

// Batch is what one step of a training takes. Arrays are row-major, and their first axis is that of the step's classes.
type Batch struct {
	Labels []int32   // [C]
	Alpha  []float32 // guidance scales [C]
	R      []float32 // regularisations
	Rate   float64   // of learning

	Noise        []float32 // [C, Particles, Noise...]
	Styles       []int32   // [C, Particles, Codebooks]
	SecondNoise  []float32 // of the second batch; nil if there is none
	SecondStyles []int32

	Real          []float32 // images of the class of each [C, Real, Side, Side, Channels]
	Unconditional []float32 // images of all classes [C, Unconditional, Side, Side, Channels]
}

// Measure is what a step tells.
type Measure struct {
	Loss         float64
	GradientNorm float64     // before clipping
	Features     []string    // names
	Scale        []float64   // root mean square distance of each feature, mean over groups of classes
	MeanSquare   [][]float64 // mean V² before normalisation, [R, features]: the signal that falls
}

// Take takes a step. A scale or a velocity that is not finite is an error that names the feature; a loss or a gradient
// that is not finite is one too. After an error the stepper is of no use.
func (t *Stepper) Take(b Batch) (*Measure, error) {
	m, err := t.take(b)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return m, nil
}

func (t *Stepper) take(b Batch) (*Measure, error) {
	chunks := t.Classes / t.Chunk
	m := &Measure{}
	for k := range chunks {
		values, err := t.gradient(b, k)
		if err != nil {
			return nil, err
		}
		m.add(values, t.Regularisations, 1/float64(chunks))
	}
	m.Features = t.features
	if err := m.check(); err != nil {
		return nil, err
	}
	norm, err := t.descent.Update(b.Rate)
	m.GradientNorm = norm
	return m, err
}

// gradient adds the gradient of chunk k.
func (t *Stepper) gradient(b Batch, k int) ([][]float32, error) {
	if t.parts != nil {
		return t.parts.gradient(t, b, k)
	}
	return t.descent.Gradient(k, devices.Arrays(t.inputs(b, k))...)
}

// common is how many of the inputs of a chunk are the same for all classes.
const common = 1

// inputs returns what the gradient graph of chunk k takes.
func (t *Stepper) inputs(b Batch, k int) []*tensors.Tensor {
	shape := t.Generator.Shape()
	list := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(b.R, len(b.R)),
		chunkOf(b.Labels, t, k), chunkOf(b.Alpha, t, k)}
	draw := func(noise []float32, styles []int32) {
		list = append(list, chunkOf(noise, t, k, append([]int{t.Particles}, shape.Noise...)...))
		if shape.Codebooks > 0 {
			list = append(list, chunkOf(styles, t, k, t.Particles, shape.Codebooks))
		}
	}
	draw(b.Noise, b.Styles)
	if !t.OneBatch {
		draw(b.SecondNoise, b.SecondStyles)
	}
	list = append(list, chunkOf(b.Real, t, k, t.Real, shape.Side, shape.Side, shape.Channels))
	if t.Unconditional > 0 {
		list = append(list, chunkOf(b.Unconditional, t, k, t.Unconditional, shape.Side, shape.Side, shape.Channels))
	}
	return list
}

// chunkOf returns chunk k of an array [Classes, of...].
func chunkOf[T float32 | int32](values []T, t *Stepper, k int, of ...int) *tensors.Tensor {
	size := len(values) * t.Chunk / t.Classes
	return tensors.FromFlatDataAndDimensions(values[k*size:(k+1)*size], append([]int{t.Chunk}, of...)...)
}

// add adds the values of a chunk with a weight.
func (m *Measure) add(values [][]float32, regularisations int, weight float64) {
	m.Loss += weight * float64(values[0][0])
	if m.Scale == nil {
		m.Scale, m.MeanSquare = make([]float64, len(values[1])), make([][]float64, regularisations)
		for k := range m.MeanSquare {
			m.MeanSquare[k] = make([]float64, len(values[1]))
		}
	}
	for i := range m.Scale {
		m.Scale[i] += weight * float64(values[1][i])
		for k := range m.MeanSquare {
			m.MeanSquare[k][i] += weight * float64(values[2+k][i])
		}
	}
}

// check returns an error that names the first feature whose numbers are not finite.
func (m *Measure) check() error {
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	for i, name := range m.Features {
		if !finite(m.Scale[i]) {
			return fmt.Errorf("feature %s: its scale is %v", name, m.Scale[i])
		}
		for _, meanSquare := range m.MeanSquare {
			if !finite(meanSquare[i]) {
				return fmt.Errorf("feature %s: its mean V² is %v", name, meanSquare[i])
			}
		}
	}
	if !finite(m.Loss) {
		return fmt.Errorf("the loss is %v", m.Loss)
	}
	return nil
}
