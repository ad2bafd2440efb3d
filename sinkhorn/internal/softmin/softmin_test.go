package softmin

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// problem is sums to evaluate, in float64.
type problem struct {
	x, y, h    []float64
	d          int
	root, mask bool
}

func randomProblem(r *rand.Rand, n, m, d int) problem {
	p := problem{x: make([]float64, n*d), y: make([]float64, m*d), h: make([]float64, m), d: d}
	for i := range p.x {
		p.x[i] = 3 * r.NormFloat64()
	}
	for i := range p.y {
		p.y[i] = 3 * r.NormFloat64()
	}
	for j := range p.h {
		p.h[j] = 10 * r.NormFloat64()
		if r.IntN(10) == 0 {
			p.h[j] = math.Inf(-1)
		}
	}
	p.h[r.IntN(m)] = 0
	return p
}

func (p problem) n() int { return len(p.x) / p.d }

// solve evaluates the sums with the current kernels.
func solve[T Float](p problem, workers int) (logSum, mean []float64) {
	team := NewTeam(nil, workers)
	defer team.Close()
	s := New[T](p.x, p.y, p.d, p.root, p.mask, team)
	s.Scale(1)
	s.SetScores(p.h)
	logSum, mean = make([]float64, p.n()), make([]float64, len(p.x))
	s.LogSum(logSum)
	s.Mean(mean, 1)
	return logSum, mean
}

// naive evaluates them as they are written, with the points and h rounded to T as any kernel has them. The last result is
// the largest number that a score is a difference of, which bounds its error.
func naive[T Float](p problem) (logSum, mean []float64, size float64) {
	round := func(v float64) float64 { return float64(T(v)) }
	for i := range p.n() {
		scores := make([]float64, len(p.h))
		for j := range scores {
			c := 0.0
			for k := range p.d {
				u := round(p.x[i*p.d+k]) - round(p.y[j*p.d+k])
				c += u * u
			}
			size = max(size, c)
			if p.root {
				c = math.Sqrt(c)
			}
			scores[j] = round(p.h[j]) - c
			if p.mask && i == j {
				scores[j] = math.Inf(-1)
			}
		}
		largest := slices.Max(scores)
		sum, moment := 0.0, make([]float64, p.d)
		for j, v := range scores {
			w := math.Exp2(v - largest)
			sum += w
			for k := range moment {
				moment[k] += w * round(p.y[j*p.d+k])
			}
		}
		logSum = append(logSum, largest+math.Log2(sum))
		for _, v := range moment {
			mean = append(mean, v/sum)
		}
	}
	return logSum, mean, size
}

func unit[T Float]() float64 {
	if lanes[T]() == 16 {
		return 0x1p-24
	}
	return 0x1p-53
}

func furthest(a, b []float64) (worst float64) {
	for i := range a {
		if d := math.Abs(a[i] - b[i]); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// eachSet runs a test with every set of kernels of this processor.
func eachSet(t *testing.T, run func(t *testing.T)) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			if err := Use(name); err != nil {
				t.Fatal(err)
			}
			defer Use(Names()[0])
			run(t)
		})
	}
}

var sizes = [][2]int{{1, 1}, {1, 7}, {5, 1}, {3, 8}, {4, 16}, {33, 15}, {37, 17}, {31, 100}, {70, 1100}}

func TestAgainstDefinition(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		for _, size := range sizes {
			for _, d := range []int{1, 2, 3, 4, 5, 7, 64} {
				for _, kind := range []string{"squared", "root", "masked"} {
					p := randomProblem(r, size[0], size[1], d)
					p.root, p.mask = kind == "root", kind == "masked"
					if p.mask && size[1] == 1 {
						continue // the only pair of row 0
					}
					name := fmt.Sprintf("%s n=%d m=%d d=%d", kind, size[0], size[1], d)
					checkAgainstDefinition[float32](t, name, p)
					checkAgainstDefinition[float64](t, name, p)
				}
			}
		}
	})
}

