package golden

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
)

// formulas is what f0_formulas.json says of a name: its first numbers of every kind.
type formulas struct {
	Hash              string    `json:"fnv1a64"`
	Mixed             []string  `json:"z"`
	Uniform           []float64 `json:"u"`
	Normal            []float64 `json:"gauss"`
	Integers          []int     `json:"randint10"`
	Bias, Norm, Table []float64
	Var               []float64
	Matrix            []float64 `json:"matrix_2x2"`
	Kernel            []float64 `json:"conv_1x4x3x3_first4"`
}

type picture struct {
	H, W, Sum  int
	SHA256     string `json:"sha256_hwc"`
	FirstBytes []int  `json:"row0_first6_rgb"`
	LastBytes  []int  `json:"row17_last2_rgb"`
}

func TestGoldenFormulas(t *testing.T) {
	var file map[string]json.RawMessage
	if err := Read("f0_formulas.json", &file); err != nil {
		t.Fatal(err)
	}
	names, pictures, indices := 0, 0, 0
	for name, text := range file {
		switch name {
		case "sample_index":
			checkSamples(t, text)
			indices++
		case "image/test":
			checkPicture(t, name, text)
			pictures++
		default:
			checkFormulas(t, name, text)
			names++
		}
	}
	if names != 3 || pictures != 1 || indices != 1 {
		t.Errorf("%d names, %d pictures and %d lists of samples, want 3, 1 and 1", names, pictures, indices)
	}
}

func checkFormulas(t *testing.T, name string, text []byte) {
	t.Helper()
	var f formulas
	if err := Decode(text, &f); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if got := fmt.Sprintf("0x%016x", Hash(name)); got != f.Hash {
		t.Errorf("%s: hash %s, want %s", name, got, f.Hash)
	}
	for i, want := range f.Mixed {
		if got := fmt.Sprintf("0x%016x", Mix(Hash(name)+uint64(i))); got != want {
			t.Errorf("%s: z[%d] = %s, want %s", name, i, got, want)
		}
	}
	for i, want := range f.Integers {
		if got := Integer(name, uint64(i), 10); got != want {
			t.Errorf("%s: integer %d is %d, want %d", name, i, got, want)
		}
	}
	near := func(kind string, got []float64, want []float64) {
		for i := range want {
			if !(math.Abs(got[i]-want[i]) <= 1e-15*math.Max(1, math.Abs(want[i]))) {
				t.Errorf("%s: %s %d is %v, want %v", name, kind, i, got[i], want[i])
			}
		}
		if len(want) != 4 {
			t.Errorf("%s: %d numbers of %s", name, len(want), kind)
		}
	}
	uniforms := make([]float64, 4)
	for i := range uniforms {
		uniforms[i] = Uniform(name, uint64(i))
	}
	near("uniform", uniforms, f.Uniform)
	near("normal", Normals(name, 4), f.Normal)
	for _, w := range []struct {
		kind  string
		shape []int
		want  []float64
	}{
		{"bias", []int{4}, f.Bias}, {"norm", []int{4}, f.Norm}, {"table", []int{4}, f.Table}, {"var", []int{4}, f.Var},
		{"matrix", []int{2, 2}, f.Matrix}, {"matrix", []int{1, 4, 3, 3}, f.Kernel},
	} {
		got, err := Weight(name, w.kind, w.shape, 1)
		if err != nil {
			t.Fatal(err)
		}
		near(w.kind, got, w.want)
	}
	if _, err := Weight(name, "matrices", []int{2}, 1); err == nil {
		t.Error("a kind that there is not: no error")
	}
}

func checkPicture(t *testing.T, name string, text []byte) {
	t.Helper()
	var p picture
	if err := Decode(text, &p); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got, sum := Image(name, p.H, p.W), 0
	for _, v := range got {
		sum += int(v)
	}
	hash := sha256.Sum256(got)
	if s := hex.EncodeToString(hash[:]); s != p.SHA256 || sum != p.Sum {
		t.Errorf("%s: SHA-256 %s and sum %d, want %s and %d; begins %v, want %v", name, s, sum, p.SHA256, p.Sum, got[:6], p.FirstBytes)
	}
}

func checkSamples(t *testing.T, text []byte) {
	t.Helper()
	var want map[string][]int
	if err := Decode(text, &want); err != nil {
		t.Fatal(err)
	}
	for name, indices := range want {
		var n int
		if _, err := fmt.Sscanf(name, "n=%d", &n); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		recorded := Tensor{Shape: []int{n}, Samples: make([]float64, 64)}
		var got []int
		for k := range indices {
			got = append(got, recorded.Sample(k))
		}
		if !slices.Equal(got, indices) {
			t.Errorf("%s: samples %v, want %v", name, got, indices)
		}
	}
}

// What is recorded of an array is enough to see a number that is off, sampled or not.
func TestCompare(t *testing.T) {
	values := Normals("values", 1000)
	square := 0.0
	for _, v := range values {
		square += v * v
	}
	recorded := Tensor{Shape: []int{10, 100}, L2: math.Sqrt(square), Samples: make([]float64, 8)}
	for k := range recorded.Samples {
		recorded.Samples[k] = values[recorded.Sample(k)]
	}
	if d, _, err := recorded.Compare(values); err != nil || d > 1e-14 {
		t.Errorf("difference %g, error %v, want at most 1e-14 and none", d, err)
	}
	for _, i := range []int{recorded.Sample(3), recorded.Sample(3) + 1} {
		spoilt := slices.Clone(values)
		spoilt[i] += 3
		if d, _, err := recorded.Compare(spoilt); err != nil || d < 1e-3 {
			t.Errorf("entry %d off by 3: difference %g, error %v, want 1e-3 or more and none", i, d, err)
		}
	}
	if _, _, err := recorded.Compare(values[1:]); err == nil {
		t.Error("a number too few: no error")
	}
}
