// Package stdin knows when a program waits for what a person types. It is a part of the mended GoNB: gonb/mend.py copies it
// there.
package stdin

import (
	"regexp"
	"time"
)

var named = regexp.MustCompile(`\bos\.Stdin\b|\bfmt\.Scan(f|ln)?\b`)

// Named returns whether the source of a Go program names its standard input. One that does not is never asked for any.
func Named(source string) bool { return named.MatchString(source) }

// settled is how long a program has to wait until what it said before is sure to have been heard.
const settled = 50 * time.Millisecond

// Waits returns whether a program, or one that it has started, waits for its standard input, which is a pipe. Where the
// system does not tell, it returns true.
func Waits(pid int) bool {
	if !reads(pid) {
		return false
	}
	time.Sleep(settled)
	return reads(pid)
}
