//go:build linux && amd64

package main

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/fma"
	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// share holds one core's time a pair against the processor's limit: 11 vector operations a lane-full of pairs, at the rate
// of multiply-adds measured just before and just after.
func share(c config) {
	c.useKernels()
	wide := strings.HasSuffix(c.Peer, "AVX-512")
	lanes := 8.0
	if wide {
		lanes = 16
	}
	const n = 2048
	x, y, meanCost := c.clouds(n, 2)
	rows := softmin.New[float32](centred(x), centred(y), 2, false, false, softmin.NewTeam(nil, 1))
	rows.Scale(math.Sqrt(1 / (2 * 0.05 * meanCost * math.Ln2)))
	rows.SetScores(make([]float64, n))
	logSum := make([]float64, n)
	rows.LogSum(logSum)
	rate := fma.Rate(wide)
	const times = 40
	seconds, _ := c.timed(func() {
		for range times {
			rows.LogSum(logSum)
		}
	})
	rate = max(rate, fma.Rate(wide))
	pair := seconds / times / (n * n)
	c.emit(n, 2, "multiply_adds_per_ns", rate/1e9)
	c.emit(n, 2, "ns_per_pair", 1e9*pair)
	c.emit(n, 2, "share_of_limit", 11/(rate*lanes)/pair)
}

// flat times pairs from N = 10³ to 10⁵.
func flat(c config) {
	c.useKernels()
	sizes := []*slice{}
	for _, n := range []int{1000, 3000, 10_000, 30_000, 100_000} {
		sizes = append(sizes, newSlice(n, 2, 100_000_000))
	}
	inTurn(sizes, func(s *slice) { s.rows = min(s.rows, s.timed(func() { s.sum.LogSum(s.logSum) })) })
	inTurn(sizes, func(s *slice) {
		s.iteration = min(s.iteration, s.timed(func() { s.sum.LogSums(s.logSum, s.back, s.mass) }))
	})
	for _, s := range sizes {
		c.emit(s.n, 2, "ns_per_pair", s.rows)
		c.emit(s.n, 2, "ns_per_pair_iteration", s.iteration)
		s.team.Close()
	}
}

// million times a slice of rows against 10⁶ targets in three dimensions, and as many pairs against 10⁵, one after the other:
// the median of the neighbours' ratios.
func million(c config) {
	c.useKernels()
	const pairs = 1_024_000_000 // a thousand rows of a million: shares enough that no worker waits for another
	hundred, million := newSlice(100_000, 3, pairs), newSlice(1_000_000, 3, pairs)
	var ratios []float64
	for range 31 {
		for _, s := range []*slice{hundred, million} {
			s.rows = s.timed(func() { s.sum.LogSum(s.logSum) })
		}
		ratios = append(ratios, hundred.rows/million.rows)
	}
	slices.Sort(ratios)
	c.emit(million.n, 3, "pairs_per_s_over_those_at_1e5", ratios[len(ratios)/2])
	hundred.team.Close()
	million.team.Close()
}

// inTurn measures every slice many times, one after the other, so that all of them see the same machine.
func inTurn(sizes []*slice, measure func(s *slice)) {
	const rounds = 15
	for range rounds {
		for _, s := range sizes {
			measure(s)
		}
	}
}

// slice is some rows that meet n targets: in the rows' sums, and in a whole iteration, as far as that makes
// each power once. Times are in ns a pair, the shortest of all.
type slice struct {
	n                  int
	sum                *softmin.Sum[float32]
	team               *softmin.Team
	logSum, back, mass []float64
	rows, iteration    float64
}

func newSlice(n, d, pairs int) *slice {
	count := min(n, max(256, pairs/n/32*32))
	s := &slice{n: n, team: softmin.NewTeam(nil, 0), logSum: make([]float64, count), back: make([]float64, n), mass: uniform(count),
		rows: math.Inf(1), iteration: math.Inf(1)}
	s.sum = softmin.New[float32](random(count, d), random(n, d), d, false, false, s.team)
	s.sum.Scale(3)
	s.sum.SetScores(make([]float64, n)) // a whole iteration does this once for n rows, and not for a slice of them
	s.sum.LogSum(s.logSum)
	return s
}

// timed returns the ns a pair that do takes: the least within a while, as the first wakes what sleeps.
func (s *slice) timed(do func()) float64 {
	const while = 20 * time.Millisecond
	least := time.Duration(math.MaxInt64)
	for began := time.Now(); time.Since(began) < while; {
		start := time.Now()
		do()
		least = min(least, time.Since(start))
	}
	return float64(least.Nanoseconds()) / float64(len(s.logSum)) / float64(s.n)
}
