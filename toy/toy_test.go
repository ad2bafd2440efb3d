package toy_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/wflowlab/wflowlab/internal/declared"
	"github.com/wflowlab/wflowlab/toy"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestBytes hashes samples of every distribution. TestSameBytesEverywhere runs it on other platforms.
func TestBytes(t *testing.T) {
	want := map[string]string{
		"eight Gaussians 2": "969cdc599059d580",
		"6+2 mixture 2":     "722761af1e4ac226",
		"Gaussian 2":        "1f3c36853223dec4",
		"two moons 2":       "67e4e8dea4a9003c",
		"two spirals 2":     "47b4c2aa623ef9ab",
		"Swiss roll 2":      "4bf4f72ecb62aa31",
		"S-curve 2":         "2a6bf090d679cf54",
		"rings 2":           "eb3a5a66cd08856d",
		"ellipse 2":         "64779b113e09c104",
		"circle 2":          "456893ac3bd3ac9a",
		"pinwheel 2":        "a3b25246bc74fdad",
		"checkerboard 2":    "e447e6721b50dd2f",
		"Gaussian 3":        "ee3e9a1c1a1b9b22",
		"empirical 2":       "923ff6bddadd2c75",
	}
	for _, d := range everything() {
		h := sha256.New()
		binary.Write(h, binary.LittleEndian, d.Sample(1, 5000).RawMatrix().Data)
		binary.Write(h, binary.LittleEndian, d.Draw(stream.New(math.MaxUint64, "far"), 1<<40, 5000).RawMatrix().Data)
		name := fmt.Sprintf("%s %d", d.Name, d.Dim)
		if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want[name] {
			if want[name] == "" {
				t.Errorf("there is no hash of the samples of %q yet. Paste this line into TestBytes:\n\t\t%q: %q,",
					name, name, got)
			} else {
				t.Errorf("the samples of %q begin their SHA-256 with %s, want %s. If they are to change, the line in TestBytes is\n\t\t%q: %q,",
					name, got, want[name], name, got)
			}
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("TestBytes has a line for %q, which is the name and dimension of no distribution that it hashes: remove it, or list the distribution in toy.All",
			name)
	}
}

// TestAll: a function of the package that returns a distribution is called in All.
func TestAll(t *testing.T) {
	made, err := declared.Makers(".", "Distribution", "*Mixture")
	if err != nil {
		t.Fatal(err)
	}
	listed, err := declared.Mentioned(".", "All")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range made {
		if !slices.Contains(listed, name) {
			t.Errorf("toy.All does not call %s, want every distribution of the plane in it", name)
		}
	}
}

// everything is toy.All and what it leaves out.
func everything() []toy.Distribution {
	return append(toy.All(), toy.Gaussian(3).Distribution, toy.Empirical(toy.Rings().Sample(3, 7)))
}

func TestSampleDoesNotDependOnTheBatch(t *testing.T) {
	for _, d := range everything() {
		rapid.Check(t, func(t *rapid.T) {
			s := stream.New(rapid.Uint64().Draw(t, "seed"), "batches")
			first, n := rapid.IntRange(0, 1<<50).Draw(t, "first"), rapid.IntRange(2, 20).Draw(t, "n")
			cut := rapid.IntRange(1, n-1).Draw(t, "cut")
			all, rest := d.Draw(s, first, n), d.Draw(s, first+cut, n-cut)
			for k := range n - cut {
				if !slices.Equal(all.RawRowView(cut+k), rest.RawRowView(k)) {
					t.Fatalf("%s: sample %d is %v in a batch from %d and %v in one from %d", d.Name, first+cut+k,
						all.RawRowView(cut+k), first, rest.RawRowView(k), first+cut)
				}
			}
		})
	}
}

// TestSecondMoments compares the mean of ‖x‖² with the closed form of E‖x‖², within 4 standard errors.
func TestSecondMoments(t *testing.T) {
	const n = 100_000
	noise := func(std float64) float64 { return 2 * std * std }
	swiss := func(t float64) float64 { return t * t * t / 3 } // ∫t²
	moments := map[string]float64{
		"eight Gaussians": 4 + noise(0.1),
		"6+2 mixture":     0.95*4 + 0.05*72 + noise(0.15),
		"Gaussian":        2,
		"two moons":       2.25*(1+1./4+1./16-1/math.Pi) + noise(0.1),
		"two spirals":     2 + noise(0.08),
		"Swiss roll":      (swiss(4.5*math.Pi)-swiss(0.5*math.Pi))/(4*math.Pi)/math.Pow(4.5*math.Pi, 2) + noise(0.03),
		"S-curve":         2 + 2/(1.5*math.Pi) + noise(0.08),
		"rings":           (4./9+16./9+4)/3 + noise(0.06),
		"ellipse":         (4+0.49)/2 + noise(0.03),
		"circle":          1 + noise(0.03),
		"pinwheel":        1.4*1.4 + 0.42*0.42 + 0.14*0.14,
		"checkerboard":    8. / 3,
	}
	for _, d := range toy.All() {
		want, known := moments[d.Name]
		if !known {
			t.Errorf("there is no closed form of E‖x‖² for %q yet: add it to this test", d.Name)
			continue
		}
		x := d.Sample(2, n)
		mean, square := 0.0, 0.0
		for i := range n {
			r := x.At(i, 0)*x.At(i, 0) + x.At(i, 1)*x.At(i, 1)
			mean += r / n
			square += r * r / n
		}
		if se := math.Sqrt((square - mean*mean) / n); math.Abs(mean-want) > 4*se {
			t.Errorf("%s: mean of ‖x‖² is %v ± %.2g, want %v", d.Name, mean, se, want)
		}
		delete(moments, d.Name)
	}
	for name := range moments {
		t.Errorf("TestSecondMoments has a line for %q, which is the name of no distribution in toy.All: remove it, or list the distribution there", name)
	}
}

// TestDensity integrates every density over cells of a grid, by Gauss–Legendre with 4 × 4 points: the sum is 1, and the
// counts of 200,000 samples agree with the cells by χ².
func TestDensity(t *testing.T) {
	const n = 200_000
	for _, d := range toy.All() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			reach, cell := 2.75, 0.125 // the box is [−reach, reach]², cells end where the squares of the board do
			switch d.Name {
			case "6+2 mixture":
				reach, cell = 7, 0.125
			case "pinwheel":
				reach, cell = 4, 0.0625
			case "Gaussian":
				reach, cell = 6, 0.5
			case "Swiss roll", "circle":
				reach, cell = 1.25, 0.05
			case "ellipse":
				cell = 0.05
			}
			side := int(math.Round(2 * reach / cell))
			count := make([]float64, side*side)
			outside := float64(n)
			x := d.Sample(4, n)
			for i := range n {
				c, r := math.Floor((x.At(i, 0)+reach)/cell), math.Floor((x.At(i, 1)+reach)/cell)
				if min(c, r) >= 0 && max(c, r) < float64(side) {
					count[int(r)*side+int(c)]++
					outside--
				}
			}
			total, chi, free := 0.0, 0.0, 0.0
			restCount, restMass := outside, 0.0 // cells too thin to count on their own
			for k := range count {
				mass := integrate(d.Density, float64(k%side)*cell-reach, float64(k/side)*cell-reach, cell)
				total += mass
				if want := n * mass; want >= 8 {
					chi += (count[k] - want) * (count[k] - want) / want
					free++
				} else {
					restCount += count[k]
					restMass += mass
				}
			}
			if math.Abs(total-1) > 1e-6 { // what lies outside the box is less
				t.Errorf("the density's integral over [−%v, %v]² is %.9f, want 1 to within 1e-6: a new distribution may need a larger box or smaller cells",
					reach, reach, total)
			}
			if math.Abs(chi-free) > 4*math.Sqrt(2*free) {
				t.Errorf("χ² = %.0f for %.0f cells, want within %.0f", chi, free, 4*math.Sqrt(2*free))
			}
			if want := n * (restMass + 1 - total); math.Abs(restCount-want) > 4*math.Sqrt(want+1) {
				t.Errorf("%v samples in thin cells and outside, want %.1f", restCount, want)
			}
		})
	}
}