func checkAgainstDefinition[T Float](t *testing.T, name string, p problem) {
	t.Helper()
	logSum, mean := solve[T](p, 1)
	wantLogSum, wantMean, size := naive[T](p)
	if p.mask && slices.Contains(wantLogSum, math.Inf(-1)) {
		return // a row without a partner
	}
	// A score is a sum of d + 2 numbers, none larger than size; weights are off by as much relatively.
	tolerance := unit[T]() * (float64(p.d) + 4) * (size + 100)
	if e := furthest(logSum, wantLogSum); !(e <= tolerance) {
		t.Errorf("%s %T: logSum off by %.3g, want %.3g", name, T(0), e, tolerance)
	}
	if e := furthest(mean, wantMean); !(e <= 10*tolerance) {
		t.Errorf("%s %T: mean off by %.3g, want %.3g", name, T(0), e, 10*tolerance)
	}
}

// AVX2 and AVX-512 give the same bytes, and so does any number of workers.
func TestSameBytes(t *testing.T) {
	defer Use(Names()[0])
	r := rand.New(rand.NewPCG(2, 1))
	for _, size := range append(sizes, [2]int{300, 500}) {
		for _, d := range []int{1, 2, 3, 4, 5, 64} {
			for _, root := range []bool{false, true} {
				p := randomProblem(r, size[0], size[1], d)
				p.root = root
				checkSameBytes[float32](t, p)
				checkSameBytes[float64](t, p)
			}
		}
	}
}

func checkSameBytes[T Float](t *testing.T, p problem) {
	t.Helper()
	for _, name := range Names() {
		if err := Use(name); err != nil {
			t.Fatal(err)
		}
		logSum, mean := solve[T](p, 1)
		others, which := [][2][]float64{}, []string{}
		for _, workers := range []int{2, 5} {
			l, m := solve[T](p, workers)
			others, which = append(others, [2][]float64{l, m}), append(which, fmt.Sprint(workers, " workers"))
		}
		if name != "Go" {
			if err := Use("AVX2"); err != nil {
				t.Fatal(err)
			}
			l, m := solve[T](p, 1)
			others, which = append(others, [2][]float64{l, m}), append(which, "AVX2")
		}
		for k, o := range others {
			if !slices.Equal(o[0], logSum) || !slices.Equal(o[1], mean) {
				t.Errorf("%s, n = %d, m = %d, d = %d, %T: other bytes with %s", name, p.n(), len(p.h), p.d, T(0), which[k])
			}
		}
	}
}

// Small problems by scalings: the same bytes with AVX2 as with AVX-512, and nearly so with plain Go.
func TestScalingKernels(t *testing.T) {
	defer Use(Names()[0])
	r := rand.New(rand.NewPCG(7, 1))
	for _, size := range [][3]int{{1, 1, 1}, {5, 7, 2}, {64, 64, 64}, {30, 100, 5}} {
		n, m, d := size[0], size[1], size[2]
		x, y := make([]float32, n*d), make([]float32, m*d)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		for i := range y {
			y[i] = float32(r.NormFloat64())
		}
		results := map[string][]float32{}
		for _, name := range Names() {
			if err := Use(name); err != nil {
				t.Fatal(err)
			}
			results[name] = make([]float32, n*d)
			if err := NewScaling[float32](n, m, d).Project(results[name], x, y, 1.5/math.Sqrt(float64(d)), 5); err != nil {
				t.Fatal(err)
			}
		}
		for name, got := range results {
			if vectors := name != "Go"; vectors && !slices.Equal(got, results["AVX2"]) {
				t.Errorf("%v: other bytes with %s than with AVX2", size, name)
			}
			for i, want := range results["Go"] {
				if e := math.Abs(float64(got[i] - want)); !(e <= 1e-5) {
					t.Fatalf("%v: %s is off from plain Go by %v, want at most 1e-5", size, name, e)
				}
			}
		}
	}
}

// The power of two alone: one pair at distance 0, its score anywhere in the range.
func TestExp2(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		checkExp2[float32](t, -100, 4e-7)
		checkExp2[float64](t, -100, 5e-16)
	})
}

