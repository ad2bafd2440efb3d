package softmin

import (
	"slices"
	"sync/atomic"
	"testing"
)

func TestTeam(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		team := NewTeam(nil, workers)
		for range 200 {
			done := make([]int, 1000)
			team.Each(len(done), 1000, func(first, last, _ int) {
				for i := first; i < last; i++ {
					done[i]++
				}
			})
			if slices.Min(done) != 1 || slices.Max(done) != 1 {
				t.Fatalf("rows were done %d to %d times, want each once", slices.Min(done), slices.Max(done))
			}
		}
		team.Close()
	}
}

// A team that is stopped in the middle leaves what nobody has begun.
func TestTeamStops(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		stop, rows := make(chan struct{}), make([]atomic.Bool, 1000*share)
		team := NewTeam(stop, workers)
		var begun atomic.Int64
		team.Each(len(rows), 1000, func(first, last, _ int) {
			if begun.Add(1) == 10 {
				close(stop)
			}
			for i := first; i < last; i++ {
				rows[i].Store(true)
			}
			if begun.Load() >= 10 {
				<-stop // nobody is ahead of the one that stops
			}
		})
		team.Close()
		done := 0
		for i := range rows {
			if rows[i].Load() {
				done++
			}
		}
		if most := (10 + workers) * share; done > most || done < 10*share {
			t.Errorf("%d workers: %d rows done, want %d to %d", workers, done, 10*share, most)
		}
	}
}
