package wflow

import (
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

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

// TestProjectionsOfHandBatch: the projections and the plan behind the hand batch, in scaled coordinates.
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

// TestObjectiveErrors: what an Objective cannot use is an error that says what to do.
func TestObjectiveErrors(t *testing.T) {
	for _, c := range []struct {
		o    Objective
		want string
	}{
		{Objective{Field: &Sinkhorn{Iterations: 1}}, "0 values of R"},
		{Objective{Field: &Sinkhorn{Iterations: 1}, R: []float64{-1}}, "R is -1"},
		{Objective{Field: &Sinkhorn{}, R: []float64{1}}, "Iterations 0, training wants 1 or more"},
		{Objective{R: []float64{1}}, "no Field"},
		{Objective{Field: &Drifting{Bare: true}, R: []float64{1}}, "Bare"},
		{Objective{Field: &Sliced{Projections: -1}, R: []float64{1}}, "Projections -1"},
		{Objective{Field: &Sliced{}, R: []float64{1, 2}}, "2 values of R for *wflow.Sliced, which has no regularisation"},
		{Objective{Field: constant{mat.NewDense(3, 2, nil)}, R: []float64{1}},
			"the field wflow.constant serves flows only: for training it wants the methods Regularised, WithR and Surroundings"},
	} {
		if _, err := c.o.Goal(background, []Clouds{handBatch(1)}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
