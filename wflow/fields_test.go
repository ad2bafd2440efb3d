package wflow

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/declared"
)

// listed is a field as the tests of this file need it, which hold for any field.
type listed struct {
	flow     func(Guidance) Field // a new field for clouds of size 1
	training func(Guidance) Field // a new one for an Objective; nil: flow serves both
	gradient gradient
	noSelf   bool // it leaves each particle out of its own self term: equal clouds rest against another sample only
}

// gradient says for which guidance V is −n times the gradient of Energy.
type gradient int

const (
	ofNothing gradient = iota
	unguided
	guidedToo // by velocity
)

var fields = []listed{
	{flow: func(g Guidance) Field { return &Sinkhorn{Epsilon: 0.3, Tolerance: 1e-14, Guidance: g} }, gradient: guidedToo,
		training: func(g Guidance) Field { return &Sinkhorn{Iterations: 5, Guidance: g} }},
	{flow: func(g Guidance) Field { return &KL{Epsilon: 0.5, Guidance: g} }},
	{flow: func(g Guidance) Field { return &MMD{Epsilon: 0.8, Guidance: g} }, gradient: unguided},
	{flow: func(Guidance) Field { return &Drifting{Temperature: 0.5} }, noSelf: true},
	{flow: func(g Guidance) Field { return &Sliced{Projections: 9, Seed: 2, Guidance: g} }, gradient: guidedToo},
}

// everyField runs a test for every field and both ways of guidance.
func everyField(t *testing.T, test func(t *testing.T, f listed, g Guidance)) {
	for _, f := range fields {
		t.Run(name(f), func(t *testing.T) {
			for _, g := range []Guidance{ByVelocity, ByDistribution} {
				test(t, f, g)
			}
		})
	}
}

func name(f listed) string { return reflect.TypeOf(f.flow(ByVelocity)).Elem().Name() }

// everyTrainable is everyField for an Objective: it leaves out fields that serve flows only.
func everyTrainable(t *testing.T, test func(t *testing.T, f Trainable)) {
	everyField(t, func(t *testing.T, f listed, g Guidance) {
		build := f.training
		if build == nil {
			build = f.flow
		}
		if f, ok := build(g).(Trainable); ok {
			test(t, f)
		}
	})
}

// TestEveryFieldIsListed: a type of the package that is a Field has its line in fields.
func TestEveryFieldIsListed(t *testing.T) {
	want, err := declared.Receivers(".", "Velocity")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fields {
		got = append(got, name(f))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the list of fields has %v, the package %v: give each a line in fields", got, want)
	}
}

// small clouds of different sizes, the self term's and the unconditional data among them.
func smallClouds(seed uint64) Clouds {
	r := rand.New(rand.NewPCG(seed, 1))
	return Clouds{Particles: gaussian(r, 5, 2, 0, 1), Self: gaussian(r, 6, 2, 0, 1), Data: gaussian(r, 7, 2, 0.5, 0.7),
		Unconditional: gaussian(r, 4, 2, -1, 1), Alpha: 1.7}
}

// variants returns clouds with and without guidance, with and without a sample of their own for the self term.
func (c Clouds) variants() []Clouds {
	alone, plain, both := c, c, c
	alone.Self, both.Self = nil, nil
	plain.Unconditional, plain.Alpha = nil, 0
	both.Unconditional, both.Alpha = nil, 0
	return []Clouds{c, alone, plain, both}
}

// mapped returns the clouds with f applied to each point.
func (c Clouds) mapped(f func(k int, v float64) float64) Clouds {
	for _, x := range []**mat.Dense{&c.Particles, &c.Self, &c.Data, &c.Unconditional} {
		if *x != nil {
			y := mat.DenseCopyOf(*x)
			y.Apply(func(_, k int, v float64) float64 { return f(k, v) }, y)
			*x = y
		}
	}
	return c
}

