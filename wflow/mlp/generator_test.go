package mlp

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/safetensors"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// weights returns normal weights, scaled by 1/√in, for every tensor of the network.
func weights(n Network) map[string][]float32 {
	w := map[string][]float32{}
	for _, t := range n.Tensors() {
		size := 1
		for _, d := range t.Shape {
			size *= d
		}
		s := stream.New(7, t.Name)
		w[t.Name] = make([]float32, size)
		for i := range w[t.Name] {
			w[t.Name][i] = float32(s.Normal(uint64(i)) / math.Sqrt(float64(t.Shape[0])))
		}
	}
	return w
}

func generator(t testing.TB, n Network) *Generator {
	t.Helper()
	g, err := New(n, weights(n))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var (
	plain   = Network{Noise: 3, Out: 2, Width: 5, Depth: 2}
	guided  = Network{Noise: 3, Out: 2, Width: 5, Depth: 2, Classes: 4, Guided: true}
	perturb = Network{Noise: 2, Out: 2, Width: 7, Depth: 3, Residual: true}
)

// reference is the formula of Network written down once more, one sample at a time with math.Exp.
func reference(n Network, w map[string][]float32, z []float64, class int, alpha float64) []float64 {
	smooth := func(x float64) float64 { return x / (1 + math.Exp(-x)) }
	h := z
	for l := range n.Depth + 1 {
		weight, bias := Layer(l)
		b := w[bias]
		next := make([]float64, len(b))
		for j := range b {
			next[j] = float64(b[j])
			for i, v := range h {
				next[j] += v * float64(w[weight][i*len(b)+j])
			}
			if l == n.Depth {
				if n.Residual {
					next[j] += z[j]
				}
				continue
			}
			gamma, beta := 0.0, 0.0
			if n.Classes > 0 {
				for i := range n.Width {
					c := float64(w["class"][class*n.Width+i])
					if n.Guided {
						c += (alpha - 1) * float64(w["guidance"][i])
					}
					gamma += smooth(c) * float64(w[Film(l)][i*2*n.Width+j])
					beta += smooth(c) * float64(w[Film(l)][i*2*n.Width+n.Width+j])
				}
			}
			next[j] = smooth(next[j]*(1+gamma) + beta)
		}
		h = next
	}
	return h
}

// TestFormula: Generate is the formula, for every kind of network and for numbers of rows that leave a block half full.
func TestFormula(t *testing.T) {
	for _, n := range []Network{plain, guided, perturb} {
		for _, rows := range []int{1, 8, 13} {
			g := generator(t, n)
			class, alpha := 0, 1.0
			if n.Classes > 0 {
				var err error
				class, alpha = 2, 1.7
				if g, err = g.Condition(class, alpha); err != nil {
					t.Fatal(err)
				}
			}
			z := stream.New(1, "noise").Normals(0, rows, n.Noise)
			x, err := g.Generate(z)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				for j, want := range reference(n, weights(n), z.RawRowView(i), class, alpha) {
					if math.Abs(x.At(i, j)-want) > 1e-14 { // a few dozen roundings of numbers near 1
						t.Errorf("%+v row %d axis %d: %v, want %v", n, i, j, x.At(i, j), want)
					}
				}
			}
		}
	}
}

// TestResidualStart: with a zero last layer the residual generator is the identity.
func TestResidualStart(t *testing.T) {
	w := weights(perturb)
	clear(w["layer3.weight"])
	clear(w["layer3.bias"])
	g, err := New(perturb, w)
	if err != nil {
		t.Fatal(err)
	}
	z := stream.New(1, "noise").Normals(0, 5, 2)
	x, err := g.Generate(z)
	if err != nil || !mat.Equal(x, z) {
		t.Errorf("f(z) is %v (error %v), want z", x, err)
	}
}

