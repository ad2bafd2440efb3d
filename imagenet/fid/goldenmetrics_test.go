package fid

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// goldenFeatures are two sets of features, and what measures say of them. The first is generated, the second real.
type goldenFeatures struct {
	Prefix         string
	N1, N2, D      int
	Mu1, Mu2       golden.Tensor
	Sigma1, Sigma2 golden.Tensor
	FID            float64                    `json:"fid_eigvals"`
	Self           float64                    `json:"fid_self"`
	Trainer        float64                    `json:"fid_sqrtm_trainer"`
	Float32        float64                    `json:"fid_float32_features"`
	Types          struct{ Mu, Sigma string } `json:"dtype_float32_features"`
	Kernel         struct {
		Subsets   int
		Size      int    `json:"subset_size"`
		Seed      uint32 `json:"rng_seed"`
		Mean, Std float64
		Each      []float64  `json:"per_subset"`
		Indices   [][2][]int `json:"subset_indices"`
	} `json:"kid"`
	Coverage        goldenCoverage  `json:"prc_k3"`
	TrainerCoverage *goldenCoverage `json:"prc_k3_trainer"`
	Shifted         struct {
		Shift float64
		goldenCoverage
	} `json:"prc_k3_shifted"`
}

type goldenCoverage struct {
	Precision, Recall float64
	F                 float64 `json:"f_score"`
}

type goldenScore struct {
	Prefix, Logits       string
	Splits               int
	Shuffled, Unshuffled goldenInception
	Float32              goldenInception `json:"shuffled_f32_logits"`
	Trainer              goldenMoments
	Permutation          []int `json:"permutation_2020"`
}

type goldenMoments struct{ Mean, Std float64 }

// goldenInception is goldenMoments in torch-fidelity's words.
type goldenInception struct {
	Mean float64 `json:"inception_score_mean"`
	Std  float64 `json:"inception_score_std"`
}

func (g goldenInception) moments() goldenMoments { return goldenMoments(g) }

type goldenRandom struct {
	Seed        uint32
	Algorithm   string
	First       []uint32 `json:"first_uint32"`
	Permutation []int    `json:"permutation_10"`
	Choice      []int    `json:"choice_12_5"`
}

// sets returns the features: absolute values of normal numbers, by columns of different size.
func (g goldenFeatures) sets() (one, two Features[float64]) {
	one = Features[float64]{g.D, golden.Normals(g.Prefix+"input/feat1", g.N1*g.D)}
	two = Features[float64]{g.D, golden.Normals(g.Prefix+"input/feat2", g.N2*g.D)}
	for i, v := range one.Values {
		one.Values[i] = math.Abs(v) * (1 + 0.1*float64(i%g.D%5))
	}
	for i, v := range two.Values {
		two.Values[i] = math.Abs(v)*(1+0.05*float64(i%g.D%7)) + 0.1
	}
	return one, two
}

func rounded(f Features[float64]) Features[float32] {
	r := Features[float32]{Columns: f.Columns}
	for _, v := range f.Values {
		r.Values = append(r.Values, float32(v))
	}
	return r
}

// near tells whether two numbers differ by at most a part of the second.
func near(got, want, part float64) bool { return math.Abs(got-want) <= part*math.Abs(want) }

func TestGoldenStatistics(t *testing.T) {
	for name, g := range readGolden(t).features() {
		one, two := g.sets()
		for _, c := range []struct {
			features  Features[float64]
			mu, sigma golden.Tensor
		}{{one, g.Mu1, g.Sigma1}, {two, g.Mu2, g.Sigma2}} {
			s, err := StatisticsOf(c.features)
			if err != nil {
				t.Fatal(err)
			}
			var sigma []float64
			for i := range g.D {
				for j := range g.D {
					sigma = append(sigma, s.Covariance.At(i, j))
				}
			}
			for what, compared := range map[string]struct {
				want golden.Tensor
				got  []float64
			}{"mean": {c.mu, s.Mean}, "covariance": {c.sigma, sigma}} {
				difference, largest, err := compared.want.Compare(compared.got)
				if err != nil || !(difference <= 1e-11*largest) { // twelve digits are recorded
					t.Errorf("%s: %s off by %.3g, error %v, want at most %.3g", name, what, difference, err, 1e-11*largest)
				}
			}
		}
	}
}

// The references take eigenvalues or the root of Σ₁ Σ₂, which is not symmetric. At full rank that is the same. Of singular covariances,
// they add roots of numbers that are 0 but for rounding. What these come to, their distance of a set to itself says: there are
// as many of them here, at most twice as large. TestFrechetOfFewImages has the truth.
func TestGoldenFrechet(t *testing.T) {
	for name, g := range readGolden(t).features() {
		one, two := g.sets()
		distance := func(one, two Features[float64]) (float64, error) {
			s1, err1 := StatisticsOf(one)
			s2, err2 := StatisticsOf(two)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			return Frechet(s1, s2)
		}
		deficient := min(g.N1, g.N2) <= g.D
		got, err := distance(one, two)
		if _, is := errors.AsType[*RankError](err); is != deficient || !is && err != nil {
			t.Errorf("%s: error %v, want one of the rank: %t", name, err, deficient)
		}
		most := 1e-9 * g.FID
		if deficient {
			most = 2 * math.Abs(g.Self)
		}
		for what, want := range map[string]float64{"eigenvalues": g.FID, "the trainer's root": g.Trainer} {
			if math.Abs(got-want) > most {
				t.Errorf("%s: distance %.15g, want %.15g, by %s", name, got, want, what)
			}
		}
		if self, _ := distance(one, one); self != 0 {
			t.Errorf("%s: distance to itself %g, want 0", name, self)
		}
		s1, _ := StatisticsOf(rounded(one))
		s2, _ := StatisticsOf(rounded(two))
		if got, _ := Frechet(s1, s2); !near(got, g.Float32, 2e-6) { // the reference's mean is float32 there
			t.Errorf("%s: distance of features in float32 %.12g, want %.12g", name, got, g.Float32)
		}
	}
}

