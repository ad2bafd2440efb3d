package softmin

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func BenchmarkLogSum(b *testing.B) {
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			if err := Use(name); err != nil {
				b.Fatal(err)
			}
			defer Use(Names()[0])
			for _, workers := range []int{1, 2} {
				for _, d := range []int{2, 3, 64} {
					for _, n := range []int{256, 2048} {
						b.Run(fmt.Sprintf("float32/d=%d/n=%d/workers=%d", d, n, workers), func(b *testing.B) { benchmark[float32](b, n, d, workers) })
						b.Run(fmt.Sprintf("float64/d=%d/n=%d/workers=%d", d, n, workers), func(b *testing.B) { benchmark[float64](b, n, d, workers) })
					}
				}
			}
		})
	}
}

func benchmark[T Float](b *testing.B, n, d, workers int) {
	r := rand.New(rand.NewPCG(1, 1))
	x, y, h := make([]float64, n*d), make([]float64, n*d), make([]float64, n)
	for i := range x {
		x[i], y[i] = r.NormFloat64(), r.NormFloat64()
	}
	team := NewTeam(nil, workers)
	defer team.Close()
	s := New[T](x, y, d, false, false, team)
	s.Scale(math.Sqrt(10 / float64(d)))
	out := make([]float64, n)
	for b.Loop() {
		s.SetScores(h)
		s.LogSum(out)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(n*n)*1e9*float64(workers), "ns/pair/core")
}
