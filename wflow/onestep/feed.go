package onestep

import (
	"fmt"
	"iter"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// feed is the data set of a run from step first on: a batch of inputs per step, which is a function of the step's number.
type feed struct {
	Training
	first int
}

// Name implements train.Dataset.
func (f feed) Name() string { return "streams" }

// Iter implements train.Dataset. While a step is taken, the next batch is drawn. No source is called behind the last step, nor once
// the loop has ended.
func (f feed) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		next := f.draw(f.first)
		for step := f.first; ; step++ {
			now := <-next
			last := now.err != nil || step+1 == f.Steps
			if !last {
				next = f.draw(step + 1)
			}
			more := yield(train.Batch{Inputs: now.inputs}, now.err)
			if last {
				return
			}
			if !more {
				for _, input := range (<-next).inputs { // that no step takes
					input.MustFinalizeAll()
				}
				return
			}
		}
	}
}

// drawn is what a step takes, or why it could not be drawn.
type drawn struct {
	inputs []*tensors.Tensor
	err    error
}

// draw starts to draw the inputs of a step.
func (f feed) draw(step int) <-chan drawn {
	c := make(chan drawn, 1)
	go func() {
		inputs, err := f.inputs(step)
		c <- drawn{inputs, err}
	}()
	return c
}

const unconditionalStream = "unconditional"

func dataStream(class int) string { return fmt.Sprintf("data %d", class) }

// inputs returns what the graph of one step takes, in its order.
func (t Training) inputs(step int) ([]*tensors.Tensor, error) {
	classes := len(t.Data)
	schedule := []float32{float32(t.Rate.At(step, t.Steps)), float32(descent.Share(t.Average, step))}
	for _, r := range t.R {
		schedule = append(schedule, float32(r.At(step, t.Steps)))
	}
	in := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(schedule, len(schedule))}
	noise := func(name string) {
		n := classes * t.Batch.Particles
		in = append(in, tensor(classes, stream.New(t.Seed, name).Normals(step*n, n, t.Network.Noise)))
	}
	noise("noise")
	if !t.OneBatch {
		noise("second noise")
	}
	clouds := make([]*mat.Dense, classes)
	for c, source := range t.Data {
		var err error
		if clouds[c], err = t.draw(dataStream(c), source, step*t.Batch.Data, t.Batch.Data); err != nil {
			return nil, err
		}
	}
	in = append(in, tensor(classes, clouds...))
	if t.Unconditional == nil {
		return in, nil
	}
	n := classes * t.Batch.Unconditional
	cloud, err := t.draw(unconditionalStream, t.Unconditional, step*n, n)
	if err != nil {
		return nil, err
	}
	alpha := make([]float32, classes)
	scale, forced := stream.New(t.Seed, "scale"), stream.New(t.Seed, "unguided")
	for c := range alpha {
		i := uint64(step*classes + c)
		alpha[c] = float32(t.Scales.Draw(scale.Uniform(i), forced.Uniform(i)))
	}
	return append(in, tensor(classes, cloud), tensors.FromFlatDataAndDimensions(alpha, classes)), nil
}

// largest is a number whose square fits float32, and so do sums of many such squares.
const largest = 1e18

// draw returns samples first … first+n−1 of a source. It is an error if they are not [n, Out], or larger than float32 can
// work with.
func (t Training) draw(name string, source Source, first, n int) (x *mat.Dense, err error) {
	if err := attempt(fmt.Sprintf("source %q", name), func() { x = source(stream.New(t.Seed, name), first, n) }); err != nil {
		return nil, err
	}
	if x == nil {
		return nil, fmt.Errorf("onestep: source %q gave nil, want [%d, %d]", name, n, t.Network.Out)
	}
	if rows, d := x.Dims(); rows != n || d != t.Network.Out {
		return nil, fmt.Errorf("onestep: source %q gave [%d, %d], want [%d, %d]", name, rows, d, n, t.Network.Out)
	}
	for i := range n {
		for _, v := range x.RawRowView(i) {
			if !(math.Abs(v) <= largest) {
				return nil, fmt.Errorf("onestep: source %q: sample %d holds %v, want numbers up to ±%v", name, first+i, v, largest)
			}
		}
	}
	return x, nil
}

// attempt calls f, a function of the user's, and returns a panic in it as an error that names who.
func attempt(who string, f func()) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("onestep: %s panicked: %w", who, thrown)
		default:
			err = fmt.Errorf("onestep: %s panicked: %v", who, thrown)
		}
	}()
	f()
	return nil
}

// tensor returns clouds of d columns, one below the other, as float32 [b, ·, d].
func tensor(b int, clouds ...*mat.Dense) *tensors.Tensor {
	_, d := clouds[0].Dims()
	var flat []float32
	for _, x := range clouds {
		for i := range x.RawMatrix().Rows {
			for _, v := range x.RawRowView(i) {
				flat = append(flat, float32(v))
			}
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, b, len(flat)/b/d, d)
}
