//go:build !unix

package pipe

import "testing"

// Make makes a named pipe. A test that wants one is skipped on systems that have none.
func Make(t testing.TB, _ string) {
	t.Helper()
	t.Skip("no named pipes on this system")
}