// TestSameBytes: the output hashes to one value on every platform, and does not depend on the number of processors or
// on the other rows.
func TestSameBytes(t *testing.T) {
	g, err := generator(t, guided).Condition(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	z := stream.New(3, "noise").Normals(0, 101, 3)
	hash := func() uint64 {
		x, err := g.Generate(z)
		if err != nil {
			t.Fatal(err)
		}
		h := fnv.New64a()
		if err := binary.Write(h, binary.LittleEndian, x.RawMatrix().Data); err != nil {
			t.Fatal(err)
		}
		return h.Sum64()
	}
	const want = 0x78035dc4ba8a88c3
	if got := hash(); got != want {
		t.Errorf("the samples hash to %#x, want %#x", got, uint64(want))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := hash(); got != want {
		t.Errorf("on one processor the samples hash to %#x, want %#x", got, uint64(want))
	}
	all, err := g.Generate(z)
	if err != nil {
		t.Fatal(err)
	}
	few, err := g.Generate(z.Slice(37, 40, 0, 3).(*mat.Dense))
	if err != nil || !mat.Equal(few, all.Slice(37, 40, 0, 2)) {
		t.Errorf("rows 37 to 39 alone give %v (error %v), want %v", few, err, all.Slice(37, 40, 0, 2))
	}
}

func TestExp(t *testing.T) {
	for i := range 200001 {
		x := float64(i-100000) / 100000 * 699
		if got, want := exp(x), math.Exp(x); math.Abs(got/want-1) > 6e-16 { // ours 4e-16, math.Exp 2e-16
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
	}
	for _, x := range []float64{-1e308, 1e308, math.Inf(1), math.Inf(-1)} {
		if v := silu(x); math.IsNaN(v) {
			t.Errorf("silu(%v) is NaN, want a number", x)
		}
	}
}

func TestErrors(t *testing.T) {
	g, plain3 := generator(t, guided), generator(t, plain)
	z := mat.NewDense(2, 3, []float64{0, 0, 0, 1, math.NaN(), 0})
	_, errClass := g.Condition(4, 1)
	_, errScale := g.Condition(0, -1)
	_, errPlain := plain3.Condition(0, 1)
	_, errNone := g.Generate(z)
	_, errNaN := plain3.Generate(z)
	_, errDim := plain3.Generate(mat.NewDense(2, 2, nil))
	short := weights(plain)
	short["layer1.bias"] = short["layer1.bias"][:3]
	_, errShort := New(plain, short)
	bad := weights(plain)
	bad["layer2.weight"][3] = float32(math.Inf(1))
	_, errInf := New(plain, bad)
	missing := weights(guided)
	delete(missing, "film1.weight")
	_, errMissing := New(guided, missing)
	for _, c := range []struct {
		err  error
		want string
	}{
		{errClass, "class 4"}, {errScale, "scale -1"}, {errPlain, "0 classes"}, {errNone, "Condition"},
		{errNaN, "row 1 holds NaN"}, {errDim, "dimension 2, want 3"}, {errShort, `"layer1.bias": 3 numbers, want shape [5]`},
		{errInf, `"layer2.weight": number 3 is +Inf`}, {errMissing, `"film1.weight" is missing`},
		{Network{Noise: 2, Out: 3, Width: 1, Depth: 1, Residual: true}.Check(), "Residual"},
		{Network{Noise: 2, Out: 2, Width: 1, Depth: 0}.Check(), "Depth is 0"},
		{Network{Noise: 2, Out: 2, Width: 1, Depth: 1, Guided: true}.Check(), "Guided"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", c.err, c.want)
		}
	}
}

// TestFile: what is written is read again, a checkpoint with more in it too; a foreign shape and a torn file are errors.
func TestFile(t *testing.T) {
	for _, n := range []Network{plain, guided, perturb} {
		path := filepath.Join(t.TempDir(), "generator.safetensors")
		g := generator(t, n)
		if err := g.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		again, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if again.Network != n {
			t.Errorf("network %+v, want %+v", again.Network, n)
		}
		for name, w := range g.weights {
			for i := range w {
				if again.weights[name][i] != w[i] {
					t.Fatalf("tensor %s number %d is read as %v, want %v", name, i, again.weights[name][i], w[i])
				}
			}
		}
		f := again.File()
		f.Tensors["moments/layer0.bias"] = safetensors.Tensor{Shape: []int{1}, Data: []float32{1}}
		f.Meta["step"] = "3"
		if _, err := FromFile(f); err != nil {
			t.Errorf("a file with more in it: error %v, want none", err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data[:len(data)-1], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("torn file: error %v, want one with the path %s", err, path)
		}
	}
	foreign := generator(t, plain).File()
	foreign.Tensors["layer1.weight"] = safetensors.Tensor{Shape: []int{5, 4}, Data: make([]float32, 20)}
	if _, err := FromFile(foreign); err == nil || !strings.Contains(err.Error(), `"layer1.weight": shape [5 4], want [5 5]`) {
		t.Errorf("foreign shape: error %v, want one with the tensor and both shapes", err)
	}
	for _, text := range []string{`{"noise":3,"out":2,"width":5,"depth":1000000000}`, `{"noise":3,"heads":2}`, `3`} {
		odd := generator(t, plain).File()
		odd.Meta[metaKey] = text
		if _, err := FromFile(odd); err == nil {
			t.Errorf("network %s is accepted, want an error", text)
		}
	}
}

// FuzzFromFile: no file makes the reader panic, and what it accepts generates.
func FuzzFromFile(f *testing.F) {
	for _, n := range []Network{plain, guided} {
		g, err := New(n, weights(n))
		if err != nil {
			f.Fatal(err)
		}
		data, err := g.File().Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := safetensors.Decode(data)
		if err != nil {
			return
		}
		g, err := FromFile(file)
		if err != nil {
			return
		}
		if g.Network.Classes > 0 {
			if g, err = g.Condition(0, 1); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := g.Generate(mat.NewDense(1, g.Network.Noise, nil)); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkGenerate runs the generator of the plane's recipe.
func BenchmarkGenerate(b *testing.B) {
	g := generator(b, Network{Noise: 2, Out: 2, Width: 256, Depth: 4})
	z := stream.New(1, "noise").Normals(0, 2000, 2)
	for b.Loop() {
		if _, err := g.Generate(z); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2000*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
}
