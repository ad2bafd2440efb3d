package wflow

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/toy"
)

// TestSlicedOnALine: in one dimension every direction gives the sorted transport. Of three data, particle 0 owns the first
// and half of the second, particle 1 the rest.
func TestSlicedOnALine(t *testing.T) {
	v := velocity(t, &Sliced{Projections: 3}, Clouds{Particles: mat.NewDense(2, 1, []float64{0, 10}), Data: mat.NewDense(3, 1, []float64{2, 6, 1})})
	near(t, "velocity", v.V.At(0, 0), (1.0/3*1+1.0/6*2)/0.5, 1e-14)
	near(t, "velocity", v.V.At(1, 0), (1.0/6*2+1.0/3*6)/0.5-10, 1e-14)
	near(t, "energy", v.Energy, (1.0/3*1+1.0/6*4+1.0/6*64+1.0/3*16)/2, 1e-14)
}

// TestSlicedTies: where all particles project to one point, the data are dealt out in the order of the rows.
func TestSlicedTies(t *testing.T) {
	f := &Sliced{Projections: 1}
	v := velocity(t, f, Clouds{Particles: mat.NewDense(3, 1, nil), Data: mat.NewDense(3, 1, []float64{2, 3, 1})})
	want := []float64{1, 2, 3}
	if f.Directions(1).At(0, 0) < 0 {
		want = []float64{3, 2, 1}
	}
	for i := range want {
		near(t, "velocity", v.V.At(i, 0), want[i], 1e-14)
	}
}

// TestSlicedIsExactTransport: along every direction cost and projections are those of an exact solver, for clouds of
// different sizes and under guidance by distribution, which weighs them.
func TestSlicedIsExactTransport(t *testing.T) {
	for _, c := range smallClouds(20).variants() {
		f := &Sliced{Projections: 6, Guidance: ByDistribution}
		directions := f.Directions(2)
		own, weights := c.negatives(ByDistribution)
		n, _ := c.Particles.Dims()
		want, energy := mat.NewDense(n, 2, nil), 0.0
		for k := range 6 {
			theta := directions.Slice(k, k+1, 0, 2)
			line := func(x *mat.Dense) *mat.Dense {
				var along mat.Dense
				along.Mul(x, theta.T())
				return &along
			}
			project := func(y *mat.Dense, weights []float64) *mat.Dense {
				plan, err := sinkhorn.Exact(background, sinkhorn.Problem{X: line(c.Particles), Y: line(y), B: weights})
				if err != nil {
					t.Fatal(err)
				}
				if y == c.Data {
					energy += plan.Cost() / 6
				}
				var means, back mat.Dense
				means.Mul(plan.Coupling(), line(y))
				back.Mul(&means, theta)
				back.Scale(float64(n)/6, &back)
				return &back
			}
			want.Add(want, project(c.Data, nil))
			want.Sub(want, project(own, weights))
		}
		got := velocity(t, f, c)
		sameVelocity(t, "against exact transport", got.V, want, 1e-12)
		if c.weight() == 0 {
			near(t, "energy", got.Energy, energy, 1e-12)
		} else if !math.IsNaN(got.Energy) {
			t.Errorf("energy %v under guidance by distribution, want NaN", got.Energy)
		}
	}
}

// TestSlicedDirections: directions have length 1, more of them begin with the same, another seed has others, and their
// mean θθᵀ is the unit matrix over d, up to chance.
func TestSlicedDirections(t *testing.T) {
	const count, d = 4000, 3
	all := (&Sliced{Projections: count, Seed: 5}).Directions(d)
	for k := range count {
		near(t, "length", floats.Norm(all.RawRowView(k), 2), 1, 1e-15)
	}
	if few := (&Sliced{Projections: 7, Seed: 5}).Directions(d); !mat.Equal(few, all.Slice(0, 7, 0, d)) {
		t.Errorf("7 directions are\n%v, want the first of 4000:\n%v", mat.Formatted(few), mat.Formatted(all.Slice(0, 7, 0, d)))
	}
	if other := (&Sliced{Projections: 7, Seed: 6}).Directions(d); mat.EqualApprox(other, all.Slice(0, 7, 0, d), 1e-3) {
		t.Errorf("seeds 5 and 6 give the same directions\n%v, want others", mat.Formatted(other))
	}
	func() {
		defer func() {
			if err := fmt.Sprint(recover()); !strings.Contains(err, "Projections 1048577, want 1 to 1048576") {
				t.Errorf("more directions than there may be: %s, want a panic that says how many there may be", err)
			}
		}()
		(&Sliced{Projections: mostProjections + 1}).Directions(d)
	}()
	var second mat.Dense
	second.Mul(all.T(), all)
	for j := range d {
		for k := range d {
			want := 0.0
			if j == k {
				want = 1.0 / d
			}
			near(t, "mean θθᵀ", second.At(j, k)/count, want, 5*0.3/math.Sqrt(count)) // θ_j² has deviation 0.298, θ_jθ_k 0.258
		}
	}
	for d, want := range map[int]int{2: 64, 32: 64, 50: 100} {
		if got, _ := (&Sliced{}).Directions(d).Dims(); got != want {
			t.Errorf("%d directions in %d dimensions, want %d", got, d, want)
		}
	}
}

// TestSlicedShift: a shifted copy is met along every direction, V = (1/K) Σ θθᵀ c and Energy = c·V/2.
func TestSlicedShift(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	x, c := gaussian(r, 9, 3, 0, 1), []float64{2, -1, 0.5}
	y := mat.DenseCopyOf(x)
	y.Apply(func(_, k int, v float64) float64 { return v + c[k] }, y)
	f := &Sliced{Projections: 8}
	v := velocity(t, f, Clouds{Particles: x, Data: rows(y, []int{4, 0, 8, 2, 6, 1, 7, 3, 5})})
	var second mat.Dense
	second.Mul(f.Directions(3).T(), f.Directions(3))
	want := mat.NewDense(9, 3, nil)
	for i := range 9 {
		for j := range 3 {
			want.Set(i, j, floats.Dot(second.RawRowView(j), c)/8)
		}
	}
	sameVelocity(t, "shifted copy", v.V, want, 1e-13)
	near(t, "energy", v.Energy, floats.Dot(c, want.RawRowView(0))/2, 1e-13)
}

// TestSlicedFlow: from noise to two moons the energy falls at every step, by (η − η²/2)·mean ‖V‖² at least. For the
// couplings of before the step the energy is a quadratic in the step whose second derivative is mean (θ·V)² ≤ mean ‖V‖²,
// and the couplings of after it cost no more. At the end the particles are nearer to the data than a fresh sample is.
func TestSlicedFlow(t *testing.T) {
	const n, eta = 150, 1.5
	data, fresh := toy.TwoMoons().Sample(1, 2*n), toy.TwoMoons().Sample(2, n)
	f := &Sliced{}
	frames, err := Flow{Field: f, StepSize: eta, Steps: 60}.Run(background, toy.Gaussian(2).Sample(3, n), data)
	if err != nil {
		t.Fatal(err)
	}
	for k, frame := range frames[1:] {
		before := frames[k]
		if bound := before.Energy - (eta-eta*eta/2)*sumSquares(before.V)/n; frame.Energy > bound+1e-12 {
			t.Errorf("step %d: energy %v after %v, want at most %v", frame.Step, frame.Energy, before.Energy, bound)
		}
	}
	last, chance := frames[len(frames)-1].Energy, velocity(t, f, Clouds{Particles: fresh, Data: data}).Energy
	if last > chance {
		t.Errorf("energy %v at the end, want at most the %v of a fresh sample", last, chance)
	}
}
