package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/pipe"
)

// No command waits for something to be written to a pipe.
func TestPipe(t *testing.T) {
	waiting := filepath.Join(t.TempDir(), "pipe")
	pipe.Make(t, waiting)
	pipe.Make(t, waiting+".yaml")
	for _, c := range []struct{ arguments, says string }{
		{"info " + waiting, waiting + ": neither a file nor a folder"},
		{"info " + waiting + ".yaml", "neither a file nor a folder"},
		{"convert " + waiting + " out", waiting + ": is a pipe, want a file"},
	} {
		_, said, code := wflow(context.Background(), strings.Fields(c.arguments)...)
		if code != failed || !strings.Contains(said, c.says) {
			t.Errorf("wflow %s: exit code %d: %s, want %s", c.arguments, code, said, c.says)
		}
	}
}