// sameVelocity fails if two velocities differ by more than the tolerance.
func sameVelocity(t *testing.T, what string, got, want *mat.Dense, tolerance float64) {
	t.Helper()
	if !mat.EqualApprox(got, want, tolerance) {
		t.Errorf("%s: velocity\n%.12v\nwant within %g\n%.12v", what, mat.Formatted(got), tolerance, mat.Formatted(want))
	}
}

// TestBadClouds: every field names the cloud that is wrong.
func TestBadClouds(t *testing.T) {
	c := smallClouds(1)
	hole := func(x *mat.Dense) *mat.Dense {
		y := mat.DenseCopyOf(x)
		y.Set(2, 1, math.NaN())
		return y
	}
	for want, change := range map[string]func(*Clouds){
		"Particles is empty":                        func(c *Clouds) { c.Particles = nil },
		"Data is empty":                             func(c *Clouds) { c.Data = nil },
		"Particles row 2 column 1 of [5, 2] is NaN": func(c *Clouds) { c.Particles = hole(c.Particles) },
		"Data row 2 column 1 of [7, 2] is NaN":      func(c *Clouds) { c.Data = hole(c.Data) },
		"Self row 2 column 1":                       func(c *Clouds) { c.Self = hole(c.Self) },
		"Unconditional row 2 column 1":              func(c *Clouds) { c.Unconditional = hole(c.Unconditional) },
		"Data is [4, 3], want dimension 2":          func(c *Clouds) { c.Data = mat.NewDense(4, 3, nil) },
		"Self is [4, 3], want dimension 2":          func(c *Clouds) { c.Self = mat.NewDense(4, 3, nil) },
		"Unconditional is [4, 3], want dimension 2": func(c *Clouds) { c.Unconditional = mat.NewDense(4, 3, nil) },
		"Unconditional is nil":                      func(c *Clouds) { c.Unconditional = nil },
		"Alpha is 0.5":                              func(c *Clouds) { c.Alpha = 0.5 },
		"Alpha is +Inf":                             func(c *Clouds) { c.Alpha = math.Inf(1) },
		"Alpha is 1.7976931348623157e+308, want a guidance scale from 1 to 1e+100": func(c *Clouds) { c.Alpha = math.MaxFloat64 },
		"Alpha is NaN": func(c *Clouds) { c.Alpha = math.NaN() },
	} {
		bad := c
		change(&bad)
		everyField(t, func(t *testing.T, f listed, g Guidance) {
			if _, err := f.flow(g).Velocity(background, bad); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		})
	}
}

// TestFieldErrors: knobs that make no sense are errors that name them, and so are velocities and energies
// beyond float64.
func TestFieldErrors(t *testing.T) {
	c := smallClouds(8)
	far := c
	far.Particles = mat.DenseCopyOf(c.Particles)
	far.Particles.Set(1, 0, 1e200)
	guided := c.mapped(func(_ int, v float64) float64 { return 1e160 * v })
	large := guided
	large.Unconditional, large.Alpha = nil, 0
	for _, k := range []struct {
		f    Field
		c    Clouds
		want string
	}{
		{&Sinkhorn{Epsilon: -1}, c, "Epsilon is -1"},
		{&KL{}, c, "KL has Epsilon 0"},
		{&MMD{Epsilon: math.NaN()}, c, "MMD has Epsilon NaN"},
		{&Drifting{}, c, "Temperature 0"},
		{&Sliced{Projections: -1}, c, "Projections -1"},
		{&Drifting{Temperature: 1}, far, "velocity row 1"},
		{&Sliced{Projections: 1 << 40}, c, "Projections 1099511627776, want 1 to 1048576"},
		{&Sliced{}, large, "Sliced has the energy +Inf"},
		{&Sliced{}, guided, "Sliced has the energy NaN"},
	} {
		if _, err := k.f.Velocity(background, k.c); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("error %v, want one with %q", err, k.want)
		}
	}
}

