package wflow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Flow integrates a field by explicit Euler steps, x ← x + η V(x). The zero value of every knob but Field works.
//
// For an energy that decays along the flow, give the field a fixed ε, in the unit of the cost.
type Flow struct {
	// Field may keep state from step to step, and from flow to flow: see Sinkhorn.
	Field Field

	// StepSize is the pseudo-time η of a step. 0 means 0.2. The Sinkhorn flow contracts towards the data about like
	// e^−t, so that 20 units of time are plenty. A step takes the particles' mean the share η of the way to the data's
	// mean, and with KL a lone particle the share η of the way to a lone datum. So η up to 1 does not overshoot, and η
	// above 2 diverges. In d dimensions Sliced is d times as slow, and its steps may be d times as large. MMD is slow where
	// the sums of its kernel are small, and Drifting where its affinities are.
	StepSize float64

	// Steps is the number of steps. 0 means 100.
	Steps int

	// FreshSelf gives every particle an independent sample of the particles' distribution as its self term, as
	// training does: each step splits the cloud at random into two halves, and each half is the other's sample. The
	// energy is the mean of the two halves' estimates. The two halves differ by chance, so every step adds some noise to
	// the positions. A network is smooth and averages such noise out. Particles keep it: after some units of time the
	// cloud spreads, and it does so sooner with larger steps and with fewer particles.
	FreshSelf bool

	// Seed names the random halves.
	Seed uint64
}

// Frame is a state of the flow.
type Frame struct {
	Step      int
	Time      float64    // pseudo-time, Step·η
	Particles *mat.Dense // positions [n, d]; a copy, the caller's to keep
	*Velocity            // of the particles at these positions; a copy too
	Elapsed   time.Duration
}

const (
	defaultStepSize = 0.2
	defaultSteps    = 100
)

// Frames yields every state of the flow from particles [n, d] to data [m, d], the first included: Steps + 1 frames, so
// that a caller can draw, stop, or measure on the way. An error, of the field or of a cancelled context, ends the
// sequence. Particles are not changed.
//
// Source: arXiv 2605.11755, equation 12 and theorem 3.1 for its convergence as η → 0 and n, m → ∞.
func (f Flow) Frames(ctx context.Context, particles, data *mat.Dense) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		if err := f.check(particles); err != nil {
			yield(Frame{}, err)
			return
		}
		step, steps := f.StepSize, f.Steps
		if step == 0 {
			step = defaultStepSize
		}
		if steps == 0 {
			steps = defaultSteps
		}
		start := time.Now()
		x := mat.DenseCopyOf(particles)
		for k := range steps + 1 {
			v, err := f.velocity(ctx, k, x, data)
			if err != nil {
				yield(Frame{}, fmt.Errorf("wflow: step %d: %w", k, err))
				return
			}
			own := *v
			own.V = mat.DenseCopyOf(v.V)
			frame := Frame{Step: k, Time: float64(k) * step, Particles: mat.DenseCopyOf(x), Velocity: &own, Elapsed: time.Since(start)}
			if !yield(frame, nil) {
				return
			}
			var move mat.Dense
			move.Scale(step, v.V)
			x.Add(x, &move)
		}
	}
}

// Run returns all the frames of the flow.
func (f Flow) Run(ctx context.Context, particles, data *mat.Dense) ([]Frame, error) {
	var frames []Frame
	for frame, err := range f.Frames(ctx, particles, data) {
		if err != nil {
			return nil, err
		}
		frames = append(frames, frame)
	}
	return frames, nil
}

func (f Flow) check(particles *mat.Dense) error {
	if f.Field == nil {
		return errors.New("wflow: the flow has no Field")
	}
	if !(f.StepSize >= 0) || math.IsInf(f.StepSize, 1) {
		return fmt.Errorf("wflow: StepSize is %v, want a finite number ≥ 0", f.StepSize)
	}
	if f.Steps < 0 {
		return fmt.Errorf("wflow: Steps is %d, want ≥ 0", f.Steps)
	}
	if err := sinkhorn.CheckCloud("wflow: particles", particles); err != nil {
		return err
	}
	if n, _ := particles.Dims(); f.FreshSelf && n < 2 {
		return fmt.Errorf("wflow: FreshSelf needs two particles at least, there are %d", n)
	}
	return nil
}

func (f Flow) velocity(ctx context.Context, step int, x, data *mat.Dense) (*Velocity, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !f.FreshSelf {
		return ask(ctx, f.Field, Clouds{Particles: x, Data: data})
	}
	n, d := x.Dims()
	order := stream.New(f.Seed, "halves").Perm(uint64(step), n)
	halves := [2][]int{order[:n/2], order[n/2:]}
	both := &Velocity{V: mat.NewDense(n, d, nil)}
	for k, half := range halves {
		v, err := ask(ctx, f.Field, Clouds{Particles: rows(x, half), Self: rows(x, halves[1-k]), Data: data})
		if err != nil {
			return nil, err
		}
		for i, row := range half {
			both.V.SetRow(row, v.V.RawRowView(i))
		}
		both.Energy += v.Energy / 2
		both.MarginalError = max(both.MarginalError, v.MarginalError)
	}
	return both, nil
}

// rows returns the given rows of x.
func rows(x *mat.Dense, which []int) *mat.Dense {
	_, d := x.Dims()
	out := mat.NewDense(len(which), d, nil)
	for i, r := range which {
		out.SetRow(i, x.RawRowView(r))
	}
	return out
}
