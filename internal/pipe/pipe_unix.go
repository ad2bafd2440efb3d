//go:build unix

// Package pipe makes named pipes for tests. Opening a pipe waits until something writes to it: readers of files must refuse
// pipes.
package pipe

import (
	"syscall"
	"testing"
)

// Make makes a named pipe. On systems without named pipes it skips the test.
func Make(t testing.TB, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}
