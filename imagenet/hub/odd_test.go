package hub_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/hub"
)

// TestOdd: files with everything else that people save. All tensors are read, and what is left out is listed by key and
// class. The truth is from testdata/odd.py, which wrote the files.
func TestOdd(t *testing.T) {
	text, err := os.ReadFile("testdata/odd.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct {
		Tensors map[string]known
		Left    map[string]string
		Meta    map[string]string
		Refused map[string][2]any // type and shape
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		f, err := hub.Open(filepath.Join("testdata/odd", name))
		if err != nil {
			t.Error(err)
			continue
		}
		defer f.Close()
		left := map[string]hub.LeftOut{}
		for _, l := range f.LeftOut() {
			left[l.Key] = l
		}
		for key, what := range want.Left {
			if l, ok := left[key]; !ok || !strings.Contains(l.What, what) {
				t.Errorf("%s: left out as %q: %+v, want %q", name, key, l, what)
			}
		}
		for key, number := range want.Meta {
			if got := f.Meta()[key]; got != number {
				t.Errorf("%s: %q is %q in the metadata, want %q", name, key, got, number)
			}
		}
		for _, x := range f.Tensors() {
			if refused, ok := want.Refused[x.Name]; ok {
				checkRefused(t, name, f, x, refused)
				continue
			}
			tensor, ok := want.Tensors[x.Name]
			if !ok {
				t.Errorf("%s: tensor %q, want one of odd.json", name, x.Name)
				continue
			}
			got := make([]float64, x.Len())
			if err := f.Float64s(x.Name, got); err != nil {
				t.Error(err)
			}
			if x.Type != tensor.Type || !slices.Equal(x.Shape, tensor.Shape) || !slices.Equal(got, tensor.values(t)) {
				t.Errorf("%s: tensor %q is %s %v %v, want %+v", name, x.Name, x.Type, x.Shape, got, tensor)
			}
		}
		if got, want := len(f.Tensors()), len(want.Tensors)+len(want.Refused); got != want {
			t.Errorf("%s: %d tensors, want %d", name, got, want)
		}
	}
	if len(all) < 20 {
		t.Errorf("%d files, want 20 or more", len(all))
	}
}

// checkRefused: a tensor that cannot be read is listed with type and shape, and reading it says so by its name and type.
func checkRefused(t *testing.T, file string, f *hub.File, x hub.Tensor, want [2]any) {
	t.Helper()
	var shape []int
	for _, n := range want[1].([]any) {
		shape = append(shape, int(n.(float64)))
	}
	if string(x.Type) != want[0] || !slices.Equal(x.Shape, shape) {
		t.Errorf("%s: tensor %q is %s %v, want %v", file, x.Name, x.Type, x.Shape, want)
	}
	err := f.Floats(x.Name, make([]float32, x.Len()))
	if x.Readable() == nil || err == nil || !strings.Contains(err.Error(), `"`+x.Name+`": `+x.Readable().Error()) {
		t.Errorf("%s: reading %q: error %v, want one that names it and says %v", file, x.Name, err, x.Readable())
	}
	if x.Type != hub.F32 && (err == nil || !strings.Contains(err.Error(), string(x.Type))) {
		t.Errorf("%s: reading %q: error %v, want one with the type", file, x.Name, err)
	}
}
