package fid

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// On a line with k = 1: the reference 0, 1, 10 has balls of radius 1, 1 and 9; the samples −1, 5, 30 of 6, 6 and 25.
func TestCoverByHand(t *testing.T) {
	b, _ := backend(t)
	c, err := Cover(t.Context(), b, Features[float64]{1, []float64{-1, 5, 30}}, Features[float64]{1, []float64{0, 1, 10}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := []bool{true, true, false}; !slices.Equal(c.Inside, want) {
		t.Errorf("inside %v, want %v", c.Inside, want)
	}
	if want := []bool{true, true, true}; !slices.Equal(c.Covered, want) {
		t.Errorf("covered %v, want %v", c.Covered, want)
	}
	if c.Precision() != 2./3 || c.Recall() != 1 {
		t.Errorf("precision %v, recall %v, want 2/3 and 1", c.Precision(), c.Recall())
	}
}

// The rounded distances decide nothing that float64 would decide otherwise, also where they round most: far from zero, with images
// that are there twice and balls that just touch. More than one block in both directions.
func TestCoverAsEveryPairInFloat64(t *testing.T) {
	const d = 8
	b, _ := backend(t)
	draw := func(name string, n int) Features[float32] {
		f := Features[float32]{Columns: d}
		for i := range n * d {
			f.Values = append(f.Values, float32(1000+golden.Integer(name, uint64(i), 6))) // on a grid: many distances are equal
		}
		return f
	}
	samples, reference := draw("samples", mostRows+100), draw("reference", mostColumns+50)
	if testing.Short() {
		samples, reference = draw("samples", 300), draw("reference", 200)
	}
	c, err := Cover(t.Context(), b, samples, reference, 3)
	if err != nil {
		t.Fatal(err)
	}
	square := func(x, y []float32) (sum float64) {
		for k := range x {
			sum += float64(x[k]-y[k]) * float64(x[k]-y[k])
		}
		return sum
	}
	radius := func(f Features[float32]) (all []float64) {
		for i := range f.Len() {
			var to []float64
			for j := range f.Len() {
				to = append(to, square(f.Row(i), f.Row(j)))
			}
			slices.Sort(to)
			all = append(all, to[3]) // the first is the image itself
		}
		return all
	}
	ofSamples, ofReference := radius(samples), radius(reference)
	inside, covered := make([]bool, samples.Len()), make([]bool, reference.Len())
	for i := range inside {
		for j := range covered {
			s := square(samples.Row(i), reference.Row(j))
			inside[i] = inside[i] || s <= ofReference[j]
			covered[j] = covered[j] || s <= ofSamples[i]
		}
	}
	if p, r := share(inside), share(covered); p == 0 || p == 1 || r == 0 || r == 1 {
		t.Fatalf("precision %v, recall %v: want images of both kinds", p, r)
	}
	if !slices.Equal(c.Inside, inside) || !slices.Equal(c.Covered, covered) {
		t.Errorf("precision %v, recall %v, want %v and %v", c.Precision(), c.Recall(), share(inside), share(covered))
	}
}

func TestNeighbours(t *testing.T) {
	b, _ := backend(t)
	of, among := features("of", 30, 4), features("among", 70, 4)
	got, err := Neighbours(t.Context(), b, of, among, 5)
	if err != nil {
		t.Fatal(err)
	}
	for i, list := range got {
		var all []Neighbour
		for j := range among.Len() {
			n := Neighbour{Index: j}
			for k, v := range of.Row(i) {
				n.Square += (v - among.Row(j)[k]) * (v - among.Row(j)[k])
			}
			all = append(all, n)
		}
		slices.SortFunc(all, func(a, b Neighbour) int { return cmp.Compare(a.Square, b.Square) })
		if !slices.Equal(list, all[:5]) {
			t.Errorf("neighbours of %d are %v, want %v", i, list, all[:5])
		}
	}
}

func TestCoverRefuses(t *testing.T) {
	b, _ := backend(t)
	four, other := features("four", 4, 3), features("other", 4, 2)
	stopped, stop := context.WithCancel(context.Background())
	stop()
	for want, call := range map[string]func() error{
		"number 4 of 4 samples": func() error { _, err := Cover(t.Context(), b, four, four, 4); return err },
		"number 0 of 4 samples": func() error { _, err := Cover(t.Context(), b, four, four, 0); return err },
		"with 3 features and a": func() error { _, err := Cover(t.Context(), b, four, other, 1); return err },
		"for rows of 3": func() error {
			_, err := Cover(t.Context(), b, Features[float64]{3, make([]float64, 4)}, four, 1)
			return err
		},
		"5 nearest of 4 images": func() error { _, err := Neighbours(t.Context(), b, four, four, 5); return err },
		"stopped":               func() error { _, err := Cover(stopped, b, four, four, 1); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := Cover(stopped, b, four, four, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one of the context", err)
	}
}
