package wflow

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

var background = context.Background()

func gaussian(r *rand.Rand, n, d int, centre, std float64) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return centre + std*r.NormFloat64() }, x)
	return x
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v within %v", what, got, want, tolerance)
	}
}

func velocity(t *testing.T, f Field, c Clouds) *Velocity {
	t.Helper()
	v, err := f.Velocity(background, c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The energy of the Sinkhorn flow falls at every step and the particles end up at the data.
func TestFlowReachesTheData(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	x, y := gaussian(r, 40, 2, 0, 1), gaussian(r, 50, 2, 3, 0.5)
	start := mat.DenseCopyOf(x)
	frames, err := Flow{Field: &Sinkhorn{Epsilon: 0.1}, StepSize: 0.25, Steps: 60}.Run(background, x, y)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(x, start) {
		t.Error("the flow changed its input, want it as it was")
	}
	if len(frames) != 61 || frames[60].Step != 60 || frames[60].Time != 15 {
		t.Errorf("%d frames, the last of step %d at time %v, want 61, 60 and 15", len(frames), frames[len(frames)-1].Step, frames[len(frames)-1].Time)
	}
	for k := 1; k < len(frames); k++ {
		if frames[k].Energy > frames[k-1].Energy+1e-6 {
			t.Errorf("step %d: the energy rose from %v to %v, want a fall", k, frames[k-1].Energy, frames[k].Energy)
		}
	}
	if last := frames[60].Energy; last > 1e-3 || last < -1e-6 {
		t.Errorf("energy %v at the end, want one within -1e-6 and 1e-3", last)
	}
	again, err := Flow{Field: &Sinkhorn{Epsilon: 0.1}, StepSize: 0.25, Steps: 60}.Run(background, x, y)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(again[60].Particles, frames[60].Particles) {
		t.Error("the same flow twice gives other bytes, want the same")
	}
}

// One particle and one datum: x(t) follows the exact Euler steps x + η(y − x).
func TestFlowOfOneParticle(t *testing.T) {
	f := Flow{Field: &Sinkhorn{Epsilon: 1}, StepSize: 0.5, Steps: 3}
	frames, err := f.Run(background, mat.NewDense(1, 1, []float64{0}), mat.NewDense(1, 1, []float64{8}))
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float64{0, 4, 6, 7} {
		near(t, "position", frames[k].Particles.At(0, 0), want, 1e-12)
	}
}

// With fresh halves as its self term the cloud comes as near to the data as another sample of them.
func TestFreshSelf(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	x, y, other := gaussian(r, 120, 2, 0, 1), gaussian(r, 100, 2, 2, 0.7), gaussian(r, 120, 2, 2, 0.7)
	s := func(x *mat.Dense) float64 {
		d, err := sinkhorn.Divergence(background, sinkhorn.Problem{X: x, Y: y}, &sinkhorn.Settings{Epsilon: 0.2})
		if err != nil {
			t.Fatal(err)
		}
		return d.Value()
	}
	run := func() *mat.Dense {
		frames, err := Flow{Field: &Sinkhorn{Epsilon: 0.2}, Steps: 15, FreshSelf: true, Seed: 3}.Run(background, x, y)
		if err != nil {
			t.Fatal(err)
		}
		// Of two unrelated halves, each half's energy estimates that of the whole.
		near(t, "energy at the start", frames[0].Energy, s(x), 0.1*s(x))
		return frames[15].Particles
	}
	end := run()
	if !mat.Equal(end, run()) {
		t.Error("the same seed gives other bytes, want the same")
	}
	if s(end) > 2*s(other) {
		t.Errorf("S = %v at the end, want at most twice the %v between two samples of the data", s(end), s(other))
	}
}

func TestStopsEarly(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	x, y := gaussian(r, 10, 2, 0, 1), gaussian(r, 10, 2, 1, 1)
	seen := 0
	for _, err := range (Flow{Field: &Sinkhorn{}}).Frames(background, x, y) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("saw %d frames, want the 3 before the break", seen)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	for _, err := range (Flow{Field: &Sinkhorn{}}).Frames(ctx, x, y) {
		if err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("cancelled flow: error %v, want one with \"canceled\"", err)
		}
	}
}

// constant is a field that looks at nothing and always returns the same matrix.
type constant struct{ v *mat.Dense }

func (f constant) Velocity(context.Context, Clouds) (*Velocity, error) { return &Velocity{V: f.v}, nil }

// TestCancelled: the flow stops a field that does not look at the context.
func TestCancelled(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	x, y := gaussian(r, 10, 2, 0, 1), gaussian(r, 11, 2, 1, 1)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	seen, last := 0, error(nil)
	for frame, err := range (Flow{Field: constant{mat.NewDense(10, 2, nil)}}).Frames(ctx, x, y) {
		if last = err; err == nil {
			seen++
		}
		if frame.Step == 2 {
			cancel()
		}
	}
	if seen != 3 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d frames of a flow cancelled at the third, error %v, want 3 and context.Canceled", seen, last)
	}
}

