package softmin

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// both is a problem whose rows ask for the opposite direction too: masses of the sources, one of them 0.
type both struct {
	problem
	mass []float64
}

func randomBoth(r *rand.Rand, n, m, d int) both {
	b := both{randomProblem(r, n, m, d), make([]float64, n)}
	for j := range b.h { // potentials that belong to weights: no column is far behind
		b.h[j] = r.NormFloat64() - math.Log2(float64(m))
	}
	for k := range b.x {
		b.x[k] /= 3
	}
	for k := range b.y {
		b.y[k] /= 3
	}
	sum := 0.0
	for i := range b.mass {
		b.mass[i] = r.ExpFloat64()
		if i == 2 {
			b.mass[i] = 0
		}
		sum += b.mass[i]
	}
	for i := range b.mass {
		b.mass[i] /= sum
	}
	return b
}

// solveBoth evaluates both directions with the current kernels, from references that are some way off.
func solveBoth[T Float](b both, workers int) (logSum, back []float64, ok bool) {
	team := NewTeam(nil, workers)
	defer team.Close()
	s := New[T](b.x, b.y, b.d, b.root, b.mask, team)
	s.Scale(1)
	logSum, back = make([]float64, b.n()), make([]float64, len(b.h))
	near := slices.Clone(b.h)
	for j := range near {
		near[j] += 5
	}
	s.SetScores(near)
	s.LogSum(logSum)
	s.SetScores(b.h)
	ok = s.LogSums(logSum, back, b.mass)
	return logSum, back, ok
}

func TestBothAgainstDefinition(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 1))
		for _, size := range append(sizes, [2]int{2200, 40}) {
			for _, d := range []int{1, 2, 3, 4, 5, 64} {
				for _, root := range []bool{false, true} {
					b := randomBoth(r, size[0], size[1], d)
					b.root = root
					if d == 64 {
						for k := range b.x {
							b.x[k] /= 8
						}
						for k := range b.y {
							b.y[k] /= 8
						}
					}
					checkBoth[float32](t, b)
					checkBoth[float64](t, b)
				}
			}
		}
	})
}

func checkBoth[T Float](t *testing.T, b both) {
	t.Helper()
	name := fmt.Sprintf("n = %d, m = %d, d = %d, root %v, %T", b.n(), len(b.h), b.d, b.root, T(0))
	logSum, back, ok := solveBoth[T](b, 2)
	if !ok {
		t.Fatalf("%s: LogSums refuses, want columns", name)
	}
	wantLogSum, _, size := naive[T](b.problem)
	opposite := problem{x: b.y, y: b.x, d: b.d, root: b.root, h: make([]float64, b.n())}
	for i, w := range b.mass {
		opposite.h[i] = math.Log2(w) - wantLogSum[i]
	}
	wantBack, _, _ := naive[float64](opposite) // whose h is not rounded to T
	tolerance := unit[T]() * (float64(b.d) + 8) * (size + 30)
	if e := furthest(logSum, wantLogSum); !(e <= tolerance) {
		t.Errorf("%s: rows off by %.3g, want %.3g", name, e, tolerance)
	}
	if e := furthest(back, wantBack); !(e <= 2*tolerance) {
		t.Errorf("%s: columns off by %.3g, want %.3g", name, e, 2*tolerance)
	}
}

// Both directions come out the same with AVX2 as with AVX-512, and with any number of workers.
func TestBothSameBytes(t *testing.T) {
	defer Use(Names()[0])
	r := rand.New(rand.NewPCG(12, 1))
	for _, size := range [][2]int{{1, 1}, {33, 15}, {300, 500}, {2500, 1100}} {
		for _, d := range []int{2, 3, 6} {
			b := randomBoth(r, size[0], size[1], d)
			checkBothSameBytes[float32](t, b)
			checkBothSameBytes[float64](t, b)
		}
	}
}

func checkBothSameBytes[T Float](t *testing.T, b both) {
	t.Helper()
	vectors := map[string][]float64{}
	for _, name := range Names() {
		if err := Use(name); err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 2, 5} {
			logSum, back, ok := solveBoth[T](b, workers)
			if !ok {
				t.Fatal("LogSums refuses, want columns")
			}
			kind, got := "vectors", append(logSum, back...)
			if name == "Go" {
				kind = name
			}
			if vectors[kind] == nil {
				vectors[kind] = got
			}
			if !slices.Equal(got, vectors[kind]) {
				t.Errorf("n = %d, m = %d, d = %d, %T: other bytes with %s, %d workers", b.n(), len(b.h), b.d, T(0), name, workers)
			}
		}
	}
}

// Where its terms cannot serve the columns, LogSums says so, and its rows are right all the same.
func TestBothRefuses(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 1))
		for name, spoil := range map[string]func(*both){
			"−Inf in h":         func(b *both) { b.h[3] = math.Inf(-1) },
			"a column far away": func(b *both) { b.y[10], b.y[11] = 30, 30 },
			"no mass nearby": func(b *both) {
				clear(b.mass)
				b.mass[0], b.x[0], b.x[1] = 1, 30, 30
			},
		} {
			b := randomBoth(r, 37, 41, 2)
			spoil(&b)
			logSum, _, ok := solveBoth[float32](b, 1)
			if ok {
				t.Errorf("%s: LogSums answers, want it to refuse", name)
			}
			want, _, size := naive[float32](b.problem)
			if e, most := furthest(logSum, want), unit[float32]()*10*(size+30); !(e <= most) {
				t.Errorf("%s: rows off by %g, want at most %g", name, e, most)
			}
		}
	})
}

func TestBothAllocateNothing(t *testing.T) {
	b := randomBoth(rand.New(rand.NewPCG(14, 1)), 300, 400, 2)
	team := NewTeam(nil, 2)
	defer team.Close()
	s := New[float32](b.x, b.y, b.d, false, false, team)
	s.Scale(1)
	logSum, back := make([]float64, b.n()), make([]float64, len(b.h))
	s.SetScores(b.h)
	s.LogSum(logSum)
	s.LogSums(logSum, back, b.mass)
	if allocations := testing.AllocsPerRun(20, func() {
		s.SetScores(b.h)
		s.LogSums(logSum, back, b.mass)
	}); allocations > 0 {
		t.Errorf("%v allocations, want none", allocations)
	}
}
