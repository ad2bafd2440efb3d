package hub_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/hub"
)

// same compares the tensors of two files that hold the same, under names that differ by a prefix in the second.
func same(t *testing.T, f, as *hub.File, prefix string) {
	t.Helper()
	for _, x := range f.Tensors() {
		got, want := make([]float64, x.Len()), make([]float64, x.Len())
		if err := f.Float64s(x.Name, got); err != nil {
			t.Error(err)
		}
		if err := as.Float64s(prefix+x.Name, want); err != nil {
			t.Error(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q is %v, want %v", x.Name, got, want)
		}
	}
}

// Files from before PyTorch 1.6 hold what the same object holds in a newer file: tensors that share storages, in every protocol that
// PyTorch writes.
func TestLegacy(t *testing.T) {
	old := open(t, "testdata/old.pt")
	if n := len(old.Tensors()); n != 12 || old.Format() != hub.PyTorch {
		t.Errorf("%d tensors, %s, want 12 of PyTorch", n, old.Format())
	}
	same(t, old, open(t, "testdata/types.pt"), "lies.")
	for protocol := 2; protocol <= 5; protocol++ {
		f := open(t, fmt.Sprintf("testdata/odd/before%d.pt", protocol))
		if n := len(f.Tensors()); n != 1 {
			t.Errorf("protocol %d: %d tensors, want 1", protocol, n)
		}
		same(t, f, open(t, "testdata/odd/big.pt"), "")
	}
}

// A file of the old format that contradicts itself is refused.
func TestLegacyRefuses(t *testing.T) {
	text, err := os.ReadFile("testdata/odd/before2.pt")
	if err != nil {
		t.Fatal(err)
	}
	data := string(text)
	const key, numbers = "93954949331120", 24 // its one storage, and the bytes of its six numbers
	last := strings.LastIndex(data, key)
	for want, bad := range map[string]string{
		"version 1002":             strings.Replace(data, "M\xe9\x03.", "M\xea\x03.", 1),
		"of which no tensor is":    data[:last] + "0" + data[last+1:],
		`"93954949331120" is miss`: data[:last-5] + data[last+len(key)+3:],
		"7 numbers, and 6 in its":  data[:len(data)-numbers-8] + "\x07" + data[len(data)-numbers-7:],
		"100 numbers of F32 in":    strings.Replace(data, "K\x06N", "K\x64N", 1),
		"a part of another":        strings.Replace(data, "K\x06N", "K\x06K\x01", 1),
		"unknown type":             strings.Replace(data, "FloatStorage", "FloutStorage", 1),
		"cut off within it":        data[:len(data)-1],
		"not described as torch":   data[:last-8] + "N" + data[last+len(key)+3:],
	} {
		if err := readAll(write(t, "bad.pt", bad)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
