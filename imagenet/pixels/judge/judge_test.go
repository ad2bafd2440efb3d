package judge

import (
	"math"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/pixels/digits"
)

// TestControls: real digits pass, and what looks good to one measure is caught by another. Training digits have the nearest at 0.
// Digits that are shrunk to the mean of their class by q are read as well as before, and have q² of the diversity. Class means have
// none, whatever they are read as.
func TestControls(t *testing.T) {
	j, err := New(find(t))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Finalize()
	real, err := Of(digits.Train()).Balanced(200)
	if err != nil {
		t.Fatal(err)
	}
	judged := func(name string, m Images) Verdict {
		t.Helper()
		v, err := j.Judge(m)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %v; distance %.2f, floor %.2f", name, v, v.Frechet, v.Floor)
		return v
	}
	near := func(name string, got, want, tolerance float64) {
		t.Helper()
		if !(math.Abs(got-want) <= tolerance) {
			t.Errorf("%s %v, want %v", name, got, want)
		}
	}
	training := judged("training digits", real)
	near("nearest of training digits", training.Nearest, 0, 0)
	near("distance of training digits to the floor's", training.Frechet/training.Floor, 1, 1e-9)
	near("diversity of training digits", training.Diversity, 1, 0.05)
	held := judged("digits of the reader", Of(digits.Reader()))
	near("nearest of held-out digits", held.Nearest, 1, 0.03)
	near("diversity of held-out digits", held.Diversity, 1, 0.05)
	near("distance of held-out digits to the floor", held.Frechet/held.Floor, 1, 0.7)

	last := training
	for _, q := range []float64{0.9, 0.8} {
		v := judged("shrunk training digits", real.Shrunk(q))
		near("diversity of shrunk digits", v.Diversity, q*q*training.Diversity, 1e-4)
		near("smallest diversity of shrunk digits", v.Least, q*q*training.Least, 1e-4)
		if v.Read < 0.95 || v.Frechet < 1.3*last.Frechet {
			t.Errorf("digits shrunk by %v: %+v, want them read, and a larger distance than %v", q, v, last.Frechet)
		}
		last = v
	}
	means := judged("class means", real.Shrunk(0))
	near("diversity of class means", means.Diversity, 0, 1e-9)
	if means.Frechet < 10*means.Floor {
		t.Errorf("class means: %+v, want a distance of ten times the floor or more", means)
	}
	for class, d := range training.DiversityOf {
		if d < training.Least {
			t.Errorf("class %d has diversity %v, below the smallest %v", class, d, training.Least)
		}
	}

	best, distances, err := j.Choose([]Images{real.Shrunk(0.8), real, real.Shrunk(0.9)})
	if err != nil || best != 1 || !(distances[1] < distances[2] && distances[2] < distances[0]) {
		t.Errorf("chose %d by %v, error %v, want 1, the digits that are not shrunk", best, distances, err)
	}
	if best, distances, err = j.Choose([]Images{real, real.Shrunk(0.8)}); err != nil || best != 0 {
		t.Errorf("chose %d by %v, error %v, want 0, the digits of the training", best, distances, err)
	}
	// Of those that are at most twice as far as the nearest, it is the last.
	if best, distances, err = j.Choose([]Images{real.Shrunk(0.9), real.Shrunk(0.89), real.Shrunk(0.7)}); err != nil || best != 1 {
		t.Errorf("chose %d by %v, error %v, want 1, which is hardly farther than 0", best, distances, err)
	}
	for name, c := range map[string]struct {
		m    Images
		want string
	}{
		"one class": {real.rows([]int{0, 1, 2}), "0 images of class 1, want two or more"},
		"too many":  {real.rows(append(make([]int, 700), span(1, 1999)...)), "images of class 0, want at most"},
		"shape":     {Images{real.Numbers[1:], real.Labels}, "want 1024 of each"},
		"label":     {Images{real.Numbers[:numbers], []int{10}}, "label 10, want 0 to 9"},
		"NaN":       {Images{append([]float32{float32(math.NaN())}, real.Numbers[1:numbers]...), []int{0}}, "number 0 is NaN"},
	} {
		if _, err := j.Judge(c.m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func span(first, n int) (rows []int) {
	for k := range n {
		rows = append(rows, first+k)
	}
	return rows
}

// TestShare: by hand.
func TestShare(t *testing.T) {
	all, ofClass := Share([]int{3, 3, 8, 3}, []int{3, 3, 3, 8})
	if all != 0.5 || ofClass[3] != 2.0/3 || ofClass[8] != 0 || !math.IsNaN(ofClass[0]) {
		t.Errorf("%v and %v, want 0.5, two thirds of class 3, none of class 8, and NaN without images", all, ofClass)
	}
}
