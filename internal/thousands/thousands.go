// Package thousands writes large numbers so that they can be read.
package thousands

import "strconv"

// Text returns 1234567 as 1,234,567.
func Text(n int) string {
	s, first := strconv.Itoa(n), 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
