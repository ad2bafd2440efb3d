package stream

import "testing"

func BenchmarkUint64(b *testing.B) {
	s, i, sum := New(1, "bench"), uint64(0), uint64(0)
	for b.Loop() {
		sum += s.Uint64(i)
		i++
	}
	_ = sum
}

func BenchmarkNormal(b *testing.B) {
	s, i, sum := New(1, "bench"), uint64(0), 0.0
	for b.Loop() {
		sum += s.Normal(i)
		i++
	}
	_ = sum
}

func BenchmarkNormals(b *testing.B) {
	s := New(1, "bench")
	const n, d = 1000, 2
	for b.Loop() {
		s.Normals(0, n, d)
	}
	b.ReportMetric(float64(b.N)*n*d/b.Elapsed().Seconds(), "normals/s")
}
