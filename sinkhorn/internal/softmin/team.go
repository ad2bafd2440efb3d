package softmin

import (
	"runtime"
	"sync/atomic"
)

// Team is a number of goroutines that share rows. A half-step of a small problem takes a few microseconds, less than
// waking a sleeping thread: between two calls the helpers therefore keep looking for work for a while before they sleep.
// A team serves one caller at a time, and is to be closed.
type Team struct {
	stop    <-chan struct{}
	workers int
	n, step int
	do      func(first, last, worker int)
	next    atomic.Int64  // the first row that nobody has taken
	round   atomic.Uint32 // odd while there is work
	inside  atomic.Int32  // helpers that may be reading n and do
	closed  atomic.Bool
	asleep  []atomic.Bool
	wake    []chan struct{}
	started bool
	atClose []func()
}

const (
	share         = 64      // rows taken at a time, a multiple of groupRows
	parallelPairs = 1 << 14 // below as many pairs, one goroutine is faster
	patience      = 1 << 15 // looks for work before a helper sleeps, some 20 µs
)

// NewTeam returns a team of as many goroutines, the caller's included; 0 means one a processor. The others start with the
// first work that is worth sharing. Once stop is closed, work that has not begun is left undone; nil never stops.
func NewTeam(stop <-chan struct{}, workers int) *Team {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return &Team{stop: stop, workers: workers, asleep: make([]atomic.Bool, workers), wake: make([]chan struct{}, workers)}
}

func (t *Team) start() {
	for w := 1; w < t.workers; w++ {
		t.wake[w] = make(chan struct{}, 1)
		go t.help(w)
	}
	t.started = true
}

// Close ends the helpers.
func (t *Team) Close() {
	for _, do := range t.atClose {
		do()
	}
	t.atClose = nil
	t.closed.Store(true)
	t.round.Add(2)
	t.wakeAll()
}

// Each calls do(first, last, worker) until all n rows are done, where a row costs m pairs; at most one call at a time has
// the same worker. A row's result must not depend on the order, so that answers do not depend on the number of workers.
func (t *Team) Each(n, m int, do func(first, last, worker int)) {
	t.distribute(n, share, int64(n)*int64(m) >= parallelPairs, do)
}

// Tasks calls do(i, worker) for n tasks that are worth a goroutine each, as Each does for rows.
func (t *Team) Tasks(n int, do func(i, worker int)) {
	t.distribute(n, 1, true, func(first, last, worker int) {
		for i := first; i < last; i++ {
			do(i, worker)
		}
	})
}

// distribute calls do for all n rows, step of them at a time: on all goroutines if together, else on the caller's alone.
func (t *Team) distribute(n, step int, together bool, do func(first, last, worker int)) {
	if t.workers == 1 || n <= step || !together {
		for first := 0; first < n && t.goesOn(); first += step {
			do(first, min(first+step, n), 0)
		}
		return
	}
	if !t.started {
		t.start()
	}
	t.n, t.step, t.do = n, step, do
	t.next.Store(0)
	t.round.Add(1)
	t.wakeAll()
	t.work(0)
	t.round.Add(1)
	for t.inside.Load() != 0 {
		runtime.Gosched()
	}
}

func (t *Team) work(worker int) {
	for {
		first := int(t.next.Add(int64(t.step))) - t.step
		if first >= t.n || !t.goesOn() {
			return
		}
		t.do(first, min(first+t.step, t.n), worker)
	}
}

// goesOn tells whether stop is still open. A team of one lets other goroutines run first, since one of them may close it.
func (t *Team) goesOn() bool {
	if t.workers == 1 {
		runtime.Gosched()
	}
	select {
	case <-t.stop:
		return false
	default:
		return true
	}
}

func (t *Team) wakeAll() {
	for w := 1; w < t.workers; w++ {
		if t.asleep[w].CompareAndSwap(true, false) {
			t.wake[w] <- struct{}{}
		}
	}
}

// help works on every round that is open when it looks.
func (t *Team) help(worker int) {
	last := uint32(0)
	for {
		round := t.await(worker, last)
		if t.closed.Load() {
			return
		}
		last = round
		t.inside.Add(1)
		if t.round.Load() == round { // still open: the caller waits until we are out again
			t.work(worker)
		}
		t.inside.Add(-1)
	}
}

// await returns the number of an open round other than the last.
func (t *Team) await(worker int, last uint32) uint32 {
	for looks := 1; ; looks++ {
		round := t.round.Load()
		if round%2 == 1 && round != last || t.closed.Load() {
			return round
		}
		if looks%patience == 0 {
			t.asleep[worker].Store(true)
			if now := t.round.Load(); now == round && !t.closed.Load() || !t.asleep[worker].CompareAndSwap(true, false) {
				<-t.wake[worker]
			}
		} else if looks%256 == 0 {
			runtime.Gosched()
		}
	}
}
