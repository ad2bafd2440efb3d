package digits

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

func TestDiversityByHand(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{0, 0, 3, 4, 0, 1}) // squared distances 25, 1, 18
	if got, want := Diversity(x), 44./3; math.Abs(got-want) > 1e-14 {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestDiversityIsPairDistance holds the two sides of the formula together, far from the origin too.
func TestDiversityIsPairDistance(t *testing.T) {
	const n, d = 17, 5
	x := stream.New(1, "x").Normals(0, n, d)
	for _, shift := range []float64{0, 1e4} {
		sum := 0.0
		x.Apply(func(_, _ int, v float64) float64 { return v + shift }, x)
		for i := range n {
			for j := range n {
				distance := floats.Distance(x.RawRowView(i), x.RawRowView(j), 2)
				sum += distance * distance
			}
		}
		want := sum / (n * (n - 1))
		if got := Diversity(x); math.Abs(got-want) > 1e-9*want {
			t.Errorf("moved by %v: %v, want %v", shift, got, want)
		}
	}
}

func TestEnergyDistanceByHand(t *testing.T) {
	line := func(v ...float64) *mat.Dense { return mat.NewDense(len(v), 1, v) }
	for _, c := range []struct {
		x, y *mat.Dense
		want float64
	}{
		{line(0, 2), line(5, 9), 2*6 - 2 - 4},
		{line(0, 2), line(5, 9, 7), 2*6 - 2 - 8./3},
		{line(0, 1), line(0, 1), 2*0.5 - 1 - 1}, // an unbiased estimate can be negative
		{line(3, 3), line(4, 4, 4), 2},
		{mat.NewDense(2, 2, []float64{0, 0, 0, 0}), mat.NewDense(2, 2, []float64{3, 4, 6, 8}), 2*7.5 - 5},
	} {
		if got := EnergyDistance(c.x, c.y); math.Abs(got-c.want) > 1e-14 {
			t.Errorf("%v, want %v", got, c.want)
		}
		if got := EnergyDistance(c.y, c.x); math.Abs(got-c.want) > 1e-14 {
			t.Errorf("the other way round: %v, want %v", got, c.want)
		}
	}
}

// TestEnergyDistanceOfNormals: for N(0, 1) and N(μ, 1) it is 2 g(μ) − 2 g(0), where g(μ) = E|Z| for Z normal with mean μ and
// variance 2, whatever the size of the samples. The mean of 2,000 estimates is within five standard errors.
func TestEnergyDistanceOfNormals(t *testing.T) {
	g := func(mu float64) float64 { return 2/math.Sqrt(math.Pi)*math.Exp(-mu*mu/4) + mu*math.Erf(mu/2) }
	const n, m, runs = 6, 9, 2000
	for _, mu := range []float64{0, 0.5, 3} {
		var estimates []float64
		for k := range runs {
			x, y := stream.New(1, "x").Normals(k*n, n, 1), stream.New(1, "y").Normals(k*m, m, 1)
			y.Apply(func(_, _ int, v float64) float64 { return v + mu }, y)
			estimates = append(estimates, EnergyDistance(x, y))
		}
		mean, deviation := stat.MeanStdDev(estimates, nil)
		if want := 2*g(mu) - 2*g(0); math.Abs(mean-want) > 5*deviation/math.Sqrt(runs) {
			t.Errorf("μ = %v: %.4f ± %.4f, want %.4f", mu, mean, deviation/math.Sqrt(runs), want)
		}
	}
}

func TestNearest(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{1, 0, 3, 4, 10, 10})
	known := mat.NewDense(4, 2, []float64{0, 0, 2, 0, 10, 10, 10, 10}) // (1, 0) is as near to the first two
	row, distance := Nearest(x, known)
	if !slices.Equal(row, []int{0, 1, 2}) || !floats.EqualApprox(distance, []float64{1, math.Sqrt(17), 0}, 1e-15) {
		t.Errorf("rows %v at %v, want [0 1 2] at 1, √17 and 0", row, distance)
	}
}

// TestRealDigits: the yardsticks themselves. Two halves of real digits are told apart by none of the measures.
func TestRealDigits(t *testing.T) {
	train, _, judge := Split(2)
	if got := Diversity(train.Images) / Diversity(judge.Images); math.Abs(got-1) > 0.02 {
		t.Errorf("the diversity of train is %.3f of the judge's, want 1 to within 0.02", got)
	}
	if got := EnergyDistance(train.Images, judge.Images); math.Abs(got) > 0.01 {
		t.Errorf("the energy distance of train and judge is %.4f, want 0 to within 0.01", got)
	}
	first, second := train.Images.Slice(0, 400, 0, 64).(*mat.Dense), train.Images.Slice(400, 797, 0, 64).(*mat.Dense)
	_, new := Nearest(judge.Images, first)
	_, old := Nearest(second, first)
	if got := stat.Mean(new, nil) / stat.Mean(old, nil); math.Abs(got-1) > 0.03 {
		t.Errorf("the judge's images are %.3f times as far from known ones as others, want 1 to within 0.03", got)
	}
}

func TestMeasuresPanic(t *testing.T) {
	one, two, other := mat.NewDense(1, 2, nil), mat.NewDense(2, 2, nil), mat.NewDense(2, 3, nil)
	for name, f := range map[string]func(){
		"diversity of one":              func() { Diversity(one) },
		"energy distance of one":        func() { EnergyDistance(one, two) },
		"energy distance to one":        func() { EnergyDistance(two, one) },
		"energy distance, other pixels": func() { EnergyDistance(two, other) },
		"nearest, other pixels":         func() { Nearest(two, other) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
