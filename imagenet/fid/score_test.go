package fid

import (
	"math"
	"strings"
	"testing"
)

// sure returns logits of n images, image i surely of class i mod classes.
func sure(n, classes int) Features[float64] {
	f := Features[float64]{classes, make([]float64, n*classes)}
	for i := range n {
		f.Row(i)[i%classes] = 1000
	}
	return f
}

// The score of images that say nothing is 1. Of images that are surely of one class, with as many of each, it is the number of
// classes.
func TestInceptionScoreOfExtremes(t *testing.T) {
	for what, c := range map[string]struct {
		logits Features[float64]
		want   float64
	}{
		"of any class":        {Features[float64]{5, make([]float64, 20*5)}, 1},
		"surely of one of 4":  {sure(20, 4), 4},
		"all of one class":    {Features[float64]{2, []float64{9, 0, 9, 0, 9, 0}}, 1},
		"large, but the same": {Features[float64]{2, []float64{1e300, 1e300, -1e300, -1e300}}, 1},
	} {
		for name, score := range map[string]func(Features[float64], int, uint32) (Score, error){"InceptionScore": InceptionScore[float64], "TrainingScore": TrainingScore[float64]} {
			got, err := score(c.logits, 1, 1)
			if err != nil || math.Abs(got.Mean-c.want) > 1e-12 || got.Deviation != 0 {
				t.Errorf("%s, %s: %+v, error %v, want %v", name, what, got, err, c.want)
			}
		}
	}
}

// Seven images in three parts are two, two and three of them; where the last are left out, two each.
func TestInceptionScoreParts(t *testing.T) {
	logits := sure(7, 7)
	whole, err := InceptionScore(logits, 3, 2020)
	if want := (2. + 2 + 3) / 3; err != nil || math.Abs(whole.Mean-want) > 1e-12 {
		t.Errorf("%+v, error %v, want mean %v", whole, err, want)
	}
	cut, err := TrainingScore(logits, 3, 2020)
	if err != nil || math.Abs(cut.Mean-2) > 1e-12 || cut.Deviation > 1e-12 {
		t.Errorf("%+v, error %v, want mean 2", cut, err)
	}
}

func TestInceptionScoreRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		logits Features[float64]
		parts  int
	}{
		"of 3 images in 4 parts": {sure(3, 2), 4},
		"of 3 images in 0 parts": {sure(3, 2), 0},
		"number 1 is NaN":        {Features[float64]{2, []float64{0, math.NaN()}}, 1},
		"for rows of 2":          {Features[float64]{2, []float64{0}}, 1},
		"for rows of 0":          {Features[float64]{}, 1},
	} {
		if _, err := InceptionScore(c.logits, c.parts, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
