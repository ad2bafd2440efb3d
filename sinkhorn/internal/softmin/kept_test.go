package softmin

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// wander returns scores one after the other, as an iteration would set them: small moves, moves to the end of a kept
// kernel's reach, beyond it by one target and by all of them.
func wander(r *rand.Rand, h []float64) (steps [][]float64) {
	next := func(move func(j int) float64) {
		h = slices.Clone(h)
		for j := range h {
			h[j] += move(j)
		}
		steps = append(steps, h)
	}
	still := func(int) float64 { return 0 }
	small := func(int) float64 { return r.NormFloat64() / 10 }
	first := func(by float64) func(int) float64 {
		return func(j int) float64 {
			if j == 0 {
				return by
			}
			return small(j)
		}
	}
	next(small) // the kernel is made
	next(small)
	next(still)
	next(first(-15))
	next(first(-15)) // made anew
	next(func(int) float64 { return 19 })
	next(func(int) float64 { return -39 })
	next(small)
	for range 8 { // half of the targets drift away from the others
		next(func(j int) float64 { return 19 * float64(j%2) })
	}
	next(func(int) float64 { return 100 }) // no references
	next(small)
	next(small)
	return steps
}

// along evaluates both directions at all scores, of every third only the rows, with a Sum that keeps its terms or one
// that does not.
func along[T Float](b both, steps [][]float64, keep bool, workers int) (answers [][2][]float64) {
	team := NewTeam(nil, workers)
	defer team.Close()
	s := New[T](b.x, b.y, b.d, b.root, b.mask, team)
	s.Scale(1)
	if keep {
		s.Keep()
	}
	for k, h := range steps {
		a := [2][]float64{make([]float64, b.n()), make([]float64, len(b.h))}
		s.SetScores(h)
		if k%3 == 2 || !s.LogSums(a[0], a[1], b.mass) {
			s.LogSum(a[0])
			a[1] = nil
		}
		answers = append(answers, a)
	}
	return answers
}

func TestKeptAgainstDefinition(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 1))
		for _, size := range sizes {
			for _, d := range []int{1, 2, 5} {
				for _, root := range []bool{false, true} {
					b := randomBoth(r, size[0], size[1], d)
					b.root = root
					checkKept[float32](t, b, wander(r, b.h))
					checkKept[float64](t, b, wander(r, b.h))
				}
			}
		}
	})
}

func checkKept[T Float](t *testing.T, b both, steps [][]float64) {
	t.Helper()
	columns := 0
	for k, a := range along[T](b, steps, true, 2) {
		name := fmt.Sprintf("n = %d, m = %d, d = %d, root %v, %T, step %d", b.n(), len(b.h), b.d, b.root, T(0), k)
		b.h = steps[k]
		want, _, size := naive[T](b.problem)
		tolerance := unit[T]() * (float64(b.d) + 8) * (size + 300) // and h, up to 300
		if e := furthest(a[0], want); !(e <= tolerance) {
			t.Errorf("%s: rows off by %.3g, want %.3g", name, e, tolerance)
		}
		if a[1] == nil {
			continue
		}
		columns++
		opposite := problem{x: b.y, y: b.x, d: b.d, root: b.root, h: make([]float64, b.n())}
		for i, w := range b.mass {
			opposite.h[i] = math.Log2(w) - want[i]
		}
		back, _, _ := naive[float64](opposite)
		if e := furthest(a[1], back); !(e <= 2*tolerance) {
			t.Errorf("%s: columns off by %.3g, want %.3g", name, e, 2*tolerance)
		}
	}
	if columns < 5 {
		t.Errorf("n = %d, m = %d: columns at %d of %d steps", b.n(), len(b.h), columns, len(steps))
	}
}

// What is kept gives the same bytes with AVX2 as with AVX-512, and with any number of workers.
func TestKeptSameBytes(t *testing.T) {
	defer Use(Names()[0])
	r := rand.New(rand.NewPCG(22, 1))
	for _, size := range [][2]int{{1, 1}, {33, 15}, {300, 500}, {300, 1100}} {
		b := randomBoth(r, size[0], size[1], 2)
		steps := wander(r, b.h)
		checkKeptSameBytes[float32](t, b, steps)
		checkKeptSameBytes[float64](t, b, steps)
	}
}

