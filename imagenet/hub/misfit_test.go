package hub_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// bytesOf returns a safetensors file of tensors of bytes.
func bytesOf(t *testing.T, table weights.Table) string {
	t.Helper()
	header, at := map[string]any{}, 0
	for _, p := range table {
		header[p.Name] = map[string]any{"dtype": "U8", "shape": p.Shape, "data_offsets": []int{at, at + p.Size()}}
		at += p.Size()
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return withHeader(string(text), strings.Repeat("a", at))
}

// small is a network like those released: names of one to four parts, some of them the end of others.
var small = weights.Table{
	{Name: "embed.weight", Shape: []int{3, 4}}, {Name: "model.embed.weight", Shape: []int{2}}, {Name: "model.blocks.0.weight", Shape: []int{4, 4}},
	{Name: "model.blocks.1.weight", Shape: []int{4, 4}}, {Name: "scale", Shape: []int{1}}, {Name: "head.bias", Shape: []int{5}},
}

// prefixed returns a table under a prefix.
func prefixed(prefix string, table weights.Table) (under weights.Table) {
	for _, p := range table {
		under.Add(prefix+p.Name, p.Shape...)
	}
	return under
}

// TestPrefix: a prefix that all names have is dropped, and told. Tensors without it are left out.
func TestPrefix(t *testing.T) {
	other := weights.Table{{Name: "optimizer.state.0", Shape: []int{9}}, {Name: "num_batches", Shape: []int{1}}}
	for _, prefix := range []string{"module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "first_stage_model.", "model.", "model.model.", "state_dict.", "state_dict.model.", "net.", "encoder.", "embed.", "a.b.c.d.e.f.g.h.", ".", "модель."} {
		for _, table := range []weights.Table{prefixed(prefix, small), slices.Concat(prefixed(prefix, small), other)} {
			f := open(t, write(t, "x", bytesOf(t, table)))
			v, err := f.View(hub.Official, small)
			if err != nil {
				t.Errorf("%q: %v, want no error", prefix, err)
				continue
			}
			numbers := make([]float32, 5)
			if err := v.Floats("head.bias", numbers); err != nil || v.Prefix() != prefix || v.Under("model.").Prefix() != prefix {
				t.Errorf("error %v, prefix %q, want none and %q", err, v.Prefix(), prefix)
			}
		}
	}
	for _, c := range []struct {
		names  func(name string) string
		naming hub.Naming
		prefix string
	}{
		{func(name string) string { return name }, hub.Official, ""},
		{func(name string) string { return "ema_model." + name }, hub.WFlow, ""},
		{func(name string) string { return "ema_model._orig_mod." + name }, hub.WFlow, ""},
		{func(name string) string { return "ema_model.module._orig_mod." + name }, hub.WFlow, "ema_model.module._orig_mod."},
		{func(name string) string { return "state_dict.ema_model." + name }, hub.WFlow, "state_dict.ema_model."},
		{func(name string) string { return strings.Replace(name, "model.", "model._orig_mod.", 1) }, hub.Official, ""},
		{func(name string) string {
			return "module." + strings.Replace(name, "blocks.", "blocks._fsdp_wrapped_module._checkpoint_wrapped_module.", 1)
		}, hub.Official, "module."},
	} {
		var table weights.Table
		for _, p := range small {
			table.Add(c.names(p.Name), p.Shape...)
		}
		f := open(t, write(t, "x", bytesOf(t, table)))
		if v, err := f.View(c.naming, small); err != nil || v.Prefix() != c.prefix {
			t.Errorf("%q: %v, want prefix %q", table[2].Name, err, c.prefix)
		}
	}
}

// TestMisfit: the error tells what differs, under the prefix that most names have. If the table fits under two prefixes,
// neither is taken.
func TestMisfit(t *testing.T) {
	for _, prefix := range []string{"", "module.", "module._orig_mod."} {
		for _, c := range []struct {
			change         func(table weights.Table) weights.Table
			missing, left  int
			wrong, several int
			want           string
		}{
			{func(table weights.Table) weights.Table { return table[1:] }, 1, 0, 0, 0, `1 missing: "embed.weight"`},
			{func(table weights.Table) weights.Table {
				return append(table, weights.Parameter{Name: "num_batches", Shape: []int{1}})
			}, 0, 1, 0, 0, `1 left over: "` + prefix + `num_batches"`},
			{func(table weights.Table) weights.Table {
				table[5].Shape = []int{33}
				return table
			}, 0, 0, 1, 0, `1 of another shape: "head.bias": shape [33], want [5]`},
			{func(table weights.Table) weights.Table {
				table[5].Shape = []int{33}
				table[0].Name = "embedding.weight"
				return table
			}, 1, 1, 1, 0, `1 missing: "embed.weight"; 1 left over: "` + prefix + `embedding.weight"; 1 of another shape: "head.bias": shape [33], want [5]`},
			{func(table weights.Table) weights.Table {
				return slices.Concat(prefixed("ema.", table), prefixed("model.", table))
			}, 0, 0, 0, 2, `under the prefixes ["` + prefix + `ema." "` + prefix + `model."]: want a file with one of them`},
			{func(table weights.Table) weights.Table {
				return prefixed("x", table)
			}, 6, 6, 0, 0, `6 missing: "embed.weight", `},
		} {
			table := prefixed(prefix, c.change(slices.Clone(small)))
			f := open(t, write(t, "x", bytesOf(t, table)))
			_, err := f.View(hub.Official, small)
			m, ok := errors.AsType[*hub.MisfitError](err)
			if !ok {
				t.Errorf("%q: error %v, want a *MisfitError", prefix, err)
				continue
			}
			if len(m.Missing) != c.missing || len(m.Left) != c.left || len(m.Wrong) != c.wrong || len(m.Several) != c.several || m.Near() != (c.missing < 6) {
				t.Errorf("%q: %+v, want %+v", prefix, m, c)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q: error %v, want one with %s", prefix, err, c.want)
			}
			if m.Prefix != "" && !strings.Contains(err.Error(), fmt.Sprintf("under the prefix %q of 6 parameters", prefix)) || (m.Prefix == prefix) != (c.several == 0 && c.missing < 6 || prefix == "") {
				t.Errorf("prefix %q, want %q: %v", m.Prefix, prefix, err)
			}
		}
	}
}

// TestSeveralShapes: if several groups have the right names, the one with the right shapes is taken. A group with more tensors
// is another network.
func TestSeveralShapes(t *testing.T) {
	wrong := slices.Clone(small)
	wrong[5].Shape = []int{33}
	larger := append(slices.Clone(small), weights.Parameter{Name: "model.blocks.2.weight", Shape: []int{4, 4}})
	for _, table := range []weights.Table{
		slices.Concat(prefixed("a.", wrong), prefixed("b.", small)), slices.Concat(prefixed("b.", small), prefixed("c.", wrong)),
		slices.Concat(prefixed("a.", larger), prefixed("b.", small), prefixed("c.", larger)),
	} {
		f := open(t, write(t, "x", bytesOf(t, table)))
		if v, err := f.View(hub.Official, small); err != nil || v.Prefix() != "b." {
			t.Errorf("error %v, want prefix b.", err)
		}
	}
}
