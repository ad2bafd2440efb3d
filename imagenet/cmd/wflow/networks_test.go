package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// under returns a table whose names have a prefix.
func under(prefix string, table weights.Table) (t weights.Table) {
	for _, p := range table {
		t.Add(prefix+p.Name, slices.Clone(p.Shape)...)
	}
	return t
}

// A network is recognised under a prefix, which wrappers and checkpoints put before its names.
func TestRecognise(t *testing.T) {
	for _, name := range []string{"dit-b", "dit-xl", "mae-256", "vae"} {
		n, err := networkNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"", "module.", "_orig_mod.", "module._orig_mod.", "first_stage_model.", "state_dict.model."} {
			path := filepath.Join(t.TempDir(), "a.safetensors")
			zeros(t, path, under(prefix, n.table))
			f, err := hub.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			found, v, misfit := recognise(f)
			if misfit != nil || v == nil || found.name != name || v.Prefix() != prefix {
				t.Errorf("under %q: %q, prefix %v, %v, want %s and no misfit", prefix, found.name, v, misfit, name)
			}
			f.Close()
		}
	}
}

// If a file is nearly a network, convert without --network tells which, and what does not fit.
func TestNearest(t *testing.T) {
	heads := func(table weights.Table) weights.Table {
		for i, p := range table {
			if p.Shape[0] == 1000 {
				table[i].Shape[0] = 33
			}
		}
		return table
	}
	fewer := func(table weights.Table) weights.Table { return table[1:] }
	more := func(table weights.Table) weights.Table {
		return append(table, weights.Parameter{Name: "num_batches", Shape: []int{1}})
	}
	for _, c := range []struct {
		network, prefix string
		change          func(weights.Table) weights.Table
		want            string
	}{
		{"dit-b", "", heads, `nearest is dit-b, generator B/2, but of 241 parameters, 1 of another shape: "class_embed.weight": shape [33 768], want [1000 768]`},
		{"dit-l", "module.", heads, `nearest is dit-l, generator L/2, but under the prefix "module." of `},
		{"dit-b", "ema_model.", heads, `1 of another shape: "class_embed.weight": shape [33 768], want [1000 768]`},
		{"mae-640", "_orig_mod.", heads, `nearest is mae-640, ResNet-MAE of width 640, but under the prefix "_orig_mod." of 155 parameters, 2 of another shape: "fc.weight": shape [33 `},
		{"dit-xl", "", fewer, `1 missing: "class_embed.weight"`},
		{"vae", "first_stage_model.", fewer, `1 missing: "encoder.conv_in.weight"`},
		{"dit-b", "", more, `1 left over: "num_batches"`},
		{"vae", "module._orig_mod.", func(table weights.Table) weights.Table { return more(fewer(table)) }, `1 missing: "encoder.conv_in.weight"; 1 left over: "module._orig_mod.num_batches"`},
		{"dit-b", "", func(table weights.Table) weights.Table {
			return append(under("ema.", table), under("model.", table)...)
		}, `under the prefixes ["ema." "model."]`},
		{"dit-b", "", func(table weights.Table) weights.Table { return under("x", table) }, "with --network the error tells what does not fit"},
	} {
		n, err := networkNamed(c.network)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.safetensors")
		zeros(t, path, under(c.prefix, c.change(under("", n.table))))
		_, said, code := wflow(context.Background(), "convert", path, path+"2")
		if code != failed || !strings.Contains(said, path+": the weights of none of ") || !strings.Contains(said, c.want) {
			t.Errorf("%s: exit code %d: %s, want %s", c.network, code, said, c.want)
		}
		if _, differs, ok := strings.Cut(c.want, "but "); ok {
			if _, said, _ := wflow(context.Background(), "convert", "--network", c.network, path, path+"2"); !strings.Contains(said, path+": "+differs) {
				t.Errorf("%s with --network: %s, want %s", c.network, said, differs)
			}
		}
	}
}

// Convert and info tell the prefix once, and what was left out.
func TestPrefix(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 335 MB")
	}
	n, err := networkNamed("vae")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	from, to := filepath.Join(folder, "from.safetensors"), filepath.Join(folder, "to.safetensors")
	zeros(t, from, append(under("first_stage_model.", n.table), weights.Parameter{Name: "optimizer.state", Shape: []int{7}}))
	out, said, code := wflow(context.Background(), "convert", "--json", from, to)
	var r conversion
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Prefix != "first_stage_model." || r.LeftOut != 1 || r.Network != n.what {
		t.Errorf("exit code %d, %v, want 0, none, and the prefix first_stage_model. dropped: %s%s", code, err, out, said)
	}
	out, _, _ = wflow(context.Background(), "info", from)
	if strings.Count(out, `"first_stage_model." before every name`) != 1 || !strings.Contains(out, n.what) {
		t.Errorf("want the prefix once and %s in\n%s", n.what, out)
	}
	out, _, _ = wflow(context.Background(), "info", "--json", to)
	var i checkpoint
	if err := json.Unmarshal([]byte(out), &i); err != nil || i.Prefix != "" || i.Network != n.what {
		t.Errorf("%v, want none, no prefix and %s: %s", err, n.what, out)
	}
	text := ""
	for _, l := range r.lines() {
		text += l.name + ": " + l.text + "\n"
	}
	if strings.Count(text, "first_stage_model.") != 1 || !strings.Contains(text, "left out: 1 other tensors") {
		t.Errorf("want the prefix once and one tensor left out in\n%s", text)
	}
	bad := filepath.Join(folder, "bad.safetensors")
	zeros(t, bad, n.table[1:])
	if out, _, code := wflow(context.Background(), "info", bad); code != 0 || !strings.Contains(out, "none of those known; nearest is vae, ") || !strings.Contains(out, `1 missing: "encoder.conv_in.weight"`) {
		t.Errorf("exit code %d, want 0 and that it is nearly the autoencoder: %s", code, out)
	}
}
