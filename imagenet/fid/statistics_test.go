package fid

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npz"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// features returns n rows of d normal numbers of a name, with means and sizes that differ by column.
func features(name string, n, d int) Features[float64] {
	f := Features[float64]{d, golden.Normals(name, n*d)}
	for i := range f.Values {
		f.Values[i] = f.Values[i]*(1+float64(i%d)/4) + float64(i%d) - 3
	}
	return f
}

func TestStatisticsByHand(t *testing.T) {
	s, err := StatisticsOf(Features[float64]{2, []float64{1, 0, 3, 0, 5, 6}})
	if err != nil {
		t.Fatal(err)
	}
	want := mat.NewSymDense(2, []float64{4, 6, 6, 12})
	if s.Count != 3 || s.Mean[0] != 3 || s.Mean[1] != 2 || !mat.EqualApprox(s.Covariance, want, 1e-14) {
		t.Errorf("statistics %+v", s)
	}
	if _, err := StatisticsOf(Features[float64]{2, []float64{1, 2}}); err == nil {
		t.Error("statistics of one image, want an error")
	}
}

// Parts of any size, merged in any order, have the statistics of one pass.
func TestMomentsMerge(t *testing.T) {
	const n, d = 1234, 7
	all := features("merge", n, d)
	whole, err := StatisticsOf(all)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		cuts := rapid.SliceOfNDistinct(rapid.IntRange(1, n-1), 6, 6, rapid.ID).Draw(t, "cuts")
		parts := map[int]int{0: n} // from, to
		for _, cut := range cuts {
			for from, to := range parts {
				if from < cut && cut < to {
					parts[from], parts[cut] = cut, to
				}
			}
		}
		merged := NewMoments(d)
		for from, to := range parts { // in the random order of a map
			part := NewMoments(d)
			if err := Add(part, Features[float64]{d, all.Values[from*d : to*d]}); err != nil {
				t.Fatal(err)
			}
			merged.Merge(part)
		}
		s, err := merged.Statistics()
		if err != nil {
			t.Fatal(err)
		}
		for i := range d {
			if math.Abs(s.Mean[i]-whole.Mean[i]) > 1e-12 {
				t.Errorf("mean %v, want %v", s.Mean, whole.Mean)
			}
		}
		if s.Count != n || !mat.EqualApprox(s.Covariance, whole.Covariance, 1e-12) {
			t.Errorf("%d images, want %d; or covariances differ by more than 1e-12", s.Count, n)
		}
	})
}

// A file without statistics, or with others than can be, is refused, and the error names the file and the array.
func TestReadStatisticsRefuses(t *testing.T) {
	square := func(v ...float64) *mat.Dense { return mat.NewDense(2, 2, v) }
	for want, arrays := range map[string]map[string]any{
		"has no arrays mu and sigma, nor ref_mu": {"arr_0": []float64{1}},
		"mu [2] and sigma [3 2]":                 {"mu": []float64{1, 2}, "sigma": mat.NewDense(3, 2, nil)},
		"mu [2] and sigma []":                    {"mu": []float64{1, 2}},
		"ref_sigma is not symmetric: numbers (0": {"ref_mu": []float64{1, 2}, "ref_sigma": square(1, 0.5, 0.4, 1)},
		"number 1 of the mean is NaN":            {"mu": []float64{1, math.NaN()}, "sigma": square(1, 0, 0, 1)},
		"variance 1 is -1":                       {"mu": []float64{1, 2}, "sigma": square(1, 0, 0, -1)},
		"of -3 images":                           {"mu": []float64{1, 2}, "sigma": square(1, 0, 0, 1), "count": int64(-3)},
	} {
		path := filepath.Join(t.TempDir(), "x.npz")
		z, err := npz.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range arrays {
			if err := z.Write(name+".npy", value); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadStatistics(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.npz") {
			t.Errorf("error %v, want one with %q and the file", err, want)
		}
	}
}

func TestStatisticsFile(t *testing.T) {
	s, err := StatisticsOf(features("file", 50, 4))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "reference.npz")
	if err := s.Write(path); err != nil {
		t.Fatal(err)
	}
	r, err := ReadStatistics(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Count != 50 || !mat.Equal(r.Covariance, s.Covariance) || r.Mean[3] != s.Mean[3] {
		t.Errorf("read %+v, want %+v", r, s)
	}
	if d, err := Frechet(r, s); d != 0 || err != nil {
		t.Errorf("distance to the same from a file: %v, error %v", d, err)
	}
}
