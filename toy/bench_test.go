package toy_test

import (
	"testing"

	"github.com/wflowlab/wflowlab/toy"
)

func BenchmarkSample(b *testing.B) {
	const n = 1000
	for _, d := range toy.All() {
		b.Run(d.Name, func(b *testing.B) {
			for b.Loop() {
				d.Sample(1, n)
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "samples/s")
		})
	}
}

func BenchmarkDensity(b *testing.B) {
	for _, d := range toy.All() {
		b.Run(d.Name, func(b *testing.B) {
			for b.Loop() {
				d.Density([]float64{1, 0.5})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "points/s")
		})
	}
}
