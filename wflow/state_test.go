package wflow

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// TestEnergyAfterOtherSettings: a field's knobs may change between calls: S_ε(x, x+c) is ‖c‖²/2 and MMD(x, x) is 0 at any ε, whatever was asked before.
func TestEnergyAfterOtherSettings(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	x := gaussian(r, 12, 2, 0, 1)
	y := mat.DenseCopyOf(x)
	y.Apply(func(_, k int, v float64) float64 { return v + []float64{3, -4}[k] }, y)
	c := Clouds{Particles: x, Data: y}
	s := &Sinkhorn{}
	for _, k := range []struct{ epsilon, tolerance, within float64 }{
		{0.5, 0.1, 1}, {0.5, 1e-12, 1e-9}, {2, 1e-12, 1e-9}, {0.1, 1e-12, 1e-9},
	} {
		s.Epsilon, s.Tolerance = k.epsilon, k.tolerance
		near(t, "divergence of a shift", velocity(t, s, c).Energy, 12.5, k.within)
	}
	s.Cost = sinkhorn.Euclidean
	fresh := &Sinkhorn{Epsilon: s.Epsilon, Tolerance: s.Tolerance, Cost: s.Cost}
	near(t, "divergence at another cost", velocity(t, s, c).Energy, velocity(t, fresh, c).Energy, 1e-9)

	m := &MMD{}
	for _, m.Epsilon = range []float64{0.1, 1, 0.3} {
		near(t, "MMD of a cloud and itself", velocity(t, m, Clouds{Particles: x, Data: mat.DenseCopyOf(x)}).Energy, 0, 1e-14)
		near(t, "the same, with the data kept", velocity(t, m, Clouds{Particles: y, Data: y}).Energy, 0, 1e-14)
	}
}

// TestSinkhornAfterErrors: a solve that fails leaves the field as it was. The next starts from the last good solution and
// answers as if there had been no error.
func TestSinkhornAfterErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	x, y := gaussian(r, 8, 2, 0, 1), gaussian(r, 9, 2, 1, 1)
	far := mat.DenseCopyOf(x)
	far.Scale(1e160, far)
	cancelled, cancel := context.WithCancel(background)
	cancel()
	f := &Sinkhorn{Epsilon: 0.1, Tolerance: 1e-10}
	want, good := velocity(t, f, Clouds{Particles: x, Data: y}), f.last
	if _, err := f.Velocity(background, Clouds{Particles: far, Data: y}); !errors.Is(err, sinkhorn.ErrOverflow) {
		t.Errorf("error %v, want ErrOverflow", err)
	}
	if _, err := f.Velocity(cancelled, Clouds{Particles: x, Data: y}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if f.last != good {
		t.Errorf("after errors the next solve starts from %v, want %v", f.last, good)
	}
	sameVelocity(t, "after errors", velocity(t, f, Clouds{Particles: x, Data: y}).V, want.V, 1e-7)
}
