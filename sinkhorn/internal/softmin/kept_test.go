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
	if columns := checkAlong[T](t, b, steps); columns < 5 {
		t.Errorf("n = %d, m = %d: columns at %d of %d steps, want 5 at least", b.n(), len(b.h), columns, len(steps))
	}
}

// checkAlong holds all answers against the definition, and returns how many were for columns.
func checkAlong[T Float](t *testing.T, b both, steps [][]float64) (columns int) {
	t.Helper()
	for k, a := range along[T](b, steps, true, 2) {
		name := fmt.Sprintf("n = %d, m = %d, d = %d, root %v, %T, step %d", b.n(), len(steps[k]), b.d, b.root, T(0), k)
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
	return columns
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
			if e, most := furthest(got[k][i], want[k][i]), 2*unit[T]()*(float64(b.d)+8)*(size+16); !(e <= most) {
				t.Errorf("n = %d, m = %d, d = %d, %T, size %g, step %d: %s off by %g, want at most %g",
					b.n(), len(b.h), b.d, T(0), size, k, what, e, most)
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
				t.Errorf("scale %v, call %d: off by %g, want at most 1e-12", scale, k, furthest(got, want))
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
		t.Errorf("%d MiB would be kept, want no more than 32", 2900*2900*4>>20)
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
		t.Error("after two calls nothing is kept, want a kernel that is ready")
	}
	if allocations := testing.AllocsPerRun(20, iterate); allocations > 0 {
		t.Errorf("%v allocations, want none", allocations)
	}
	if team.Close(); s.kept != nil {
		t.Error("memory is kept after the team is closed")
	}
}

// Moves add up while nobody asks for sums: references that are far behind by then are none.
func TestMovesAddUp(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		for _, keep := range []bool{false, true} {
			team := NewTeam(nil, 1)
			s := New[float32]([]float64{0}, []float64{0, math.Sqrt(60)}, 1, false, false, team)
			s.Scale(1)
			if keep {
				s.Keep()
			}
			logSum := make([]float64, 1)
			for _, h := range []float64{0, -19, -38, -57, -76} {
				if s.SetScores([]float64{h, h}); h == 0 {
					s.LogSum(logSum)
				}
			}
			s.LogSum(logSum)
			s.SetScores([]float64{-95.5, -56.5})
			s.LogSum(logSum)
			if want := -95.5 + math.Log2(1+math.Exp2(39-60)); math.Abs(logSum[0]-want) > 1e-5 {
				t.Errorf("keep %v: %v, want %v", keep, logSum[0], want)
			}
			team.Close()
		}
	})
}

// The rows that complete the last group are no row's business, however far scores have drifted.
func TestDriftDoesNotSpoilColumns(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		b := randomBoth(rand.New(rand.NewPCG(25, 1)), 37, 41, 2)
		for _, keep := range []bool{false, true} {
			var steps [][]float64
			for k := range 400 {
				h := slices.Clone(b.h)
				for j := range h {
					h[j] += float64(k)
				}
				steps = append(steps, h)
			}
			for k, a := range along[float32](b, steps, keep, 1) {
				if k%3 != 2 && a[1] == nil {
					t.Fatalf("keep %v: LogSums refuses at step %d, want columns", keep, k)
				}
			}
		}
	})
}

// A column that all rows are far from, one of them less than the others, while their references are as far behind as they
// may be: with what the range cuts off, it is right or refused.
func TestFarColumn(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		const n = 64
		for nearest := 66.0; nearest < 76; nearest += 0.5 {
			b := both{problem{d: 2}, slices.Repeat([]float64{1.0 / n}, n)}
			for i := range n {
				sin, cos := math.Sincos(2 * math.Pi * float64(i) / n)
				radius := math.Sqrt(90.7)
				if i == 0 {
					radius = math.Sqrt(nearest)
				}
				b.x = append(b.x, radius*cos, radius*sin)
			}
			b.y = append(slices.Clone(b.x), 0, 0)
			team := NewTeam(nil, 1)
			s := New[float64](b.x, b.y, b.d, false, false, team)
			s.Scale(1)
			s.Keep()
			logSum, back := make([]float64, n), make([]float64, n+1)
			ok := false
			for _, h := range []float64{0, -19.5, -39} {
				if s.SetScores(slices.Repeat([]float64{h}, n+1)); h == 0 {
					s.LogSum(logSum)
				} else {
					ok = s.LogSums(logSum, back, b.mass)
				}
			}
			team.Close()
			b.h = slices.Repeat([]float64{-39}, n+1)
			want, _, _ := naive[float64](b.problem)
			opposite := problem{x: b.y, y: b.x, d: b.d, h: make([]float64, n)}
			for i := range n {
				opposite.h[i] = -math.Log2(n) - want[i]
			}
			wantBack, _, _ := naive[float64](opposite)
			if e := furthest(logSum, want); e > 1e-11 {
				t.Errorf("nearest %v: rows off by %g, want at most 1e-11", nearest, e)
			}
			if e := furthest(back, wantBack); ok && e > 1e-11 {
				t.Errorf("nearest %v: columns off by %g, want at most 1e-11", nearest, e)
			}
		}
	})
}
