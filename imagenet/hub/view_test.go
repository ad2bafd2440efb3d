package hub_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// views are the released artefacts, in small.
var views = map[string]hub.Naming{"state_00000007.pt": hub.WFlow, "ema_params.msgpack": hub.Drifting,
	"vae_new.safetensors": hub.SDVAE, "vae_old.safetensors": hub.SDVAE, "vae_old.bin": hub.SDVAE}

func tableOf(tensors map[string]known) (table weights.Table) {
	for name, k := range tensors {
		table.Add(name, k.Shape...)
	}
	slices.SortFunc(table, func(a, b weights.Parameter) int { return strings.Compare(a.Name, b.Name) })
	return table
}

// TestGoldenViews: every parameter under its official name and in its official layout: read, loaded into a scope, and
// written as safetensors and read again.
func TestGoldenViews(t *testing.T) {
	all, ran := truth(t), 0
	for name, naming := range views {
		ran++
		tensors := all[name+"/view"]
		f := open(t, filepath.Join("testdata", name))
		v, err := f.View(naming, tableOf(tensors))
		if err != nil {
			t.Fatal(err)
		}
		scope := model.NewStore().RootScope()
		if err := v.Load(scope); err != nil {
			t.Fatal(err)
		}
		written := map[hub.Type]*hub.File{"": nil, hub.F32: nil}
		for as := range written {
			path := filepath.Join(t.TempDir(), "x.safetensors")
			var done, total int64
			if err := v.WriteSafetensors(path, as, func(d, n int64) { done, total = d, n }); err != nil {
				t.Fatal(err)
			}
			if done != total || total == 0 {
				t.Errorf("progress ended at %d, want %d, more than 0", done, total)
			}
			written[as] = open(t, path)
			if _, err := written[as].View(hub.Official, v.Table()); err != nil {
				t.Error(err)
			}
		}
		sum, err := f.SHA256(nil)
		if err != nil {
			t.Fatal(err)
		}
		if meta := written[""].Meta(); meta["source_sha256"] != sum || meta["source"] != name || name == "state_00000007.pt" && meta["step"] != "7" {
			t.Errorf("%s: metadata %v, want source %s", name, meta, sum)
		}
		for _, p := range v.Table() {
			want := tensors[p.Name].values(t)
			got := make([]float32, p.Size())
			same := func(where string, got []float32) {
				t.Helper()
				for i, x := range want {
					if got[i] != float32(x) {
						t.Fatalf("%s: %q %s: number %d is %v, want %v", name, p.Name, where, i, got[i], x)
					}
				}
			}
			if err := v.Floats(p.Name, got); err != nil {
				t.Fatal(err)
			}
			same("read", got)
			loaded, err := weights.Values[float32](scope, p)
			if err != nil {
				t.Fatal(err)
			}
			same("loaded", loaded)
			for as, f := range written {
				if err := f.Floats(p.Name, got); err != nil {
					t.Fatal(err)
				}
				same(fmt.Sprintf("written as %q", as), got)
			}
		}
		if part := v.Under("encoder."); len(part.Table()) != len(v.Table().Under("encoder.")) {
			t.Errorf("%s: %d parameters under encoder., want %d", name, len(part.Table()), len(v.Table().Under("encoder.")))
		}
	}
	if ran != 5 {
		t.Errorf("%d views, want 5", ran)
	}
}