func checkExp2[T Float](t *testing.T, lowest, bound float64) {
	k, w := kernelsOf[T](), lanes[T]()
	h, zero := make([]T, w), make([]T, w)
	for j := range h {
		h[j] = T(math.Inf(-1))
	}
	r := rand.New(rand.NewPCG(3, 1))
	worst, at := 0.0, 0.0
	for i := range 200_000 {
		v := T(lowest + (120-lowest)*r.Float64())
		switch i % 4 {
		case 0:
			v = T(r.Float64() - 0.5)
		case 1:
			v = T(math.Round(float64(v)*2) / 2) // ties of the rounding
		}
		lane := i % w
		h[lane] = v
		sum := []float64{0}
		k.sum[1](zero[:1], zero, h, zero[:1], sum)
		h[lane] = T(math.Inf(-1))
		if e := math.Abs(sum[0]/math.Exp2(float64(v)) - 1); e > worst {
			worst, at = e, float64(v)
		}
	}
	if worst > bound {
		t.Errorf("%T: relative error %.3g at %v, want at most %.3g", T(0), worst, at, bound)
	}
	h[0] = 0
	sum := []float64{0}
	if k.sum[1](zero[:1], zero, h, zero[:1], sum); sum[0] != 1 {
		t.Errorf("%T: 2^0 = %v, want 1", T(0), sum[0])
	}
	t.Logf("%T: largest relative error %.3g", T(0), worst)
}

// The logarithm that ends every sum: exact at powers of two, and what it is for numbers that have none.
func TestLog2(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	for range 200_000 {
		v := math.Exp2(2000*r.Float64() - 1000)
		if r.IntN(2) == 0 {
			v = 1 + 0.01*(r.Float64()-0.5)
		}
		if got, want := Log2(v), math.Log2(v); !(math.Abs(got-want) <= 5e-16*max(1, math.Abs(want))) {
			t.Fatalf("log2 %v = %v, want %v", v, got, want)
		}
	}
	for n := -1074; n <= 1023; n++ {
		if got := Log2(math.Ldexp(1, n)); got != float64(n) {
			t.Errorf("log2 2^%d = %v, want %d", n, got, n)
		}
	}
	for v, want := range map[float64]float64{0: math.Inf(-1), math.Inf(1): math.Inf(1)} {
		if got := Log2(v); got != want {
			t.Errorf("log2 %v = %v, want %v", v, got, want)
		}
	}
	for _, v := range []float64{-1, math.Inf(-1), math.NaN()} {
		if got := Log2(v); !math.IsNaN(got) {
			t.Errorf("log2 %v = %v, want NaN", v, got)
		}
	}
}

// The last result serves as reference while h moves a little; when it jumps, the largest score does.
func TestReferences(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(4, 1))
		for _, d := range []int{2, 6} {
			p := randomProblem(r, 37, 83, d)
			team := NewTeam(nil, 1)
			s := New[float64](p.x, p.y, d, false, false, team)
			s.Scale(1)
			got := make([]float64, p.n())
			for _, jump := range []float64{0, 0.1, 30, 60, 1e4, -1e4, 39, 0} {
				for j := range p.h {
					p.h[j] += jump * (1 + 0.1*r.Float64())
				}
				s.SetScores(p.h)
				s.LogSum(got)
				want, _, size := naive[float64](p)
				if e, most := furthest(got, want), 1e-14*(size+1e4); !(e <= most) {
					t.Errorf("d = %d: after a jump by %v: off by %v, want at most %v", d, jump, e, most)
				}
			}
			team.Close()
		}
	})
}

// A million terms keep six digits, in float32 too.
func TestManyTerms(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		const m = 1_000_000
		r := rand.New(rand.NewPCG(5, 1))
		p := problem{x: []float64{0, 0}, y: make([]float64, 2*m), h: make([]float64, m), d: 2}
		for j := range p.y {
			p.y[j] = 0.5 * r.NormFloat64()
		}
		got, _ := solve[float32](p, 1)
		want, _, _ := naive[float32](p)
		if e := math.Abs(math.Exp2(got[0]-want[0]) - 1); e > 5e-7 {
			t.Errorf("relative error %.3g, want at most 5e-7", e)
		}
	})
}