// integrate sums f over the square of that side from (x0, y0), by 4 × 4 Gauss–Legendre points.
func integrate(f func([]float64) float64, x0, y0, side float64) float64 {
	nodes := [4]float64{-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526}
	weight := [4]float64{0.3478548451374538, 0.6521451548625461, 0.6521451548625461, 0.3478548451374538}
	sum := 0.0
	for i, u := range nodes {
		for j, v := range nodes {
			sum += weight[i] * weight[j] / 4 * side * side * f([]float64{x0 + side*(1+u)/2, y0 + side*(1+v)/2})
		}
	}
	return sum
}

// TestCurveDensity compares with the two curves whose density has another form: a segment of 300σ (error function) and
// the circle (Bessel's I₀, by its periodic integral).
func TestCurveDensity(t *testing.T) {
	const length, std = 3, 0.01
	segment := toy.Curve("segment", std, func(u float64) (x, y float64) { return length * u, 0 })
	phi := func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
	for _, x := range [][]float64{{0, 0}, {-0.02, 0.01}, {1.5, 0}, {1.501, 0.02}, {2.999, -0.005}, {3.04, 0}} {
		across := math.Exp(-x[1]*x[1]/2/std/std) / math.Sqrt(2*math.Pi) / std
		want := across * (phi(x[0]/std) - phi((x[0]-length)/std)) / length
		if got := segment.Density(x); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("segment: density at %v is %v, want %v", x, got, want)
		}
	}
	for _, x := range [][]float64{{1, 0}, {0.6, 0.8}, {0, 0.95}, {-0.7, -0.8}} {
		r, want := math.Hypot(x[0], x[1]), 0.0
		const n, s = 2000, 0.03
		for k := range n {
			want += math.Exp((2*r*math.Cos(2*math.Pi*float64(k)/n)-r*r-1)/2/s/s) / n / (2 * math.Pi * s * s)
		}
		if got := toy.Circle().Density(x); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("circle: density at %v is %v, want %v", x, got, want)
		}
	}
}