// TestGoldenDriftingTree: the released encoder's tree has the names and shapes of the official PyTorch encoder.
func TestGoldenDriftingTree(t *testing.T) {
	text, err := os.ReadFile("testdata/drifting_tree.txt")
	if err != nil {
		t.Fatal(err)
	}
	var table weights.Table
	for line := range strings.Lines(string(text)) {
		name, dims, _ := strings.Cut(strings.TrimSpace(line), " ")
		var shape []int
		for _, d := range strings.Split(dims, "x") {
			n, err := strconv.Atoi(d)
			if err != nil {
				t.Fatal(err)
			}
			shape = append(shape, n)
		}
		official, ok := hub.Drifting(hub.Tensor{Name: strings.ReplaceAll(name, "/", "."), Type: hub.F32, Shape: shape})
		if !ok {
			t.Errorf("%s is left out, want it", name)
		}
		table.Add(official.Name, official.Shape...)
	}
	text, err = os.ReadFile("testdata/encoder.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		SHA256 string `json:"table_sha256"`
		Total  int
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if table.SHA256() != want.SHA256 || table.Size() != want.Total {
		t.Errorf("table %s of %d numbers, want %s of %d", table.SHA256(), table.Size(), want.SHA256, want.Total)
	}
}

// TestViewIsStrict: what is missing, left over or of another shape is listed, and nothing is loaded.
func TestViewIsStrict(t *testing.T) {
	u8 := func(names ...string) string {
		var entries []string
		for i, name := range names {
			entries = append(entries, fmt.Sprintf(`"%s":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}`, name, i, i+1))
		}
		return withHeader("{"+strings.Join(entries, ",")+"}", strings.Repeat("a", len(names)))
	}
	table := weights.Table{{Name: "a", Shape: []int{1}}, {Name: "b.weight", Shape: []int{1}}}
	for _, c := range []struct {
		names  []string
		naming hub.Naming
		want   string
	}{
		{[]string{"a"}, hub.Official, `of 2 parameters, 1 missing: "b.weight"`},
		{[]string{"a", "b.weight", "c", "d"}, hub.Official, `2 left over: "c", "d"`},
		{[]string{"x1", "x2", "x3", "x4", "x5", "x6"}, hub.Official, `2 missing: "a", "b.weight"; 6 left over: "x1", "x2", "x3", "x4", "x5", …`},
		{[]string{"a", "b.weight"}, hub.WFlow, "2 missing"},
		{[]string{"ema_model.a", "ema_model._orig_mod.a", "ema_model.b.weight"}, hub.WFlow, `two tensors are "a"`},
		{[]string{"ema_model.a", "ema_model.b.weight", "ema_model.c", "model.a"}, hub.WFlow, `1 left over: "ema_model.c"`},
		{[]string{"b.scale", "b.weight", "a"}, hub.Drifting, `two tensors are "b.weight"`},
	} {
		f := open(t, write(t, "x", u8(c.names...)))
		if _, err := f.View(c.naming, table); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %s", c.names, err, c.want)
		}
	}
	f := open(t, write(t, "x", withHeader(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, "\x00\x00\x80\x3f\x00\x00\xc0\x7f")))
	if _, err := f.View(hub.Official, weights.Table{{Name: "a", Shape: []int{2, 1}}}); err == nil || !strings.Contains(err.Error(), `"a": shape [2], want [2 1]`) {
		t.Errorf("another shape: error %v, want one that names both", err)
	}
	v, err := f.View(hub.Official, weights.Table{{Name: "a", Shape: []int{2}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Load(model.NewStore().RootScope()); err == nil || !strings.Contains(err.Error(), `"a": number 1 is NaN`) {
		t.Errorf("a number that is NaN: error %v, want one that names it", err)
	}
	if err := f.Floats("a", make([]float32, 3)); err == nil || !strings.Contains(err.Error(), "3 numbers wanted") {
		t.Errorf("a slice of another length: error %v, want one that names its length", err)
	}
	if err := f.Floats("b", nil); err == nil || !strings.Contains(err.Error(), `"b" is missing`) {
		t.Errorf("no tensor: error %v, want that it is missing", err)
	}
}

// TestWriteFails: a file that cannot be read to its end leaves the old one, and nothing else in the folder.
func TestWriteFails(t *testing.T) {
	source := write(t, "x", withHeader(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, "abcd"))
	f := open(t, source)
	v, err := f.View(hub.Official, weights.Table{{Name: "a", Shape: []int{4}}})
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, "y.safetensors", "old")
	info, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(source, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	if err := v.WriteSafetensors(path, "", nil); err == nil {
		t.Error("a file that was cut off is written, want an error")
	}
	if err := v.Floats("a", make([]float32, 4)); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("a file that was cut off after it was opened: error %v, want that it is cut off", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if data, err2 := os.ReadFile(path); err != nil || err2 != nil || len(left) != 1 || string(data) != "old" {
		t.Errorf("%q in the folder, %q in the file, want the file alone with old in it", left, data)
	}
}

func TestMetadata(t *testing.T) {
	m, err := hub.ReadMetadata("testdata/ema_params.msgpack")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Width int `json:"base_channels"`
	}
	if err := json.Unmarshal(m.ModelConfig, &config); err != nil || config.Width != 6 || m.Kind != "mae" || m.Backend != "jax" {
		t.Errorf("%+v, %+v, error %v, want an encoder of width 6 by jax and none", m, config, err)
	}
	for _, text := range []string{"", "{}", "[]", `{"kind": 3}`} {
		path := write(t, "metadata.json", text)
		if _, err := hub.ReadMetadata(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: error %v, want one that names %s", text, err, path)
		}
	}
}
