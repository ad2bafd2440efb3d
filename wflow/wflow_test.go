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

// handBatch is a problem small enough to have been worked through independently, in float64. The numbers below leave out
// the 1e-8 that the code adds to the mean weight, which is 5e-9 of the scale.
func handBatch(alpha float64) Clouds {
	return Clouds{
		Particles:     mat.NewDense(3, 2, []float64{0, 0, 1, 0.5, -0.5, 1.5}),
		Data:          mat.NewDense(4, 2, []float64{2, 0, 1.5, 1, 0, 2, -1, 1}),
		Self:          mat.NewDense(3, 2, []float64{0.2, -0.1, 0.8, 0.9, -0.7, 1.1}),
		Unconditional: mat.NewDense(2, 2, []float64{3, 3, -2, 0.5}),
		Alpha:         alpha,
	}
}

func TestGoalOfHandBatch(t *testing.T) {
	goal := func(l int, alpha float64) *Goal {
		g, err := Objective{Field: &Sinkhorn{Iterations: l}, R: []float64{0.05}}.Goal(background, []Clouds{handBatch(alpha)})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := goal(10, 1)
	near(t, "scale", g.Scale, 1.4514360705, 1e-8)
	near(t, "s", g.S, 1.0263202879, 1e-8)
	near(t, "loss", g.Loss[0], 1, 1e-14)
	for _, c := range []struct {
		l           int
		plain, half float64 // mean V² at w = 0 and w = 0.5
	}{{1, 0.6771578321, 1.3107146272}, {10, 0.4419562092, 1.4293196606}, {200, 0.3847211970, 0.9539931194}} {
		near(t, "mean V²", goal(c.l, 1).MeanSquare[0], c.plain, 2e-8)
		near(t, "mean V², guided", goal(c.l, 1.5).MeanSquare[0], c.half, 2e-8)
	}
	for _, c := range []struct {
		alpha float64
		want  []float64
	}{
		{1, []float64{-0.18358665, 1.32263548, 1.40619309, -0.56320013, 0.82255258, 1.11613851}},
		{1.5, []float64{0.74363419, 0.85967787, 0.27322781, -1.33158168, 1.21594387, 1.17544862}},
	} {
		for i, got := range goal(10, c.alpha).Velocity[0].RawMatrix().Data {
			near(t, "velocity", got, c.want[i], 1e-8)
		}
	}
	// ∂loss/∂x = −2V/(n d s)
	for i, want := range []float64{0.05962617, -0.42957203, -0.45671029, 0.18291890, -0.26715266, -0.36250494} {
		near(t, "gradient", -2*g.Velocity[0].RawMatrix().Data[i]/(6*g.S), want, 1e-8)
	}
}

// The projections and the plan behind the hand batch, in scaled coordinates.
func TestProjectionsOfHandBatch(t *testing.T) {
	c := handBatch(1).dividedBy(1.0263202879)
	for _, k := range []struct {
		to   *mat.Dense
		want map[int][]float64
	}{
		{c.Data, map[int][]float64{
			1:   {-0.95251758, 0.97064186, 1.70511716, 0.48718040, -0.24395741, 1.70475198},
			10:  {0.07347780, 0.78416812, 1.70512068, 0.48717734, -0.13494891, 1.81375973},
			200: {0.36549078, 0.73087631, 1.70512084, 0.48717709, -0.24369656, 1.70501071}}},
		{c.Self, map[int][]float64{
			1:   {0.19530678, -0.09564639, 0.76716040, 0.85638159, -0.68181805, 1.07175810},
			10:  {0.19552581, -0.09511713, 0.77028651, 0.86159159, -0.68178012, 1.07175323},
			200: {0.19720796, -0.09170925, 0.77614183, 0.87134996, -0.68155175, 1.07172317}}},
		{c.Unconditional, map[int][]float64{
			1:   {-1.94870941, 0.48717735, 1.70673181, 2.31489796, -1.94870941, 0.48717735},
			10:  {-1.94870941, 0.48717735, 2.92147862, 2.92227136, -1.94870941, 0.48717735},
			200: {-1.94867522, 0.48719445, 2.92306411, 2.92306411, 0.48714316, 1.70510364}}},
	} {
		for l, want := range k.want {
			s, err := sinkhorn.Iterate(background, sinkhorn.Problem{X: c.Particles, Y: k.to}, 0.1, l)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range s.Project().RawMatrix().Data {
				near(t, "projection", got, want[i], 2e-8)
			}
			if l == 10 && k.to == c.Data {
				for i, want := range []float64{0.06737611, 0.06737608, 0.00009831, 0.20982384, 0.18262389, 0.18262383, 0.00000002, 0, 0, 0.00000009, 0.24990167, 0.04017616} {
					near(t, "plan", s.Coupling().RawMatrix().Data[i], want, 1e-8)
				}
			}
		}
	}
}

// V_i = −n ∂(energy)/∂x_i for the fields that descend an energy of the particles alone.
func TestVelocityIsMinusTheGradientOfTheEnergy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x, y, u := gaussian(r, 5, 2, 0, 1), gaussian(r, 7, 2, 0.5, 0.7), gaussian(r, 6, 2, -1, 1)
	for name, k := range map[string]struct {
		field func() Field
		c     Clouds
	}{
		"Sinkhorn":         {func() Field { return &Sinkhorn{Epsilon: 0.3, Tolerance: 1e-14} }, Clouds{Data: y}},
		"Sinkhorn, guided": {func() Field { return &Sinkhorn{Epsilon: 0.3, Tolerance: 1e-14} }, Clouds{Data: y, Unconditional: u, Alpha: 1.7}},
		"MMD":              {func() Field { return &MMD{Epsilon: 0.8} }, Clouds{Data: y}},
	} {
		k.c.Particles = x
		v := velocity(t, k.field(), k.c)
		for i := range 5 {
			for j := range 2 {
				const h = 1e-4
				at := func(delta float64) float64 {
					moved := k.c
					moved.Particles = mat.DenseCopyOf(x)
					moved.Particles.Set(i, j, x.At(i, j)+delta)
					return velocity(t, k.field(), moved).Energy
				}
				near(t, name, v.V.At(i, j), -5*(at(h)-at(-h))/(2*h), 1e-6*mat.Max(v.V))
			}
		}
	}
}

