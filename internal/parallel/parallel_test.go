package parallel

import (
	"context"
	"sync/atomic"
	"testing"
)

// TestEach: every i is done once, also where there are fewer than processors, or none.
func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, 7, 1000} {
		done := make([]atomic.Int32, n)
		Each(t.Context(), n, func(i int) { done[i].Add(1) })
		for i := range done {
			if k := done[i].Load(); k != 1 {
				t.Errorf("of %d, number %d is done %d times", n, i, k)
			}
		}
	}
}

// TestStops: nothing is begun once the context has ended.
func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var done atomic.Int32
	Each(ctx, 1_000_000, func(int) {
		done.Add(1)
		cancel()
	})
	if n := done.Load(); n == 0 || n > 1000 {
		t.Errorf("%d are done, want one for each processor at most", n)
	}
}