func TestCancelledFields(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	everyField(t, func(t *testing.T, f listed, g Guidance) {
		if _, err := f.flow(g).Velocity(ctx, smallClouds(2)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
	})
}

// TestFinite: clouds of one point, of equal points, in one dimension and far apart have a finite velocity.
func TestFinite(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	point := mat.NewDense(1, 2, []float64{0.3, -2})
	for what, c := range map[string]Clouds{
		"one point":     {Particles: point, Data: mat.NewDense(1, 2, []float64{1, 1})},
		"one particle":  {Particles: point, Data: gaussian(r, 4, 2, 0, 1)},
		"one datum":     {Particles: gaussian(r, 4, 2, 0, 1), Data: point},
		"equal points":  {Particles: mat.NewDense(3, 2, nil), Data: mat.NewDense(4, 2, nil), Unconditional: mat.NewDense(2, 2, nil), Alpha: 3},
		"one dimension": {Particles: gaussian(r, 4, 1, 0, 1), Data: gaussian(r, 5, 1, 0, 1)},
		"far apart":     {Particles: gaussian(r, 4, 2, 0, 1), Data: gaussian(r, 5, 2, 100, 1)},
	} {
		everyField(t, func(t *testing.T, f listed, g Guidance) {
			v := velocity(t, f.flow(g), c)
			n, d := c.Particles.Dims()
			if rows, columns := v.V.Dims(); rows != n || columns != d {
				t.Errorf("%s: velocity [%d, %d], want [%d, %d]", what, rows, columns, n, d)
			}
			if sum := mat.Sum(v.V); math.IsNaN(sum) || math.IsInf(sum, 0) || math.IsInf(v.Energy, 0) {
				t.Errorf("%s: velocity %v and energy %v, want finite ones", what, mat.Formatted(v.V), v.Energy)
			}
		})
	}
}

// TestVelocityVanishesAtTheData: where the particles are the data nothing moves.
func TestVelocityVanishesAtTheData(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	x := gaussian(r, 20, 2, 0, 1)
	everyField(t, func(t *testing.T, f listed, g Guidance) {
		c := Clouds{Particles: x, Data: mat.DenseCopyOf(x)}
		if f.noSelf {
			c.Self = mat.DenseCopyOf(x)
		}
		near(t, "largest velocity", mat.Norm(velocity(t, f.flow(g), c).V, math.Inf(1)), 0, 1e-9)
	})
}

// TestVelocityIsMinusTheGradientOfTheEnergy: V_i = −n ∂Energy/∂x_i by central differences, for the fields that say so.
func TestVelocityIsMinusTheGradientOfTheEnergy(t *testing.T) {
	c := smallClouds(1)
	c.Self = nil
	plain := c
	plain.Unconditional, plain.Alpha = nil, 0
	checked := 0
	everyField(t, func(t *testing.T, f listed, g Guidance) {
		for level, c := range map[gradient]Clouds{unguided: plain, guidedToo: c} {
			if f.gradient < level || level == guidedToo && g != ByVelocity {
				continue
			}
			checked++
			field := f.flow(g)
			v := velocity(t, field, c)
			for i := range 5 {
				for k := range 2 {
					const h = 1e-4
					energy := func(delta float64) float64 {
						moved := c
						moved.Particles = mat.DenseCopyOf(c.Particles)
						moved.Particles.Set(i, k, c.Particles.At(i, k)+delta)
						return velocity(t, field, moved).Energy
					}
					near(t, "velocity", v.V.At(i, k), -5*(energy(h)-energy(-h))/(2*h), 1e-6*mat.Max(v.V))
				}
			}
		}
	})
	if checked == 0 {
		t.Error("no field has a gradient that was checked, want one at least")
	}
}

// TestNoGuidance: guidance at α = 1 is no guidance, by either way. Neither is guidance by distribution with one own point.
func TestNoGuidance(t *testing.T) {
	guided := smallClouds(4)
	guided.Alpha = 1
	plain := guided
	plain.Unconditional, plain.Alpha = nil, 0
	everyField(t, func(t *testing.T, f listed, g Guidance) {
		sameVelocity(t, "α = 1", velocity(t, f.flow(g), guided).V, velocity(t, f.flow(g), plain).V, 1e-9)
		if g == ByDistribution && !reflect.DeepEqual(f.flow(g), f.flow(ByVelocity)) { // Drifting has a guidance of its own
			alone := guided
			alone.Alpha, alone.Self = 3, rows(guided.Self, []int{2})
			unguided := alone
			unguided.Unconditional, unguided.Alpha = nil, 0
			sameVelocity(t, "one own point", velocity(t, f.flow(g), alone).V, velocity(t, f.flow(g), unguided).V, 1e-9)
		}
	})
}

// TestSymmetries: a shift of all clouds changes no velocity, the order of the data neither, and velocities follow the
// order of the particles.
func TestSymmetries(t *testing.T) {
	for _, c := range smallClouds(5).variants() {
		everyField(t, func(t *testing.T, f listed, g Guidance) {
			want := velocity(t, f.flow(g), c).V
			shifted := c.mapped(func(k int, v float64) float64 { return v + []float64{3, -8}[k] })
			sameVelocity(t, "all clouds shifted", velocity(t, f.flow(g), shifted).V, want, 1e-8)

			other := c
			order := []int{3, 0, 6, 2, 5, 1, 4}
			other.Data = rows(c.Data, order)
			sameVelocity(t, "data in another order", velocity(t, f.flow(g), other).V, want, 1e-8)

			other, order = c, []int{3, 0, 4, 2, 1}
			other.Particles = rows(c.Particles, order)
			sameVelocity(t, "particles in another order", velocity(t, f.flow(g), other).V, rows(want, order), 1e-8)
		})
	}
}

// TestFieldsForget: a field that has seen other clouds, and errors, answers as a new one does.
func TestFieldsForget(t *testing.T) {
	for _, c := range smallClouds(6).variants() {
		everyField(t, func(t *testing.T, f listed, g Guidance) {
			used, unused := f.flow(g), f.flow(g)
			velocity(t, used, smallClouds(7))
			if _, err := used.Velocity(background, Clouds{}); err == nil {
				t.Error("no error for clouds that are nil, want one")
			}
			got, want := velocity(t, used, c), velocity(t, unused, c)
			sameVelocity(t, "after other clouds", got.V, want.V, 1e-8)
			if !(math.Abs(got.Energy-want.Energy) <= 1e-8) && !(math.IsNaN(got.Energy) && math.IsNaN(want.Energy)) {
				t.Errorf("after other clouds: energy %v, want %v", got.Energy, want.Energy)
			}
		})
	}
}

// TestTrainables: an Objective normalises the velocity of any field, and does not see the unit of the coordinates. R changes
// the velocity if the field is Regularised, and only then are there two R.
func TestTrainables(t *testing.T) {
	for _, c := range smallClouds(8).variants() {
		everyTrainable(t, func(t *testing.T, f Trainable) {
			goal := func(c Clouds, r ...float64) (*Goal, error) {
				return Objective{Field: f, R: r}.Goal(background, []Clouds{c})
			}
			g, err := goal(c, 0.3)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "loss of one R", g.Loss[0], 1, 1e-12)

			larger, err := goal(c.mapped(func(_ int, v float64) float64 { return 1024 * v }), 0.3)
			if err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-12
			if f.Surroundings(c).Distance != nil {
				tolerance = 1e-3 // Drifting's least distance, 1e-4, has a unit
			}
			near(t, "scale of clouds 1024 times as large", larger.Scale, 1024*g.Scale, tolerance*larger.Scale)
			sameVelocity(t, "clouds 1024 times as large", larger.Velocity[0], g.Velocity[0], tolerance)

			other, err := goal(c, 0.1)
			if err != nil {
				t.Fatal(err)
			}
			if changed := !mat.EqualApprox(other.Velocity[0], g.Velocity[0], 1e-6); changed != f.Regularised() {
				t.Errorf("R = 0.1 instead of 0.3 changes the velocity: %v, want %v as Regularised says", changed, f.Regularised())
			}
			if _, err := goal(c, 0.3, 0.1); (err == nil) != f.Regularised() {
				t.Errorf("two R: error %v, Regularised is %v, want an error for a field without regularisation alone", err, f.Regularised())
			}
		})
	}
}
