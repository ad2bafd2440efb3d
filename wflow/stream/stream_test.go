package stream

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPhilox holds the cipher to the authors' known answers (kat_vectors of the Random123 library, philox2x64 10).
func TestPhilox(t *testing.T) {
	for _, k := range []struct{ a, b, key, first, second uint64 }{
		{0, 0, 0, 0xca00a0459843d731, 0x66c24222c9a845b5},
		{1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 0x65b021d60cd8310f, 0x4d02f3222f86df20},
		{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x0a5e742c2997341c, 0xb0f883d38000de5d},
	} {
		if a, b := philox(k.a, k.b, k.key); a != k.first || b != k.second {
			t.Errorf("philox(%x, %x, key %x) = %x, %x, want %x, %x", k.a, k.b, k.key, a, b, k.first, k.second)
		}
	}
}

// TestBytes hashes everything a stream can draw. The same hash must come on every platform; the test of package toy
// runs this one under js/wasm.
func TestBytes(t *testing.T) {
	const want = "0b4c89407f1849106bbc3922bbd8e06f73ce295fd0723809bdde598ab0891a9d"
	h := sha256.New()
	write := func(v any) { binary.Write(h, binary.LittleEndian, v) }
	for _, s := range []Stream{New(0, ""), New(1, "noise"), New(math.MaxUint64, "Rauschen ½")} {
		for i := range uint64(1000) {
			write(s.Uint64(i))
			write(s.Uniform(i))
			write(int64(s.Intn(i, 10)))
			write(s.Sub(i).Uint64(math.MaxUint64 - i))
		}
		for _, k := range s.Perm(3, 500) {
			write(int64(k))
		}
		write(s.Normals(7, 50_000, 2).RawMatrix().Data)
	}
	for p := 0.5; p >= 0x1p-65; p *= 0.99 { // every branch, out to the last p
		write(upper(p))
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("SHA-256 of the streams is %s, want %s", got, want)
	}
}

// TestNormalIsTheQuantile checks |x| against its tail probability in 400-bit arithmetic: the error of x is
// (1 − Φ(x) − p)/φ(x) up to its own square.
func TestNormalIsTheQuantile(t *testing.T) {
	points := []float64{0.5, math.Nextafter(0.5, 0), 0x1p-65, 0.075, math.Nextafter(0.075, 0), math.Exp(-25), math.Exp(-25) * (1 - 1e-15)}
	s := New(1, "tail probabilities")
	for i := range uint64(1500) {
		points = append(points, s.Uniform(2*i)/2, math.Exp2(-1-64*s.Uniform(2*i+1)))
	}
	worst := 0.0
	for _, p := range points {
		x := upper(p)
		if p == 0.5 {
			if x != 0 {
				t.Errorf("upper(½) = %v, want 0", x)
			}
			continue
		}
		tail, density := normalTail(x)
		miss, _ := tail.Sub(tail, newBig(p)).Float64()
		err := math.Abs(miss / density / x)
		if err > 8e-16 {
			t.Errorf("p = %v: x = %v is off by %.2g of itself, want 8e-16 at most", p, x, err)
		}
		worst = max(worst, err)
	}
	t.Logf("worst relative error of %d: %.2g", len(points), worst)
}

func newBig(x float64) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(x) }

// normalTail returns 1 − Φ(x) and φ(x) for x ≥ 0, from the series of positive terms Φ(x) − ½ = φ(x)·Σ x^(2k+1)/(2k+1)!!
func normalTail(x float64) (tail *big.Float, density float64) {
	series := func(term, factor *big.Float, step, first int64) *big.Float { // term·(1 + factor/first·(1 + factor/(first+step)·(…)))
		sum := newBig(0)
		for k := first; term.Sign() != 0 && term.MantExp(nil) > -400; k += step {
			sum.Add(sum, term)
			term.Quo(term.Mul(term, factor), newBig(float64(k)))
		}
		return sum
	}
	square := newBig(x)
	square.Mul(square, square)
	odd := series(newBig(x), square, 2, 3)
	exp := series(newBig(1), new(big.Float).Quo(square, newBig(2)), 1, 1)
	pi, _ := newBig(0).SetString("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651")
	phi := new(big.Float).Quo(newBig(1), exp.Mul(exp, new(big.Float).Sqrt(pi.Mul(pi, newBig(2)))))
	density, _ = phi.Float64()
	return newBig(0.5).Sub(newBig(0.5), odd.Mul(odd, phi)), density
}

