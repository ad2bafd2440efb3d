// Package parallel does many things at once, on all processors.
package parallel

import (
	"context"
	"runtime"
	"sync"
)

// Each calls do for every i < n, on all processors, until the context ends.
func Each(ctx context.Context, n int, do func(i int)) {
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), n)
	for first := range workers {
		wait.Go(func() {
			for i := first; i < n && ctx.Err() == nil; i += workers {
				do(i)
			}
		})
	}
	wait.Wait()
}
