package wflow

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func driftingVelocity(t *testing.T, f *Drifting, particles, data []float64) []float64 {
	t.Helper()
	v, err := f.Velocity(context.Background(), Clouds{
		Particles: mat.NewDense(len(particles), 1, particles), Data: mat.NewDense(len(data), 1, data)})
	if err != nil {
		t.Fatal(err)
	}
	return v.V.RawMatrix().Data
}

// Two particles near each other, the data 10,000 τ away: a particle's softmaxes are 1 for its companion and 0 in float64
// for all else, so that affinities are 1 and, with the floor, 1e-3. Bare particles then do not move.
func TestDriftingFloor(t *testing.T) {
	particles, data := []float64{0, 0.1}, []float64{1000, 1001, 1002}
	for i, v := range driftingVelocity(t, &Drifting{Temperature: 0.1, Bare: true}, particles, data) {
		if v != 0 {
			t.Errorf("bare particle %d moves by %v, want 0", i, v)
		}
	}
	for i, v := range driftingVelocity(t, &Drifting{Temperature: 0.1}, particles, data) {
		x, companion := particles[i], particles[1-i]
		want := 1.001*1e-3*(3003-3*x) - 3e-3*(companion-x)
		if math.Abs(v-want) > 1e-12 {
			t.Errorf("particle %d moves by %v, want %v", i, v, want)
		}
	}
}

// Particles at −1 and 1 and a datum between them. With a and b the kernel at the distances 2 and 1, the row softmaxes are
// a/(a+b) and b/(a+b), the column softmaxes 1 and ½: the pull of the datum, 1 away, loses against the push of the
// companion, 2 away.
func TestDriftingBareClosedForm(t *testing.T) {
	const tau = 0.7
	a, b := math.Exp(-2/tau), math.Exp(-1/tau)
	want := math.Sqrt(a/(a+b)) * math.Sqrt(b/(a+b)/2)
	v := driftingVelocity(t, &Drifting{Temperature: tau, Bare: true}, []float64{-1, 1}, []float64{0})
	if math.Abs(v[0]+want) > 1e-15 || math.Abs(v[1]-want) > 1e-15 {
		t.Errorf("velocities %v, want ∓%v", v, want)
	}
}