func TestMoments(t *testing.T) {
	const n = 1_000_000
	for _, seed := range []uint64{0, 1, 1 << 63} {
		s := New(seed, "moments")
		var normal, uniform [5]float64
		for i := range uint64(n) {
			x, u := s.Normal(i), s.Uniform(i)-0.5
			xk, uk := 1.0/n, 1.0/n
			for k := range normal {
				normal[k] += xk
				uniform[k] += uk
				xk, uk = xk*x, uk*u
			}
		}
		for k, want := range map[int][2]float64{ // expectation and variance of the power
			1: {0, 1}, 2: {1, 2}, 3: {0, 15}, 4: {3, 96},
		} {
			if got, sd := normal[k], math.Sqrt(want[1]/n); math.Abs(got-want[0]) > 4*sd {
				t.Errorf("seed %d: mean of x^%d = %v, want %v ± %.2g", seed, k, got, want[0], sd)
			}
		}
		for k, want := range map[int][2]float64{1: {0, 1. / 12}, 2: {1. / 12, 1. / 180}, 3: {0, 1. / 448}, 4: {1. / 80, 1. / 3600}} {
			if got, sd := uniform[k], math.Sqrt(want[1]/n); math.Abs(got-want[0]) > 4*sd {
				t.Errorf("seed %d: mean of (u−½)^%d = %v, want %v ± %.2g", seed, k, got, want[0], sd)
			}
		}
	}
}

// TestKolmogorovSmirnov: √n·sup|F_n − F| exceeds 1.63 once in a hundred.
func TestKolmogorovSmirnov(t *testing.T) {
	const n = 300_000
	for seed := range uint64(4) {
		s := New(seed, "ks")
		for name, law := range map[string]struct {
			draw func(uint64) float64
			cdf  func(float64) float64
		}{
			"normal":  {s.Normal, func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }},
			"uniform": {s.Uniform, func(x float64) float64 { return x }},
		} {
			x := make([]float64, n)
			for i := range x {
				x[i] = law.draw(uint64(i))
			}
			slices.Sort(x)
			sup := 0.0
			for i, v := range x {
				f := law.cdf(v)
				sup = max(sup, f-float64(i)/n, float64(i+1)/n-f)
			}
			if sup *= math.Sqrt(n); sup > 1.63 {
				t.Errorf("seed %d: %s: √n·D = %.2f, want 1.63 at most", seed, name, sup)
			}
		}
	}
}

func TestTails(t *testing.T) {
	const n = 8_000_000
	s := New(5, "tails")
	var above, below [6]float64
	for i := range uint64(n) {
		x := s.Normal(i)
		for k := 3; k < 6; k++ {
			if x > float64(k) {
				above[k]++
			} else if x < -float64(k) {
				below[k]++
			}
		}
	}
	for k := 3; k < 6; k++ {
		want := n * math.Erfc(float64(k)/math.Sqrt2) / 2
		for side, got := range map[string]float64{"above": above[k], "below": below[k]} {
			if math.Abs(got-want) > 4*math.Sqrt(want) {
				t.Errorf("%v of %d normals are %s %dσ, want %.1f", got, n, side, k, want)
			}
		}
	}
}

// TestAvalanche flips one bit of index, seed or name: half of the word's bits must change, whichever they are.
func TestAvalanche(t *testing.T) {
	const n = 2000
	base := New(9, "avalanche")
	for input, flip := range map[string]func(i, bit uint64) uint64{
		"index": func(i, bit uint64) uint64 { return base.Uint64(i ^ bit) },
		"seed":  func(i, bit uint64) uint64 { return Stream{base.seed ^ bit, base.name}.Uint64(i) },
		"name":  func(i, bit uint64) uint64 { return Stream{base.seed, base.name ^ bit}.Uint64(i) },
	} {
		for bit := range 64 {
			var flipped [64]int
			for i := range uint64(n) {
				d := base.Uint64(i) ^ flip(i, 1<<bit)
				for ; d != 0; d &= d - 1 {
					flipped[bits.TrailingZeros64(d)]++
				}
			}
			for k, f := range flipped { // 12,288 counts: 5.5 standard deviations are reached once in 2,000 runs
				if math.Abs(float64(f)-n/2) > 5.5*math.Sqrt(n)/2 {
					t.Errorf("bit %d of the %s flips bit %d of the word %d times in %d, want half of them ± %.0f", bit, input, k, f, n, 5.5*math.Sqrt(n)/2)
				}
			}
		}
	}
}