func checkKeptSameBytes[T Float](t *testing.T, b both, steps [][]float64) {
	t.Helper()
	vectors := map[string][][2][]float64{}
	for _, name := range Names() {
		if err := Use(name); err != nil {
			t.Fatal(err)
		}
		kind := "vectors"
		if name == "Go" {
			kind = name
		}
		for _, workers := range []int{1, 2, 5} {
			got := along[T](b, steps, true, workers)
			if vectors[kind] == nil {
				vectors[kind] = got
			}
			for k := range got {
				if !slices.Equal(got[k][0], vectors[kind][k][0]) || !slices.Equal(got[k][1], vectors[kind][k][1]) {
					t.Errorf("n = %d, m = %d, %T, step %d: other bytes with %s, %d workers", b.n(), len(b.h), T(0), k, name, workers)
				}
			}
		}
	}
}

// FuzzKept: what is kept gives the answers of the log domain.
func FuzzKept(f *testing.F) {
	f.Add(uint8(2), uint8(3), []byte("0123456789abcdef0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, dim, rows uint8, data []byte) {
		p, ok := problemOf(dim, rows, data)
		if !ok {
			return
		}
		b := both{p, slices.Repeat([]float64{1 / float64(p.n())}, p.n())}
		steps := wander(rand.New(rand.NewPCG(1, 1)), p.h)
		compareKept[float32](t, b, steps)
		compareKept[float64](t, b, steps)
	})
}

func compareKept[T Float](t *testing.T, b both, steps [][]float64) {
	t.Helper()
	_, _, size := naive[T](b.problem)
	for _, h := range steps {
		size = max(size, slices.Max(h), -slices.Min(h))
	}
	if unit[T]()*size > 0.1 {
		return // scores are not resolved, and no reference is one
	}
	got, want := along[T](b, steps, true, 1), along[T](b, steps, false, 1)
	for k := range got {
		for i, what := range []string{"rows", "columns"} {
			if got[k][i] == nil || want[k][i] == nil {
				continue // out of range, perhaps by a rounding
			}
			if e := furthest(got[k][i], want[k][i]); !(e <= 2*unit[T]()*(float64(b.d)+8)*(size+16)) {
				t.Errorf("n = %d, m = %d, d = %d, %T, size %g, step %d: %s off by %g", b.n(), len(b.h), b.d, T(0), size, k, what, e)
			}
		}
	}
}

// A kernel is not used for other costs, nor where targets have no mass.
func TestKeptIsMadeAnew(t *testing.T) {
	b := randomBoth(rand.New(rand.NewPCG(23, 1)), 37, 41, 2)
	team := NewTeam(nil, 1)
	defer team.Close()
	s := New[float64](b.x, b.y, b.d, false, false, team)
	s.Keep()
	for _, scale := range []float64{1, 0.9} {
		s.Scale(scale)
		p := b.problem
		p.x, p.y = scaled(b.x, scale), scaled(b.y, scale)
		for k := range 6 {
			p.h = slices.Clone(b.h)
			if k == 2 || k == 3 {
				p.h[3] = math.Inf(-1)
			}
			got := make([]float64, b.n())
			s.SetScores(p.h)
			s.LogSum(got)
			if want, _, _ := naive[float64](p); furthest(got, want) > 1e-12 {
				t.Errorf("scale %v, call %d: off by %g", scale, k, furthest(got, want))
			}
		}
	}
}

func scaled(x []float64, factor float64) (y []float64) {
	for _, v := range x {
		y = append(y, v*factor)
	}
	return y
}

func TestKeptMemory(t *testing.T) {
	team := NewTeam(nil, 1)
	large := New[float32](make([]float64, 2900), make([]float64, 2900), 1, false, false, team)
	if large.Keep(); large.kept != nil {
		t.Errorf("%d MiB would be kept", 2900*2900*4>>20)
	}
	b := randomBoth(rand.New(rand.NewPCG(24, 1)), 300, 400, 2)
	s := New[float32](b.x, b.y, b.d, false, false, team)
	s.Scale(1)
	s.Keep()
	logSum, back := make([]float64, b.n()), make([]float64, len(b.h))
	iterate := func() {
		s.SetScores(b.h)
		s.LogSum(logSum)
		s.LogSums(logSum, back, b.mass)
	}
	iterate()
	if s.kept.state != ready {
		t.Error("nothing is kept")
	}
	if allocations := testing.AllocsPerRun(20, iterate); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
	if team.Close(); s.kept != nil {
		t.Error("memory is kept after the team is closed")
	}
}
