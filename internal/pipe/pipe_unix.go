//go:build unix

// Package pipe makes named pipes for tests. Who opens a pipe waits for who writes it: readers of files have to refuse them.
package pipe

import (
	"syscall"
	"testing"
)

// Make makes a named pipe. A test that wants one is skipped on systems that have none.
func Make(t testing.TB, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}