// Whatever the numbers, subnormal, huge or −Inf: vector kernels and plain Go agree.
func TestExtremes(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for range 300 {
		p := randomProblem(r, 1+r.IntN(40), 1+r.IntN(70), 1+r.IntN(6))
		scale := math.Pow(10, 8*r.Float64()-4)
		if r.IntN(5) == 0 {
			scale = 1e-310
		}
		for i := range p.x {
			p.x[i] *= scale
		}
		for i := range p.y {
			p.y[i] *= scale
		}
		for j := range p.h {
			p.h[j] *= math.Pow(10, 6*r.Float64()-3)
		}
		compareWithGo(t, p)
	}
}

// compareWithGo holds every set of kernels against plain Go.
func compareWithGo(t *testing.T, p problem) {
	t.Helper()
	defer Use(Names()[0])
	_, _, size := naive[float64](p)
	for _, v := range p.h {
		if !math.IsInf(v, 0) {
			size = max(size, math.Abs(v))
		}
	}
	for _, name := range Names() {
		if err := Use("Go"); err != nil {
			t.Fatal(err)
		}
		single, _ := solve[float32](p, 1)
		double, _ := solve[float64](p, 1)
		if err := Use(name); err != nil {
			t.Fatal(err)
		}
		gotSingle, meanSingle := solve[float32](p, 1)
		gotDouble, meanDouble := solve[float64](p, 1)
		steps := float64(p.d) + 6
		if e, most := furthest(gotSingle, single), unit[float32]()*steps*(size+1); !(e <= most) {
			t.Errorf("%s, float32, n = %d, m = %d, d = %d, size %g: off by %g, want at most %g",
				name, p.n(), len(p.h), p.d, size, e, most)
		}
		if e, most := furthest(gotDouble, double), unit[float64]()*steps*(size+16); !(e <= most) {
			t.Errorf("%s, float64, n = %d, m = %d, d = %d, size %g: off by %g, want at most %g",
				name, p.n(), len(p.h), p.d, size, e, most)
		}
		for k, v := range append(meanSingle, meanDouble...) { // between the targets
			low, high := slices.Min(p.y), slices.Max(p.y)
			if rounding := 1e-6*max(-low, high) + 1e-40; !(v <= high+rounding && v >= low-rounding) {
				t.Errorf("%s, n = %d, m = %d, d = %d, size %g: mean %d is %g, want it between the targets, %g to %g",
					name, p.n(), len(p.h), p.d, size, k, v, low, high)
			}
		}
	}
}

func FuzzAgainstGo(f *testing.F) {
	f.Add(uint8(2), uint8(3), []byte("0123456789abcdef0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, dim, rows uint8, data []byte) {
		if p, ok := problemOf(dim, rows, data); ok {
			compareWithGo(t, p)
		}
	})
}

// problemOf makes a problem of any bytes that are enough for one.
func problemOf(dim, rows uint8, data []byte) (p problem, ok bool) {
	d, n := int(dim%6)+1, int(rows%40)+1
	values := make([]float64, len(data)/4)
	for i := range values {
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		if !(math.Abs(v) <= 1e15) {
			v = float64(i)
		}
		values[i] = v
	}
	m := min((len(values)-n*d)/(d+1), 200)
	if m < 1 {
		return p, false
	}
	return problem{x: values[:n*d], y: values[n*d : (n+m)*d], h: values[(n+m)*d : (n+m)*d+m], d: d}, true
}

func TestIterationsAllocateNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for _, d := range []int{2, 7} {
		p := randomProblem(r, 300, 400, d)
		team := NewTeam(nil, 2)
		s := New[float32](p.x, p.y, d, false, false, team)
		s.Scale(1)
		out := make([]float64, p.n())
		if allocations := testing.AllocsPerRun(20, func() {
			s.SetScores(p.h)
			s.LogSum(out)
		}); allocations > 0 {
			t.Errorf("d = %d: %v allocations, want none", d, allocations)
		}
		team.Close()
	}
}

func TestUseNamesWhatThereIs(t *testing.T) {
	if err := Use("AVX-1024"); err == nil {
		t.Error("kernels that there are none of: no error")
	}
}
