//go:build unix

package main

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe is no file, and no command waits for one to be written to.
func TestPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	for _, path := range []string{pipe, pipe + ".yaml"} {
		if err := syscall.Mkfifo(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ arguments, says string }{
		{"info " + pipe, pipe + ": neither a file nor a folder"},
		{"info " + pipe + ".yaml", "neither a file nor a folder"},
		{"convert " + pipe + " out", pipe + ": not a file"},
	} {
		_, said, code := wflow(context.Background(), strings.Fields(c.arguments)...)
		if code != failed || !strings.Contains(said, c.says) {
			t.Errorf("wflow %s: exit code %d: %s, want %s", c.arguments, code, said, c.says)
		}
	}
}
