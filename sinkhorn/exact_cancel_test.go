package sinkhorn

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"gonum.org/v1/gonum/floats"
)

// counting is a context that is cancelled at its last look.
type counting struct {
	context.Context
	looks, last atomic.Int64
	done        chan struct{}
}

func cancelledAt(last int64) *counting {
	c := &counting{Context: background, done: make(chan struct{})}
	c.last.Store(last)
	return c
}

func (c *counting) Err() error {
	if c.looks.Add(1) >= c.last.Load() {
		return context.Canceled
	}
	return nil
}

func (c *counting) Deadline() (time.Time, bool) { return time.Time{}, false }

// While it fills the cost matrix Exact looks at its context every so many coordinates, and after it is cancelled no worker
// goes on.
func TestExactCancelsWhileItFills(t *testing.T) {
	r := rand.New(rand.NewPCG(48, 1))
	const n, m, d = 60, 50, 4000
	p := Problem{X: gaussian(r, n, d, 0, 1), Y: gaussian(r, m, d, 0, 1)}
	a, b, _ := p.check()
	never := cancelledAt(math.MaxInt64)
	costs, err := newCostMatrix(never, p, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if least := int64(n * m * d / lookEvery); never.looks.Load() < least {
		t.Errorf("%d looks, want at least %d", never.looks.Load(), least)
	}
	if floats.Min(costs.cost) == 0 {
		t.Error("some cost is 0, want all filled in")
	}
	workers := int64(runtime.GOMAXPROCS(0))
	whole := never.looks.Load()
	for _, last := range []int64{1, whole / 2, whole - 1} {
		ctx := cancelledAt(last)
		if _, err := Exact(ctx, p); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at look %d: error %v, want context.Canceled", last, err)
		}
		if more := ctx.looks.Load() - last; more > n+workers {
			t.Errorf("%d looks after it was cancelled at look %d, want at most %d", more, last, n+workers)
		}
	}
	// Rows that are not begun stay empty.
	ctx := cancelledAt(n / 2)
	partly := &costMatrix{rows: support(a), columns: support(b)}
	partly.fill(ctx, relativeTo(p.X, partly.rows, make([]float64, d)), relativeTo(p.Y, partly.columns, make([]float64, d)), HalfSquared)
	empty := 0
	for i := range n {
		if partly.cost[i*m] == 0 {
			empty++
		}
	}
	if empty < n/2-int(workers) {
		t.Errorf("%d of %d rows are empty after a cancellation in the middle, want at least %d", empty, n, n/2-int(workers))
	}
}

// Every stage of the simplex notices too.
func TestExactCancelsAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(49, 1))
	p := Problem{X: gaussian(r, 200, 2, 0, 1), Y: gaussian(r, 200, 2, 0, 1)}
	never := cancelledAt(math.MaxInt64)
	if _, err := Exact(never, p); err != nil {
		t.Fatal(err)
	}
	for last := int64(1); last < never.looks.Load(); last += 7 {
		ctx := cancelledAt(last)
		if plan, err := Exact(ctx, p); !errors.Is(err, context.Canceled) || plan != nil {
			t.Fatalf("cancelled at look %d of %d: plan %v and error %v, want no plan and context.Canceled",
				last, never.looks.Load(), plan, err)
		}
	}
}

// Exact transport between 2,000 weighted points and 2,000 others looks at 100 million reduced costs or so, whatever the
// machine, and goes on with exact potentials for no more than a look at each.
func TestExactWork(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	r := rand.New(rand.NewPCG(16, 1))
	p := Problem{X: gaussian(r, 2000, 2, 0, 1), Y: gaussian(r, 2000, 2, 0, 1), A: weights(r, 2000, false)}
	a, b, _ := p.check()
	costs, err := newCostMatrix(background, p, a, b)
	if err != nil {
		t.Fatal(err)
	}
	s := newSimplex(costs, a, b)
	counted := func(search func() (int, int)) (total, pivots int) {
		if err := s.pivots(background, func() (int, int) {
			arc, seen := search()
			if total += seen; arc >= 0 {
				pivots++
			}
			return arc, seen
		}); err != nil {
			t.Fatal(err)
		}
		return total, pivots
	}
	total, pivots := counted(s.entering)
	s.refine()
	closely, more := counted(s.enteringExactly)
	t.Logf("%d arcs and %d pivots, then %d and %d", total, pivots, closely, more)
	if total > 2e8 || pivots > 6e4 || closely > 8e6 || more > 10 {
		t.Errorf("%d arcs and %d pivots, then %d and %d, want at most 2e8 and 6e4, then 8e6 and 10",
			total, pivots, closely, more)
	}
}
