package onestep

import (
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/mlp"
)

// Training says what to train a generator on, and how. Network, Data and Steps are wanted; zero values of the rest work.
type Training struct {
	Network mlp.Network

	// Data holds one source of samples per class; one in all for a network without classes.
	Data []Source `json:"-"`

	// Unconditional is a source of samples of all classes, for guidance; nil means no guidance.
	Unconditional Source `json:"-"`

	// Scales is the law of the guidance scale α, drawn for every class in every step. Zero with Unconditional means
	// [1, 4] with exponent 3, and Unguided 0: no share of steps at α = 1.
	Scales Scales

	// Field is what moves the particles, on clouds scaled as in Loss, which says which fields there are. Nil means
	// &wflow.Sinkhorn{Iterations: 10}.
	Field wflow.Field

	// R lists the regularisations, ε = R·d on the scaled clouds. Nil means 0.05 throughout. A field that is
	// not Regularised takes one R, whose value has no effect.
	R []Annealing

	// OneBatch makes the particles their own self term. By default a second batch is generated for it in every step.
	OneBatch bool

	// Batch is the number of points of each cloud in a step, per class.
	Batch Sizes

	Steps int
	Rate  Rate   // of learning; zero means 1e-3 after 200 steps of warm-up
	Seed  uint64 // of the weights, the noise, the data and the scales

	// WeightDecay is AdamW's, on all weights.
	WeightDecay float64

	// Clip is the largest norm of the gradient. 0 means 2.
	Clip float64

	// Average is the decay of the weights' moving average, which is the generator that Train returns: the mean of the
	// weights after every step, where those of k steps ago count Average^k. It looks back about 1/(1 − Average) steps. If
	// a run is not much longer than that, its early steps are part of the mean: then choose a smaller Average. 0 means
	// 0.999.
	Average float64

	// Checkpoint is the path of the file that keeps the run, written every Every steps (0 means 1000), at the end, and
	// when interrupted. If it is there already, the run goes on from it, to the same bytes as in one go. mlp.ReadFile
	// reads it as the generator it stands for. Its folder must exist. Empty means none.
	//
	// A checkpoint belongs to one training on one engine: settings that differ are an error, as are sources whose first
	// 1024 samples differ. Only Steps may change, to any number that the run has not passed, and only if no schedule
	// depends on Steps: Rate is without Decay, and every R has From = To. Otherwise see Extend.
	Checkpoint string `json:"-"`
	Every      int    `json:"-"`

	// Extend lets the run go on from a checkpoint of fewer Steps, or with another Rate, also where schedules depend on
	// them: from there on they are those of the longer run. The checkpoint then belongs to the training with the new
	// settings, and records the change.
	Extend bool `json:"-"`

	// Report is called after every step; nil means not to.
	Report func(Progress) `json:"-"`
}

// Warnings says what is allowed, but probably not meant: a moving average that looks back over much of the run. Train logs it
// at the start.
func (t Training) Warnings() (list []string) {
	if t.Average == 0 {
		t.Average = defaultAverage
	}
	if short := descent.Short(t.Average, t.Steps); short != "" {
		list = append(list, short)
	}
	return list
}

const defaultAverage = 0.999

// Sizes are numbers of points; 0 means 256 particles, 256 data and 16 unconditional points.
type Sizes struct{ Particles, Data, Unconditional int }

// resolved returns the training with its defaults filled in, or an error that names the setting that makes no sense.
func (t Training) resolved() (Training, error) {
	if err := t.Network.Check(); err != nil {
		return t, err
	}
	if len(t.Data) != max(1, t.Network.Classes) {
		return t, fmt.Errorf("onestep: %d sources in Data for a network with %d classes", len(t.Data), t.Network.Classes)
	}
	for c, source := range t.Data {
		if source == nil {
			return t, fmt.Errorf("onestep: Data[%d] is nil, want a source", c)
		}
	}
	if t.Field == nil {
		t.Field = &wflow.Sinkhorn{Iterations: 10}
	}
	if err := checkField(t.Field); err != nil {
		return t, err
	}
	if len(t.R) == 0 {
		t.R = []Annealing{{0.05, 0.05}}
	}
	if _, err := graphOf(t.Field, len(t.R), t.Network.Out); err != nil {
		return t, err
	}
	for _, r := range t.R {
		if !(r.From > 0 && r.To > 0) || math.IsInf(r.From+r.To, 1) {
			return t, fmt.Errorf("onestep: R from %v to %v, want positive numbers", r.From, r.To)
		}
	}
	if t.Unconditional != nil {
		if t.Scales == (Scales{}) {
			t.Scales = Scales{Min: 1, Max: 4, Exponent: 3}
		}
		if err := t.Scales.check(); err != nil {
			return t, err
		}
	} else if t.Scales != (Scales{}) || t.Network.Guided {
		return t, errors.New("onestep: Scales or Network.Guided without Unconditional: guidance wants samples of all classes")
	}
	for _, s := range []struct {
		name   string
		value  *int
		preset int
	}{{"Batch.Particles", &t.Batch.Particles, 256}, {"Batch.Data", &t.Batch.Data, 256},
		{"Batch.Unconditional", &t.Batch.Unconditional, 16}, {"Every", &t.Every, 1000}, {"Steps", &t.Steps, 0}} {
		if *s.value == 0 {
			*s.value = s.preset
		}
		if *s.value < 1 {
			return t, fmt.Errorf("onestep: %s is %d, want 1 or more", s.name, *s.value)
		}
	}
	if t.Rate == (Rate{}) {
		t.Rate = Rate{Peak: 1e-3, WarmUp: 200}
	}
	for _, s := range []struct {
		name        string
		value       *float64
		preset, end float64
	}{{"Rate.Peak", &t.Rate.Peak, 0, math.Inf(1)}, {"WeightDecay", &t.WeightDecay, 0, math.Inf(1)},
		{"Clip", &t.Clip, 2, math.Inf(1)}, {"Average", &t.Average, defaultAverage, 1}} {
		if *s.value == 0 {
			*s.value = s.preset
		}
		if !(*s.value >= 0 && *s.value < s.end) {
			return t, fmt.Errorf("onestep: %s is %v, want a number ≥ 0 and < %v", s.name, *s.value, s.end)
		}
	}
	if t.Rate.WarmUp < 0 {
		return t, fmt.Errorf("onestep: Rate.WarmUp is %d, want 0 or more", t.Rate.WarmUp)
	}
	return t, nil
}

// checkField returns an error that names a knob of the field that is NaN or infinite.
func checkField(field wflow.Field) error {
	v := reflect.Indirect(reflect.ValueOf(field))
	if !v.IsValid() {
		return fmt.Errorf("onestep: Field is a nil %T", field)
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	for knob, value := range v.Fields() {
		if value.CanFloat() && (math.IsNaN(value.Float()) || math.IsInf(value.Float(), 0)) {
			return fmt.Errorf("onestep: Field %T has %s %v", field, knob.Name, value.Float())
		}
	}
	return nil
}
