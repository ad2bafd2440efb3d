package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

const odd = "../../hub/testdata/odd"

// TestInfoOfWeights: info lists what a file holds beside tensors that are read, and its errors begin with what a file is.
func TestInfoOfWeights(t *testing.T) {
	for _, c := range []struct {
		file string
		code int
		says []string
	}{
		{"things2.pt", 0, []string{"namespace.lr", "torch.Size([2 3])", "__main__.Color(1)", "of which nothing is executed"}},
		{"module.pt", 0, []string{"__main__.Net", "torch.save(module.state_dict(), file)"}},
		{"unchecked.pt", 0, []string{"without a checksum"}},
		{"members.npz", 0, []string{"mu", "sigma", "<U8 [2]", "README.txt"}},
		{"small_types.safetensors", 0, []string{"F8_E4M3 [4]", "Q3_K [7]", "type F4 is not read"}},
		{"sharded/model.safetensors.index.json", 0, []string{"3 of 11 numbers, F32"}},
		{"sharded", failed, []string{"give its index", "model.safetensors.index.json"}},
		{"before0.pt", failed, []string{"PyTorch: pickle: it is cut off"}},
	} {
		out, progress, code := wflow(t.Context(), "info", filepath.Join(odd, c.file))
		for _, says := range c.says {
			if code != c.code || !strings.Contains(out+progress, says) {
				t.Errorf("info %s: code %d, %s%s, want %d and %q", c.file, code, out, progress, c.code, says)
			}
		}
	}
	out, _, _ := wflow(t.Context(), "info", "--json", filepath.Join(odd, "members.npz"))
	var r struct {
		LeftOut []struct{ Key, What, Reason string } `json:"left_out"`
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.LeftOut) != 11 || r.LeftOut[0].Key != "names" || r.LeftOut[0].Reason != "text" {
		t.Errorf("%v, %+v, want none and 11 things left out, first names, which are text: %s", err, r, out)
	}
	if _, progress, code := wflow(t.Context(), "convert", filepath.Join(odd, "small_types.safetensors"), filepath.Join(t.TempDir(), "x.safetensors")); code != failed || !strings.Contains(progress, `tensor "f8_e4m3": type F8_E4M3 is not read`) {
		t.Errorf("convert: code %d, %s, want an error with name and type", code, progress)
	}
}