// A frame is the caller's: what is done to it changes neither the flow nor the frames before.
// TestVelocityOfAnotherShape: a field that gives no velocity, or too few rows, is named, the latter with both shapes.
func TestVelocityOfAnotherShape(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{0, 0, 1, 0, 0, 1, 1, 1})
	if _, err := (Flow{Field: constant{}, StepSize: 1, Steps: 1}).Run(background, x, x); err == nil || !strings.Contains(err.Error(), "wflow.constant gives neither") {
		t.Errorf("error %v, want one that the field gives no velocity", err)
	}
	for _, fresh := range []bool{false, true} {
		flow := Flow{Field: constant{mat.NewDense(3, 2, nil)}, StepSize: 1, Steps: 1, FreshSelf: fresh}
		_, err := flow.Run(background, x, x)
		if want := "the field wflow.constant gives a velocity [3, 2], want ["; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("fresh self %v: error %v, want one with %q", fresh, err, want)
		}
	}
}

func TestFramesAreCopies(t *testing.T) {
	x, y := mat.NewDense(1, 1, []float64{0}), mat.NewDense(1, 1, []float64{8})
	field := constant{mat.NewDense(1, 1, []float64{2})}
	for frame, err := range (Flow{Field: field, StepSize: 1, Steps: 3}).Frames(background, x, y) {
		if err != nil {
			t.Fatal(err)
		}
		near(t, "position", frame.Particles.At(0, 0), 2*frame.Time, 0)
		near(t, "velocity", frame.V.At(0, 0), 2, 0)
		frame.V.Zero()
		frame.Particles.Zero()
	}
}

// A step takes the particles' mean the share η of the way to the data's: beyond 1 it overshoots, beyond 2 it diverges.
func TestStepSize(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	x, y := gaussian(r, 7, 1, 0, 0.3), gaussian(r, 8, 1, 5, 1)
	for _, eta := range []float64{0.5, 1, 1.5, 2.25} {
		frames, err := Flow{Field: &Sinkhorn{Epsilon: 1, Tolerance: 1e-12}, StepSize: eta, Steps: 4}.Run(background, x, y)
		if err != nil {
			t.Fatal(err)
		}
		lone, err := Flow{Field: &KL{Epsilon: 1}, StepSize: eta, Steps: 4}.Run(background, x.Slice(0, 1, 0, 1).(*mat.Dense), y.Slice(0, 1, 0, 1).(*mat.Dense))
		if err != nil {
			t.Fatal(err)
		}
		for k := range frames {
			left := math.Pow(1-eta, float64(k))
			near(t, "distance of the means", mat.Sum(y)/8-mat.Sum(frames[k].Particles)/7, left*(mat.Sum(y)/8-mat.Sum(x)/7), 1e-8)
			near(t, "distance to the datum", y.At(0, 0)-lone[k].Particles.At(0, 0), left*(y.At(0, 0)-x.At(0, 0)), 1e-8)
		}
	}
}

// TestFlowErrors: a flow says which of its settings makes no sense, and passes on the error of its field.
func TestFlowErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	x, y := gaussian(r, 3, 2, 0, 1), gaussian(r, 4, 2, 0, 1)
	for _, c := range []struct {
		f    Flow
		x    *mat.Dense
		want string
	}{
		{Flow{}, x, "no Field"},
		{Flow{Field: &Sinkhorn{}, StepSize: -1}, x, "StepSize is -1"},
		{Flow{Field: &Sinkhorn{}, Steps: -1}, x, "Steps is -1"},
		{Flow{Field: &Sinkhorn{}, FreshSelf: true}, gaussian(r, 1, 2, 0, 1), "two particles"},
		{Flow{Field: &Sinkhorn{}}, nil, "particles is empty"},
		{Flow{Field: &Sinkhorn{Epsilon: -1}}, x, "step 0: sinkhorn: Epsilon is -1"},
	} {
		if _, err := c.f.Run(background, c.x, y); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
