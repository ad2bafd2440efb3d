package judge

import (
	"math"
	"slices"
	"testing"
)

// some returns n images of each class, class by class.
func some(n int) Images {
	m := Images{Numbers: normals("some", n*Classes*numbers)}
	for i := range n * Classes {
		m.Labels = append(m.Labels, i/n)
	}
	return m
}

// TestDiversity: the mean over pairs, written out; q² of it for images that are shrunk by q to their mean; 0 for copies.
func TestDiversity(t *testing.T) {
	const n = 4
	m := some(n)
	got := Diversity(m)
	shrunk := Diversity(m.Shrunk(0.7))
	for class := range Classes {
		var sum float64
		for i := range n {
			for k := range n {
				d := distance(m.image(class*n+i), m.image(class*n+k))
				sum += d * d
			}
		}
		want := sum / (n * (n - 1))
		if math.Abs(got[class]-want) > 1e-9*want || math.Abs(shrunk[class]-0.49*want) > 1e-5*want { // shrunk is float32
			t.Errorf("class %d: %v, and %v of the shrunk, want %v and 0.49 of it", class, got[class], shrunk[class], want)
		}
	}
	copies := Images{slices.Repeat(m.image(0), 3), []int{5, 5, 5}}
	if d := Diversity(copies); math.Abs(d[5]) > 1e-20 || !math.IsNaN(d[0]) {
		t.Errorf("copies: %v, want 0 for class 5 and NaN without images", d)
	}
}
