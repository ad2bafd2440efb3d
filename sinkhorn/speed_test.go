//go:build unix

package sinkhorn

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// Exact transport between 2,000 weighted points and 2,000 others takes less than 3 s. Processor time is measured, which
// other programs at work do not change; the simplex runs on one core.
func TestExactAtTwoThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	r := rand.New(rand.NewPCG(16, 1))
	p := Problem{X: gaussian(r, 2000, 2, 0, 1), Y: gaussian(r, 2000, 2, 0, 1), A: weights(r, 2000, false)}
	before := used()
	exact(t, p)
	if d := used() - before; d > 3*time.Second {
		t.Errorf("took %v of processor time, want under 3 s", d)
	}
}