func TestMixture(t *testing.T) {
	const n = 200_000
	for _, m := range []*toy.Mixture{toy.EightGaussians(), toy.SixPlusTwo()} {
		share, off := m.Shares(m.Sample(7, n))
		for k, w := range m.Weights {
			if math.Abs(share[k]-w) > 4*math.Sqrt(w*(1-w)/n) {
				t.Errorf("%s: mode %d holds %v, want %v", m.Name, k, share[k], w)
			}
		}
		if want := math.Exp(-8); math.Abs(off-want) > 4*math.Sqrt(want/n) {
			t.Errorf("%s: %v are farther than 4σ, want %v", m.Name, off, want)
		}
	}
}

func TestSharesByHand(t *testing.T) {
	m := toy.NewMixture(mat.NewDense(3, 2, []float64{0, 0, 10, 0, 0, 10}), []float64{0.5, 0.25, 0.25}, 1)
	share, off := m.Shares(mat.NewDense(4, 2, []float64{3.9, 0, 5, 0, 9, 3, 10, math.NaN()}))
	// the second is 5 from two modes, the first of which gets it; nothing is near NaN, which counts for mode 0
	if !slices.Equal(share, []float64{0.75, 0.25, 0}) || off != 0.5 {
		t.Errorf("shares %v, off %v, want [0.75 0.25 0] and 0.5", share, off)
	}
	if k, dist := m.Nearest([]float64{7, 4}); k != 1 || dist != 5 {
		t.Errorf("(7, 4) is nearest to mode %d at %v, want 1 at 5", k, dist)
	}
	if got, want := m.Density([]float64{0, 0}), (0.5+0.5*math.Exp(-50))/(2*math.Pi); math.Abs(got/want-1) > 1e-14 {
		t.Errorf("density at a mean %v, want %v", got, want)
	}
}

func TestEightGaussiansLieOnTheCircle(t *testing.T) {
	m := toy.EightGaussians()
	for k := range 8 {
		want := []float64{2 * math.Cos(float64(k)*math.Pi/4), 2 * math.Sin(float64(k)*math.Pi/4)}
		got := m.Means.RawRowView(k)
		if math.Abs(got[0]-want[0]) > 1e-15 || math.Abs(got[1]-want[1]) > 1e-15 {
			t.Errorf("mean %d is %v, want %v", k, got, want)
		}
	}
}

func TestEmpirical(t *testing.T) {
	points := mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, 6})
	const n = 30_000
	x := toy.Empirical(points).Sample(1, n)
	count := map[[2]float64]float64{}
	for i := range n {
		count[[2]float64(x.RawRowView(i))]++
	}
	for i := range 3 {
		if c := count[[2]float64(points.RawRowView(i))]; math.Abs(c-n/3) > 4*math.Sqrt(n*2/9) {
			t.Errorf("row %d is drawn %v times of %d, want about %d", i, c, n, n/3)
		}
	}
	if len(count) != 3 {
		t.Errorf("%d different points are drawn, want the 3 there are", len(count))
	}
}

func TestMisusePanics(t *testing.T) {
	two := mat.NewDense(2, 2, nil)
	for name, f := range map[string]func(){
		"weights of another length": func() { toy.NewMixture(two, []float64{1}, 1) },
		"negative weight":           func() { toy.NewMixture(two, []float64{1.5, -0.5}, 1) },
		"NaN weight":                func() { toy.NewMixture(two, []float64{1, math.NaN()}, 1) },
		"weights of sum 2":          func() { toy.NewMixture(two, []float64{1, 1}, 1) },
		"std of 0":                  func() { toy.NewMixture(two, nil, 0) },
		"no arcs":                   func() { toy.Curve("nothing", 1) },
		"curve without noise":       func() { toy.Curve("thin", 0, func(u float64) (x, y float64) { return u, u }) },
		"negative first":            func() { toy.Rings().Draw(stream.New(1, ""), -1, 2) },
		"no samples":                func() { toy.Rings().Sample(1, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			f()
		}()
	}
}