// TestIndependence correlates neighbours: in index, seed and name; of the numbers and of their squares.
func TestIndependence(t *testing.T) {
	const n = 500_000
	s := New(4, "a")
	first := func(i uint64) float64 { return s.Sub(i).Normal(0) } // of the i-th sub-stream
	for name, pair := range map[string][2]func(uint64) float64{
		"next index":      {s.Normal, func(i uint64) float64 { return s.Normal(i + 1) }},
		"next seed":       {s.Normal, New(5, "a").Normal},
		"next name":       {s.Normal, New(4, "b").Normal},
		"far index":       {s.Normal, func(i uint64) float64 { return s.Normal(i + 1<<32) }},
		"sub-stream":      {s.Normal, first},
		"next sub-stream": {first, func(i uint64) float64 { return first(i + 1) }},
		"in a sub-stream": {first, func(i uint64) float64 { return s.Sub(i).Normal(1) }},
	} {
		var plain, squared float64
		for i := range uint64(n) {
			x, y := pair[0](i), pair[1](i)
			plain += x * y / math.Sqrt(n)
			squared += (x*x - 1) * (y*y - 1) / 2 / math.Sqrt(n)
		}
		if math.Abs(plain) > 4 || math.Abs(squared) > 4 {
			t.Errorf("%s: correlation %.1f, of squares %.1f standard deviations, want 4 at most", name, plain, squared)
		}
	}
}

func TestIntnAndPermAreUniform(t *testing.T) {
	const n = 120_000
	s := New(3, "dice")
	digits, orders := map[int]float64{}, map[[5]int]float64{}
	for i := range uint64(n) {
		digits[s.Intn(i, 7)]++
		orders[[5]int(s.Perm(i, 5))]++
	}
	chiSquare(t, "Intn of 7", digits, 7, n)
	chiSquare(t, "Perm of 5", orders, 120, n)
}

func chiSquare[K comparable](t *testing.T, name string, count map[K]float64, cells int, n float64) {
	want, chi := n/float64(cells), 0.0
	for _, c := range count {
		chi += (c - want) * (c - want) / want
	}
	k := float64(cells - 1)
	if len(count) != cells || math.Abs(chi-k) > 4*math.Sqrt(2*k) {
		t.Errorf("%s: %d cells, want %d; χ² = %.1f, want %v ± %.1f", name, len(count), cells, chi, k, math.Sqrt(2*k))
	}
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rapid.Uint64().Draw(t, "seed"), rapid.String().Draw(t, "name"))
		first, n, d := rapid.IntRange(0, 1<<40).Draw(t, "first"), rapid.IntRange(2, 9).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "d")
		batch := s.Normals(first, n, d)
		cut := rapid.IntRange(1, n-1).Draw(t, "cut")
		rest := s.Normals(first+cut, n-cut, d)
		for k := range n - cut {
			if !slices.Equal(batch.RawRowView(cut+k), rest.RawRowView(k)) {
				t.Fatalf("sample %d is %v in a batch of its own, want %v as in the whole", first+cut+k, rest.RawRowView(k), batch.RawRowView(cut+k))
			}
		}
		i, sides := rapid.Uint64().Draw(t, "i"), rapid.IntRange(1, math.MaxInt).Draw(t, "sides")
		if k := s.Intn(i, sides); k < 0 || k >= sides {
			t.Fatalf("Intn(%d, %d) = %d, want 0 to n−1", i, sides, k)
		}
		if u := s.Uniform(i); u < 0 || u >= 1 {
			t.Fatalf("Uniform(%d) = %v, want [0, 1)", i, u)
		}
		if x := s.Normal(i); !(math.Abs(x) < 9.3) {
			t.Fatalf("Normal(%d) = %v, want less than 9.3 in size", i, x)
		}
		p := s.Perm(i, n)
		slices.Sort(p)
		for k := range p {
			if p[k] != k {
				t.Fatalf("sorted Perm(%d, %d) = %v, want 0 to n−1", i, n, p)
			}
		}
	})
}

func TestMisusePanics(t *testing.T) {
	s := New(0, "")
	for name, f := range map[string]func(){
		"Intn of 0":      func() { s.Intn(0, 0) },
		"negative first": func() { s.Normals(-1, 2, 2) },
		"no rows":        func() { s.Normals(0, 0, 2) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic, want a panic", name)
				}
			}()
			f()
		}()
	}
}