// The KL field is ε(∇ log p̂ − ∇ log q̂) of kernel density estimates.
func TestKLIsTheDifferenceOfScores(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	const epsilon = 0.4
	x, y := gaussian(r, 4, 2, 0, 1), gaussian(r, 6, 2, 0.5, 1)
	logDensity := func(point []float64, of *mat.Dense) float64 {
		n, _ := of.Dims()
		sum := 0.0
		for j := range n {
			sum += math.Exp(-sinkhorn.HalfSquared.At(point, of.RawRowView(j)) / epsilon)
		}
		return math.Log(sum / float64(n))
	}
	got := velocity(t, &KL{Epsilon: epsilon}, Clouds{Particles: x, Data: y})
	energy := 0.0
	for i := range 4 {
		energy += epsilon * (logDensity(x.RawRowView(i), x) - logDensity(x.RawRowView(i), y)) / 4
		for k := range 2 {
			const h = 1e-5
			ratio := func(delta float64) float64 {
				point := append([]float64(nil), x.RawRowView(i)...)
				point[k] += delta
				return logDensity(point, y) - logDensity(point, x)
			}
			near(t, "score", got.V.At(i, k), epsilon*(ratio(h)-ratio(-h))/(2*h), 1e-9)
		}
	}
	near(t, "energy", got.Energy, energy, 1e-12)
}

// Where the particles are the data nothing moves.
func TestVelocityVanishesAtTheData(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	x := gaussian(r, 20, 2, 0, 1)
	for name, f := range map[string]Field{
		"Sinkhorn": &Sinkhorn{Epsilon: 0.1, Tolerance: 1e-12}, "KL": &KL{Epsilon: 0.1}, "MMD": &MMD{Epsilon: 0.1},
		"Drifting": &Drifting{Temperature: 0.2},
	} {
		c := Clouds{Particles: x, Data: mat.DenseCopyOf(x)}
		if name == "Drifting" {
			c.Self = mat.DenseCopyOf(x) // its own batch leaves each particle's own company out
		}
		near(t, name, mat.Norm(velocity(t, f, c).V, math.Inf(1)), 0, 1e-9)
	}
}

// Guidance at α = 1 is no guidance, by either way.
func TestNoGuidance(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	plain := Clouds{Particles: gaussian(r, 6, 2, 0, 1), Data: gaussian(r, 7, 2, 1, 1)}
	guided := plain
	guided.Unconditional, guided.Alpha = gaussian(r, 5, 2, 0, 2), 1
	for _, g := range []Guidance{ByVelocity, ByDistribution} {
		for _, f := range []func() Field{
			func() Field { return &Sinkhorn{Epsilon: 0.5, Tolerance: 1e-12, Guidance: g} },
			func() Field { return &KL{Epsilon: 0.5, Guidance: g} },
			func() Field { return &MMD{Epsilon: 0.5, Guidance: g} },
			func() Field { return &Drifting{Temperature: 0.5} },
		} {
			a, b := velocity(t, f(), plain), velocity(t, f(), guided)
			if !mat.EqualApprox(a.V, b.V, 1e-9) {
				t.Errorf("%T: guidance of scale 1 changes the velocity", f())
			}
		}
	}
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
		t.Error("the flow changed its input")
	}
	if len(frames) != 61 || frames[60].Step != 60 || frames[60].Time != 15 {
		t.Errorf("%d frames, the last %+v", len(frames), frames[len(frames)-1])
	}
	for k := 1; k < len(frames); k++ {
		if frames[k].Energy > frames[k-1].Energy+1e-6 {
			t.Errorf("step %d: energy rose from %v to %v", k, frames[k-1].Energy, frames[k].Energy)
		}
	}
	if last := frames[60].Energy; last > 1e-3 || last < -1e-6 {
		t.Errorf("energy %v at the end", last)
	}
	again, err := Flow{Field: &Sinkhorn{Epsilon: 0.1}, StepSize: 0.25, Steps: 60}.Run(background, x, y)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(again[60].Particles, frames[60].Particles) {
		t.Error("the same flow twice gives other bytes")
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
		t.Error("the same seed gives other bytes")
	}
	if s(end) > 2*s(other) {
		t.Errorf("S = %v at the end, %v between two samples of the data", s(end), s(other))
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
		t.Errorf("saw %d frames", seen)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	for _, err := range (Flow{Field: &Sinkhorn{}}).Frames(ctx, x, y) {
		if err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("cancelled flow: %v", err)
		}
	}
}

