package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What lies in the packages is what the generator writes.
func TestKernelsAreCurrent(t *testing.T) {
	fresh := t.TempDir()
	for _, pkg := range []string{"softmin", "fma"} {
		if err := os.Mkdir(filepath.Join(fresh, pkg), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	generate(fresh)
	written, err := filepath.Glob(filepath.Join(fresh, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(written) != 10 {
		t.Fatalf("the generator wrote %d files, want 10", len(written))
	}
	for _, file := range written {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("../..", filepath.Base(filepath.Dir(file)), filepath.Base(file)))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run go generate in its folder", filepath.Base(file))
		}
	}
}