func TestGoldenKernel(t *testing.T) {
	b, _ := backend(t)
	for name, g := range readGolden(t).features() {
		one, two := g.sets()
		k, err := Kernel(t.Context(), b, one, two, Subsets{g.Kernel.Subsets, g.Kernel.Size, g.Kernel.Seed})
		if err != nil {
			t.Fatal(err)
		}
		if !near(k.Mean, g.Kernel.Mean, 1e-9) || !near(k.Deviation, g.Kernel.Std, 1e-9) {
			t.Errorf("%s: kernel distance %.12g, deviation %.12g, want %.12g and %.12g", name, k.Mean, k.Deviation, g.Kernel.Mean, g.Kernel.Std)
		}
		if !slices.EqualFunc(k.Each, g.Kernel.Each, func(a, b float64) bool { return near(a, b, 1e-9) }) {
			t.Errorf("%s: of the subsets %v, want %v", name, k.Each, g.Kernel.Each)
		}
		random := newNumPy(g.Kernel.Seed)
		for i, want := range g.Kernel.Indices {
			got := [2][]int{random.choice(g.N1, g.Kernel.Size), random.choice(g.N2, g.Kernel.Size)}
			if !slices.Equal(got[0], want[0]) || !slices.Equal(got[1], want[1]) {
				t.Errorf("%s: subset %d is %v, want %v", name, i, got, want)
			}
		}
	}
}

func TestGoldenCoverage(t *testing.T) {
	b, _ := backend(t)
	for name, g := range readGolden(t).features() {
		one, two := g.sets()
		far := Features[float64]{g.D, slices.Clone(one.Values)}
		for i := range far.Values {
			far.Values[i] += g.Shifted.Shift
		}
		for what, c := range map[string]struct {
			samples Features[float64]
			want    goldenCoverage
		}{"as they are": {one, g.Coverage}, "shifted": {far, g.Shifted.goldenCoverage}} {
			got, err := Cover(t.Context(), b, c.samples, two, 3)
			if err != nil {
				t.Fatal(err)
			}
			p, r := got.Precision(), got.Recall()
			for _, n := range []struct{ got, want float64 }{{p, c.want.Precision}, {r, c.want.Recall}, {2 * p * r / (p + r), c.want.F}} {
				if !near(n.got, n.want, 1e-7) { // recorded in float32; one image more is 4e-3
					t.Errorf("%s, %s: precision %v, recall %v, want %+v", name, what, p, r, c.want)
				}
			}
		}
		if w := g.TrainerCoverage; w != nil && (!near(g.Coverage.Precision, w.Precision, 1e-7) || !near(g.Coverage.Recall, w.Recall, 1e-7)) {
			t.Errorf("%s: the trainer has %+v, torch-fidelity %+v, want the same", name, *w, g.Coverage)
		}
	}
}

func TestGoldenInceptionScore(t *testing.T) {
	for name, g := range readGolden(t).Metrics.Score {
		var n, classes int
		if _, err := fmt.Sscanf(name, "%dx%d", &n, &classes); err != nil {
			t.Fatal(err)
		}
		logits := Features[float64]{classes, golden.Normals(g.Prefix+"input/logits", n*classes)}
		for i := range logits.Values {
			logits.Values[i] *= 2.5
		}
		if got := newNumPy(2020).permutation(n); !slices.Equal(got, g.Permutation) {
			t.Errorf("%s: order %v, want %v", name, got, g.Permutation)
		}
		inOrder := make([]int, n)
		for i := range inOrder {
			inOrder[i] = i
		}
		shuffled, err1 := InceptionScore(logits, g.Splits, 2020)
		unshuffled, err2 := score(logits, inOrder, g.Splits, func(i int) int { return i * n / g.Splits })
		in32, err3 := InceptionScore(rounded(logits), g.Splits, 2020)
		trainer, err4 := TrainingScore(logits, g.Splits, 2020)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			got  Score
			want goldenMoments
			part float64
		}{
			"shuffled": {shuffled, g.Shuffled.moments(), 1e-9}, "unshuffled": {unshuffled, g.Unshuffled.moments(), 1e-9},
			"of float32 logits": {in32, g.Float32.moments(), 1e-7},
			"trainer":           {trainer, g.Trainer, 1e-6}, // its probabilities are float32
		} {
			if !near(c.got.Mean, c.want.Mean, c.part) || !near(c.got.Deviation, c.want.Std, 10*c.part) {
				t.Errorf("%s, %s: %+v, want %+v", name, what, c.got, c.want)
			}
		}
	}
}

func TestGoldenRandom(t *testing.T) {
	g := readGolden(t).Metrics.Random
	r := newNumPy(g.Seed)
	for i, want := range g.First {
		if got := r.source.Uint32(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
	if got := newNumPy(g.Seed).permutation(10); !slices.Equal(got, g.Permutation) {
		t.Errorf("permutation(10) = %v, want %v", got, g.Permutation)
	}
	if got := newNumPy(g.Seed).choice(12, 5); !slices.Equal(got, g.Choice) {
		t.Errorf("choice(12, 5) = %v, want %v", got, g.Choice)
	}
}

func (g goldenFile) features() map[string]goldenFeatures {
	return map[string]goldenFeatures{"a": g.Metrics.A, "rank_deficient": g.Metrics.Deficient}
}
