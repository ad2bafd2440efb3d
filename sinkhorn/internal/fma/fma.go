//go:build amd64

// Package fma measures how many multiply-adds a processor core makes in a second. Benchmarks of kernels are compared with
// that limit.
package fma

import "time"

// perTurn is the number of multiply-adds of whole registers in a turn of the loop.
const perTurn = 12

// Rate returns the multiply-adds of whole registers a second on one core, the best of several short runs, with 512-bit or
// 256-bit registers.
func Rate(wide bool) float64 {
	run := runAVX2
	if wide {
		run = runAVX512
	}
	const turns = 1 << 20
	best := 0.0
	for range 30 {
		start := time.Now()
		run(turns)
		best = max(best, turns*perTurn/time.Since(start).Seconds())
	}
	return best
}
