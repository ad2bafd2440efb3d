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

func BenchmarkLogSums(b *testing.B) {
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			if err := Use(name); err != nil {
				b.Fatal(err)
			}
			defer Use(Names()[0])
			for _, n := range []int{128, 256, 384, 512, 640, 768, 1000, 2048} {
				b.Run(fmt.Sprintf("float32/n=%d", n), func(b *testing.B) { benchmarkBoth[float32](b, n) })
				b.Run(fmt.Sprintf("float64/n=%d", n), func(b *testing.B) { benchmarkBoth[float64](b, n) })
			}
		})
	}
}

// benchmarkBoth times both half-steps of an iteration on one core.
func benchmarkBoth[T Float](b *testing.B, n int) {
	r := rand.New(rand.NewPCG(1, 1))
	x, y, h, mass := make([]float64, 2*n), make([]float64, 2*n), make([]float64, n), make([]float64, n)
	for i := range x {
		x[i], y[i], mass[i/2] = r.NormFloat64(), r.NormFloat64(), 1/float64(n)
	}
	team := NewTeam(nil, 1)
	defer team.Close()
	s := New[T](x, y, 2, false, false, team)
	s.Scale(math.Sqrt(5))
	s.SetScores(h)
	out, back := make([]float64, n), make([]float64, n)
	s.LogSum(out)
	for b.Loop() {
		if !s.LogSums(out, back, mass) {
			b.Fatal("LogSums gave up")
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(n*n)*1e9, "ns/pair")
}
