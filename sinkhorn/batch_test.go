package sinkhorn

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func randomBatch(r *rand.Rand, problems, n, m, d int) Batch {
	b := Batch{N: n, M: m, D: d, X: make([]float32, problems*n*d), Y: make([]float32, problems*m*d)}
	for i := range b.X {
		b.X[i] = float32(r.NormFloat64())
	}
	for i := range b.Y {
		b.Y[i] = float32(0.7*r.NormFloat64() + 3)
	}
	return b
}

// cloudOf returns problem i of a batch's points as a matrix.
func cloudOf(points []float32, i, n, d int) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	x.Apply(func(r, c int, _ float64) float64 { return float64(points[(i*n+r)*d+c]) }, x)
	return x
}

// Every problem of a batch is what Iterate makes of it.
func TestBatchEqualsLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 1))
	for _, size := range [][4]int{{1, 1, 1, 1}, {7, 5, 9, 2}, {40, 33, 18, 3}, {5, 64, 64, 64}, {3, 70, 1100, 5}} {
		problems, n, m, d := size[0], size[1], size[2], size[3]
		b := randomBatch(r, problems, n, m, d)
		for _, L := range []int{0, 1, 10} {
			epsilon := 0.1 * float64(d)
			got, err := b.Project(background, epsilon, L)
			if err != nil {
				t.Fatal(err)
			}
			for i := range problems {
				s, err := Iterate(background, Problem{X: cloudOf(b.X, i, n, d), Y: cloudOf(b.Y, i, m, d)}, epsilon, L)
				if err != nil {
					t.Fatal(err)
				}
				for k, want := range s.Project().RawMatrix().Data {
					// Scores of size up to 100, rounded to float32.
					if e := math.Abs(float64(got[i*n*d+k]) - want); !(e <= 3e-5) {
						t.Fatalf("%v, L = %d: problem %d is off by %v, want at most 3e-5", size, L, i, e)
					}
				}
			}
		}
	}
}

// Where ε is so small that scalings leave the range of float32, iterations in the log domain take over.
func TestBatchAtSmallEpsilon(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 1))
	b := randomBatch(r, 6, 20, 31, 2)
	for _, epsilon := range []float64{0.05, 0.01, 0.002} {
		got, err := b.Project(background, epsilon, 8)
		if err != nil {
			t.Fatal(err)
		}
		score := 30 / epsilon // the largest ‖x−y‖²/2ε is about so much
		for i := range 6 {
			s, err := Iterate(background, Problem{X: cloudOf(b.X, i, 20, 2), Y: cloudOf(b.Y, i, 31, 2)}, epsilon, 8)
			if err != nil {
				t.Fatal(err)
			}
			for k, want := range s.Project().RawMatrix().Data {
				if e, most := math.Abs(float64(got[i*40+k])-want), 4*0x1p-24*score; !(e <= most) {
					t.Fatalf("ε = %v: problem %d is off by %v, want at most %v", epsilon, i, e, most)
				}
			}
		}
	}
}

func TestBatchBadInput(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	for name, c := range map[string]struct {
		change  func(b *Batch)
		epsilon float64
		L       int
		want    string
	}{
		"no points":        {func(b *Batch) { b.N = 0 }, 1, 1, "0 to 6 points"},
		"ragged":           {func(b *Batch) { b.X = b.X[1:] }, 1, 1, "Batch.X has"},
		"fewer Y":          {func(b *Batch) { b.Y = b.Y[6*3:] }, 1, 1, "Batch.Y 36"},
		"negative epsilon": {func(*Batch) {}, -1, 1, "epsilon is -1"},
		"negative L":       {func(*Batch) {}, 1, -1, "L is -1"},
		"NaN":              {func(b *Batch) { b.Y[6*3+4] = float32(math.NaN()) }, 1, 1, "problem 1 of 3"},
		"tiny epsilon":     {func(*Batch) {}, 1e-45, 1, "overflow"},
	} {
		b := randomBatch(r, 3, 5, 6, 3)
		c.change(&b)
		if _, err := b.Project(background, c.epsilon, c.L); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	cancelled, cancel := context.WithCancel(background)
	cancel()
	if _, err := randomBatch(r, 3, 5, 6, 3).Project(cancelled, 1, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives the error %v, want context.Canceled", err)
	}
}

func TestBatchSameBytes(t *testing.T) {
	b := randomBatch(rand.New(rand.NewPCG(24, 1)), 50, 20, 30, 8)
	first, _ := b.Project(background, 1, 5)
	again, _ := b.Project(background, 1, 5)
	if !slices.Equal(first, again) {
		t.Error("the same batch twice gives other bytes")
	}
}

func BenchmarkBatch(b *testing.B) {
	batch := randomBatch(rand.New(rand.NewPCG(1, 1)), 2048, 64, 64, 64)
	for b.Loop() {
		if _, err := batch.Project(background, 3, 10); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2048*float64(b.N)/b.Elapsed().Seconds(), "problems/s")
}
