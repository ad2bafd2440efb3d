package judge

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

func law(n int, mean []float64, covariance ...float64) Statistics {
	return Statistics{n, mean, mat.NewSymDense(len(mean), covariance)}
}

// TestFrechet: the distance of normal laws in closed form. For 2 × 2 matrices, tr √M = √(tr M + 2 √det M).
func TestFrechet(t *testing.T) {
	a, b := []float64{3, 1, 1, 2}, []float64{5, -2, -2, 1}               // they do not commute
	root := math.Sqrt(3*5 + 2*1*-2 + 2*1 + 2*math.Sqrt((3*2-1)*(5*1-4))) // tr ab = Σ aᵢⱼ bᵢⱼ
	for name, c := range map[string]struct {
		one, two Statistics
		want     float64
	}{
		"line":      {law(9, []float64{1}, 4), law(9, []float64{-2}, 25), 3*3 + (5-2)*(5-2)},
		"diagonal":  {law(9, []float64{1, 2, 3}, 4, 0, 0, 0, 9, 0, 0, 0, 1), law(9, []float64{1, 0, 3}, 1, 0, 0, 0, 16, 0, 0, 0, 1), 2*2 + 1 + 1},
		"equal":     {law(9, []float64{1, 2}, a...), law(9, []float64{1, 2}, a...), 0},
		"matrices":  {law(9, []float64{0, 0}, a...), law(9, []float64{1, 1}, b...), 2 + 5 + 6 - 2*root},
		"exchanged": {law(9, []float64{1, 1}, b...), law(9, []float64{0, 0}, a...), 2 + 5 + 6 - 2*root},
		"points":    {law(9, []float64{0, 0}, a...), law(2, []float64{3, 4}, 0, 0, 0, 0), 25 + 5},
		"a line":    {law(9, []float64{0, 0}, 4, 0, 0, 9), law(2, []float64{0, 0}, 1, 0, 0, 0), 1 + 9},
	} {
		got, err := Frechet(c.one, c.two)
		if err != nil || math.Abs(got-c.want) > 1e-7 { // the root of an eigenvalue that is 0 up to 1e-16 is 1e-8
			t.Errorf("%s: %v, error %v, want %v", name, got, err, c.want)
		}
	}
}

func TestFrechetRefuses(t *testing.T) {
	good := law(9, []float64{0, 0}, 1, 0, 0, 1)
	for name, c := range map[string]struct {
		one, two Statistics
		want     string
	}{
		"other features": {good, law(9, []float64{0}, 1), "of 2 and of 1 features"},
		"few images":     {law(2, []float64{0, 0}, 1, 0, 0, 1), good, "of 2 images is singular"},
		"constant":       {law(9, []float64{0, 0}, 1, 0, 0, 0), good, "features that vary"},
	} {
		if _, err := Frechet(c.one, c.two); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// TestStatistics: by hand, and of many draws of a law. The distance of n draws of a law in d dimensions to the law itself is small
// of order d²/n.
func TestStatistics(t *testing.T) {
	s := StatisticsOf(mat.NewDense(3, 2, []float64{1, 0, 2, 0, 6, 3}))
	if s.Images != 3 || s.Mean[0] != 3 || s.Mean[1] != 1 || s.Covariance.At(0, 0) != 7 || s.Covariance.At(1, 1) != 3 || s.Covariance.At(0, 1) != 4.5 {
		t.Errorf("%+v, want mean 3 and 1, variances 7 and 3, covariance 4.5", s)
	}
	const n, d = 4000, 5
	unit := mat.NewSymDense(d, nil)
	for k := range d {
		unit.SetSym(k, k, 1)
	}
	got, err := Frechet(Statistics{n, make([]float64, d), unit}, StatisticsOf(stream.New(1, "law").Normals(0, n, d)))
	if err != nil || got < 0 || got > 2*d*d/float64(n) {
		t.Errorf("distance of draws to their law %v, error %v, want 0 to %v", got, err, 2*d*d/float64(n))
	}
}
