package sinkhorn

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// One plain iteration updates both potentials: two sums over all pairs, from one power each.
func BenchmarkIteration(b *testing.B) {
	for _, d := range []int{2, 64} {
		for _, n := range []int{256, 1024, 2048} {
			b.Run(fmt.Sprintf("d=%d/n=%d", d, n), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				q, err := newPair(Problem{X: gaussian(r, n, d, 0, 1), Y: gaussian(r, n, d, 1, 1)}, 0)
				if err != nil {
					b.Fatal(err)
				}
				it := q.newIteration(background)
				it.switchTo(q.defaultEpsilon(), double)
				it.updateRows()
				for b.Loop() {
					it.step()
				}
				pairs := 2 * float64(n) * float64(n) * float64(b.N)
				b.ReportMetric(pairs/b.Elapsed().Seconds(), "pairs/s")
			})
		}
	}
}

func BenchmarkExact(b *testing.B) {
	for _, n := range []int{500, 2000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			p := Problem{X: gaussian(r, n, 2, 0, 1), Y: gaussian(r, n, 2, 0, 1)}
			for b.Loop() {
				exact(b, p)
			}
		})
	}
}
