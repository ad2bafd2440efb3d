package judge

import (
	"math"
	"slices"
	"testing"
)

// TestNeighbours: the distance is 0 for images that are there, whatever their label; it is that of a shift, for one that is small
// against the distances between images; and it is the smallest of all, written out.
func TestNeighbours(t *testing.T) {
	const n = 12
	m := some(n) // more than a batch
	neighbours, err := NewNeighbours(find(t), m)
	if err != nil {
		t.Fatal(err)
	}
	defer neighbours.Finalize()
	check := func(name string, x Images, want, tolerance float64) {
		t.Helper()
		got, err := neighbours.Distance(x)
		if err != nil || math.Abs(got-want) > tolerance {
			t.Errorf("%s: %v, error %v, want %v", name, got, err, want)
		}
	}
	copies := Images{slices.Clone(m.Numbers), slices.Repeat([]int{3}, len(m.Labels))}
	check("copies", copies, 0, 0)
	for i := range copies.Numbers {
		copies.Numbers[i] += 0.125
	}
	check("shifted", copies, 0.125*Side, 1e-5)

	others := Images{normals("others", 7*numbers), make([]int, 7)}
	var want float64
	for i := range others.Labels {
		least := math.Inf(1)
		for k := range m.Labels {
			least = min(least, distance(others.image(i), m.image(k)))
		}
		want += least / 7
	}
	check("others", others, want, 1e-4)
}
