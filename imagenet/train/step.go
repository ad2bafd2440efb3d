package train

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/internal/steps"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow"
)

// Step says what one step of a training computes. Its classes lie on one axis. Consecutive groups of them share the scale of
// their features and the normalisation of their velocity, and know nothing of other groups. So a step may take its classes in
// chunks of whole groups, or spread them over devices, with the same result.
type Step struct {
	Generator generator.Network
	Encoder   *Encoder // of the features that are compared; nil: images are compared as they are

	// ImageWeight is how much the image itself counts among the features of the Encoder, each of which counts 1; 0 means 1.
	ImageWeight float64

	Field           wflow.Field // what moves the particles: see onestep.Loss
	Regularisations int         // how many R a step is given
	OneBatch        bool        // particles are their own self term; otherwise a second batch is generated for it

	Classes int // of a step
	Group   int // classes that share scale and normalisation, 2 in every released training
	Chunk   int // classes of which gradients are computed at once: what memory must hold

	// Images is how many images of a class the networks take at once, at most; 0 means all. With fewer than Particles, memory must
	// hold no more than their share, and features of all images; each particle is then computed twice.
	Images int

	Particles     int // generated for each class; as many again for the second batch
	Real          int // images of the class, for each class
	Unconditional int // images of all classes, for each class; 0: no guidance

	Beta1, Beta2, WeightDecay float64 // of AdamW, whose ε is 1e-8
	Clip                      float64 // largest norm of the gradient; positive
	Average                   float64 // decay of the moving average of the weights, in [0, 1)
}

// check returns an error that names what does not fit.
func (s Step) check(devices int) error {
	for _, n := range []struct {
		name        string
		value, from int
	}{{"Regularisations", s.Regularisations, 1}, {"Classes", s.Classes, 1}, {"Group", s.Group, 1}, {"Chunk", s.Chunk, 1},
		{"Images", s.Images, 0},
		{"Particles", s.Particles, 1}, {"Real", s.Real, 1}, {"Unconditional", s.Unconditional, 0}, {"devices", devices, 1}} {
		if n.value < n.from {
			return fmt.Errorf("train: %s: %d, want at least %d", n.name, n.value, n.from)
		}
	}
	if !(s.Clip > 0) || !(s.Average >= 0 && s.Average < 1) {
		return fmt.Errorf("train: Clip %v, Average %v: want a positive number, and an average in [0, 1)", s.Clip, s.Average)
	}
	if s.Generator == nil || s.Field == nil {
		return errors.New("train: Generator or Field is nil")
	}
	if share := s.Group * devices; s.Chunk%share != 0 {
		return fmt.Errorf("train: a chunk of %d classes on %d devices: want a multiple of %d, so that each device has whole groups of %d; the nearest is %d",
			s.Chunk, devices, share, s.Group, nearestMultiple(s.Chunk, share))
	}
	if s.Classes%s.Chunk != 0 {
		return fmt.Errorf("train: %d classes in chunks of %d: want a multiple; the nearest is %d", s.Classes, s.Chunk, nearestMultiple(s.Classes, s.Chunk))
	}
	return nil
}

// nearestMultiple returns the positive multiple of m that is nearest to n.
func nearestMultiple(n, m int) int { return max((n+m/2)/m, 1) * m }

// Scopes of the variables of a training. The moving average of the generator is in descent.AverageScope + generatorScope.
const (
	generatorScope = "/generator"
	encoderScope   = "/encoder"
)

// Stepper takes steps. It holds the weights of generator and encoder, and what AdamW and the moving average keep.
type Stepper struct {
	Step
	store    *model.Store
	descent  *steps.Descender
	parts    *parts   // nil: all images of a chunk go through one graph
	features []string // names of the features, in the order of Measure
	channels []int    // of the features
	constant []bool   // which features are the same for all images
	alone    bool     // images are compared as they are, for now, although there is an encoder

	encoderSum checksum // of the encoder's weights
}

// NewStepper returns a stepper whose generator has the weights that initial gives: those of Generator.Initial, or others.
// It computes on the first devices of the backend.
func NewStepper(backend compute.Backend, devices int, s Step, initial func(weights.Parameter) ([]float32, error)) (*Stepper, error) {
	return newStepper(backend, devices, s, initial)
}

// newStepper returns a stepper that computes in the precision of its weights: float64 for comparisons.
func newStepper[T float32 | float64](backend compute.Backend, devices int, s Step, initial func(weights.Parameter) ([]T, error)) (*Stepper, error) {
	if err := s.check(devices); err != nil {
		return nil, err
	}
	t := &Stepper{Step: s, store: model.NewStore()}
	err := load(t, initial)
	if err == nil {
		d := steps.Descent{Loss: t.loss, Common: common, Chunks: s.Classes / s.Chunk * s.cuts(s.Particles),
			Beta1: s.Beta1, Beta2: s.Beta2, WeightDecay: s.WeightDecay, Clip: s.Clip, Average: s.Average}
		if s.cuts(s.Particles) > 1 {
			d.Loss, d.Common = t.pull, 0
		}
		if t.descent, err = d.Start(backend, devices, t.store); err == nil && s.cuts(s.Particles) > 1 {
			err = t.startParts(backend)
		}
	}
	if err != nil {
		t.Finalize()
		return nil, fmt.Errorf("train: %w", descent.Plain(err))
	}
	return t, nil
}

// load makes the variables of both networks.
func load[T float32 | float64](t *Stepper, initial func(weights.Parameter) ([]T, error)) error {
	if err := weights.Load(t.store.Scope(generatorScope), t.Generator.Table(), initial); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	if t.Encoder != nil {
		fromFile := t.encoderSum.of(t.Encoder.Weights)
		read := func(p weights.Parameter) ([]T, error) {
			values, err := fromFile(p)
			return converted[T](values), err
		}
		if err := weights.Load(t.store.Scope(encoderScope), t.Encoder.table(), read); err != nil {
			return fmt.Errorf("encoder: %w", err)
		}
	}
	for v := range t.store.IterVariables() {
		v.SetTrainable(v.Scope() == generatorScope)
	}
	return nil
}

// converted returns numbers in a precision.
func converted[T float32 | float64](values []float32) []T {
	if same, ok := any(values).([]T); ok {
		return same
	}
	list := make([]T, len(values))
	for i, v := range values {
		list[i] = T(v)
	}
	return list
}

// Finalize frees what the stepper holds.
func (t *Stepper) Finalize() {
	if t.descent != nil {
		t.descent.Finalize()
	}
	if t.parts != nil {
		t.parts.finalize()
	}
	t.store.Finalize()
}

// generate builds particles [C, n, Side, Side, Channels] from noise [C, n, Noise...] and styles [C, n, Codebooks]. All
// particles of a class share their guidance scale.
func (s Step) generate(scope *model.Scope, labels, alpha, noise, styles *graph.Node) *graph.Node {
	shape := s.Generator.Shape()
	c, n := noise.Shape().Dim(0), noise.Shape().Dim(1)
	each := func(x *graph.Node) *graph.Node {
		return graph.Reshape(graph.BroadcastToDims(graph.InsertAxes(x, -1), c, n), c*n)
	}
	flat := func(x *graph.Node, of ...int) *graph.Node {
		if x == nil {
			return nil
		}
		return graph.Reshape(x, append([]int{c * n}, of...)...)
	}
	images := s.Generator.Generate(scope, flat(noise, shape.Noise...), each(labels), flat(styles, shape.Codebooks), each(alpha))
	return graph.Reshape(images, c, n, shape.Side, shape.Side, shape.Channels)
}
