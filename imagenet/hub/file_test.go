package hub_test

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wflowlab/wflowlab/imagenet/hub"
)

// known is what the library that wrote a file says is in it.
type known struct {
	Type    hub.Type
	Shape   []int
	Numbers string
}

func (k known) values(t *testing.T) []float64 {
	t.Helper()
	values := []float64{}
	for word := range strings.FieldsSeq(k.Numbers) {
		x, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, x)
	}
	return values
}

// truth is what testdata/make.py noted: files, the tensors in each.
func truth(t *testing.T) map[string]map[string]known {
	t.Helper()
	text, err := os.ReadFile("testdata/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]known
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func open(t *testing.T, path string) *hub.File {
	t.Helper()
	f, err := hub.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestGoldenFiles: every tensor of every file, as the libraries that wrote them read it.
func TestGoldenFiles(t *testing.T) {
	formats := map[string]hub.Format{".pt": hub.PyTorch, ".safetensors": hub.Safetensors, ".msgpack": hub.Flax, ".npy": hub.NPY, ".npz": hub.NPZ}
	ran := 0
	for name, tensors := range truth(t) {
		if strings.HasSuffix(name, "/view") {
			continue
		}
		ran++
		f := open(t, filepath.Join("testdata", name))
		if want := formats[filepath.Ext(name)]; f.Format() != want {
			t.Errorf("%s is %s, want %s", name, f.Format(), want)
		}
		var names []string
		for _, tensor := range f.Tensors() {
			names = append(names, tensor.Name)
			want, ok := tensors[tensor.Name]
			if !ok {
				t.Errorf("%s: tensor %q, want one of truth.json", name, tensor.Name)
				continue
			}
			if tensor.Type != want.Type || !slices.Equal(tensor.Shape, want.Shape) {
				t.Errorf("%s: tensor %q is %s %v, want %s %v", name, tensor.Name, tensor.Type, tensor.Shape, want.Type, want.Shape)
				continue
			}
			values, got, got32 := want.values(t), make([]float64, tensor.Len()), make([]float32, tensor.Len())
			if err := f.Float64s(tensor.Name, got); err != nil {
				t.Error(err)
			}
			if !slices.Equal(got, values) {
				t.Errorf("%s: tensor %q is %v, want %v", name, tensor.Name, got, values)
			}
			if err := f.Floats(tensor.Name, got32); err != nil {
				t.Error(err)
			}
			for i, x := range values {
				if got32[i] != float32(x) {
					t.Errorf("%s: tensor %q: number %d is %v as float32, want %v", name, tensor.Name, i, got32[i], x)
				}
			}
		}
		if len(names) != len(tensors) {
			t.Errorf("%s: %d tensors %q, want %d %q", name, len(names), names, len(tensors), slices.Sorted(maps.Keys(tensors)))
		}
	}
	if ran < 10 {
		t.Errorf("%d files, want 10 or more", ran)
	}
}

// TestTypes: float16 and bfloat16 are exact at every of their 65,536 values.
func TestTypes(t *testing.T) {
	var body []byte
	for i := range 1 << 16 {
		body = append(body, byte(i), byte(i>>8))
	}
	for kind, value := range map[string]func(bits int) float64{
		"F16": func(bits int) float64 {
			sign, e, m := 1-2*float64(bits>>15), bits>>10&31, float64(bits&1023)
			switch {
			case e == 31 && m == 0:
				return sign * math.Inf(1)
			case e == 31:
				return math.NaN()
			case e == 0:
				return sign * math.Ldexp(m, -24)
			}
			return sign * math.Ldexp(1024+m, e-25)
		},
		"BF16": func(bits int) float64 {
			sign, e, m := 1-2*float64(bits>>15), bits>>7&255, float64(bits&127)
			switch {
			case e == 255 && m == 0:
				return sign * math.Inf(1)
			case e == 255:
				return math.NaN()
			case e == 0:
				return sign * math.Ldexp(m, -133)
			}
			return sign * math.Ldexp(128+m, e-134)
		},
	} {
		header := `{"x":{"dtype":"` + kind + `","shape":[65536],"data_offsets":[0,131072]}}`
		f := open(t, write(t, "x", withHeader(header, string(body))))
		got := make([]float32, 1<<16)
		if err := f.Floats("x", got); err != nil {
			t.Fatal(err)
		}
		for bits, x := range got {
			want := value(bits)
			if float64(x) != want && !(math.IsNaN(want) && x != x) {
				t.Fatalf("%s %#x is %v, want %v", kind, bits, x, want)
			}
		}
	}
}

// TestMeta: numbers and texts beside tensors.
func TestMeta(t *testing.T) {
	small := map[string]string{"step": "30000", "rate": "0.5", "kind": "small", "flag": "true", "none": "none"}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(small)
		maps.Copy(all, more)
		return all
	}
	torch := map[string]string{"big": "-4611686018427387904", "bigger": "1180591620717411303424", "betas": "[0.9 0.95]"}
	for name, want := range map[string]map[string]string{
		"types.pt":           with(torch),
		"types_protocol4.pt": with(torch),
		"types.msgpack":      with(map[string]string{"negative": "-5"}),
		"types.safetensors":  {"step": "12", "ε": "0.05"},
		"types.npz":          {},
	} {
		if d := cmp.Diff(want, open(t, filepath.Join("testdata", name)).Meta()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	state := open(t, "testdata/state_00000007.pt").Meta()
	for key, want := range map[string]string{"step": "7", "ema_decay": "0.999", "optimizer.param_groups.0.lr": "0.0004", "optimizer.param_groups.0.params": "[0 1 2]"} {
		if state[key] != want {
			t.Errorf("%s is %q, want %q", key, state[key], want)
		}
	}
}

func TestSHA256(t *testing.T) {
	f := open(t, write(t, "x.npy", npy("<f4", "False", "(1,)", "abcd")))
	var told []int64
	sum, err := f.SHA256(func(done, total int64) { told = append(told, done, total) })
	if err != nil || len(sum) != 64 {
		t.Errorf("SHA-256 %q (error %v), want 64 digits", sum, err)
	}
	if n := len(told); n < 2 || told[n-2] != told[n-1] || told[n-1] != int64(len(npy("<f4", "False", "(1,)", "abcd"))) {
		t.Errorf("progress heard %d, want the length at the end", told)
	}
	// sha256sum of the same bytes
	if again := sha(npy("<f4", "False", "(1,)", "abcd")); sum != again {
		t.Errorf("%s, want %s", sum, again)
	}
}
