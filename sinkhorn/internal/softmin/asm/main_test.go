package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What lies in the package is what the generator writes.
func TestKernelsAreCurrent(t *testing.T) {
	fresh := t.TempDir()
	generate(fresh)
	written, err := filepath.Glob(filepath.Join(fresh, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(written) != 8 {
		t.Fatalf("the generator wrote %d files, want 8", len(written))
	}
	for _, file := range written {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", filepath.Base(file)))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run go generate in its folder", filepath.Base(file))
		}
	}
}