// constant is a field that looks at nothing and always returns the same matrix.
type constant struct{ v *mat.Dense }

func (f constant) Velocity(context.Context, Clouds) (*Velocity, error) { return &Velocity{V: f.v}, nil }

// Fields that do not look at the context are stopped by the flow, and ours look at it themselves.
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
		t.Errorf("%d frames of a flow cancelled at the third, error %v", seen, last)
	}
	for _, f := range []Field{&Sinkhorn{Epsilon: 1e-3}, &KL{Epsilon: 1}, &MMD{Epsilon: 1}, &Drifting{Temperature: 1}} {
		if _, err := f.Velocity(ctx, Clouds{Particles: x, Data: y}); !errors.Is(err, context.Canceled) {
			t.Errorf("%T: error %v, want context.Canceled", f, err)
		}
	}
}

// A frame is the caller's: what is done to it changes neither the flow nor the frames before.
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

func TestBadInput(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	x, y := gaussian(r, 3, 2, 0, 1), gaussian(r, 4, 2, 0, 1)
	hole := mat.DenseCopyOf(y)
	hole.Set(2, 1, math.NaN())
	far := mat.DenseCopyOf(x)
	far.Set(1, 0, 1e200)
	shifted := mat.DenseCopyOf(y)
	shifted.Apply(func(_, _ int, v float64) float64 { return v + 10 }, shifted)
	ok := Clouds{Particles: x, Data: y}
	for _, c := range []struct {
		f    Field
		c    Clouds
		want string
	}{
		{&Sinkhorn{}, Clouds{Data: y}, "Particles is empty"},
		{&Sinkhorn{}, Clouds{Particles: x}, "Data is empty"},
		{&KL{Epsilon: 1}, Clouds{Particles: x, Data: hole}, "Data row 2 column 1 of [4, 2] is NaN"},
		{&MMD{Epsilon: 1}, Clouds{Particles: x, Data: y, Self: hole}, "Self row 2"},
		{&Drifting{Temperature: 1}, Clouds{Particles: x, Data: gaussian(r, 4, 3, 0, 1)}, "Data is [4, 3], want dimension 2"},
		{&Sinkhorn{}, Clouds{Particles: x, Data: y, Alpha: 2}, "Unconditional is nil"},
		{&Sinkhorn{}, Clouds{Particles: x, Data: y, Unconditional: y, Alpha: 0.5}, "Alpha is 0.5"},
		{&Drifting{Temperature: 1}, Clouds{Particles: x, Data: y, Unconditional: y, Alpha: math.Inf(1)}, "Alpha is +Inf"},
		{&Drifting{Temperature: 1}, Clouds{Particles: far, Self: x, Data: y}, "velocity row 1"},
		{&KL{Epsilon: 1}, Clouds{Particles: x, Data: y, Unconditional: shifted, Alpha: math.MaxFloat64}, "velocity row"},
		{&Sinkhorn{Epsilon: -1}, ok, "Epsilon is -1"},
		{&KL{}, ok, "KL has Epsilon 0"},
		{&MMD{Epsilon: math.NaN()}, ok, "MMD has Epsilon NaN"},
		{&Drifting{}, ok, "Temperature 0"},
	} {
		if _, err := c.f.Velocity(background, c.c); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
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
	} {
		if _, err := c.f.Run(background, c.x, y); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	for _, c := range []struct {
		o    Objective
		want string
	}{
		{Objective{Field: &Sinkhorn{Iterations: 1}}, "0 values of R"},
		{Objective{Field: &Sinkhorn{Iterations: 1}, R: []float64{-1}}, "R is -1"},
		{Objective{Field: &Sinkhorn{}, R: []float64{1}}, "Iterations 0"},
		{Objective{R: []float64{1}}, "Field is <nil>"},
		{Objective{Field: &Drifting{Bare: true}, R: []float64{1}}, "Bare"},
	} {
		if _, err := c.o.Goal(background, []Clouds{ok}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
