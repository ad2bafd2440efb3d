package toy_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/toy"
)

// TestReadPlane: two columns in every way that people write them are points of the plane; anything else is one sentence.
func TestReadPlane(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := mat.NewDense(2, 2, []float64{1.5, -2, 0.25, 4})
	for name, text := range map[string]string{
		"commas.csv":     "1.5,-2\n0.25,4\n",
		"header.csv":     "x,y\n1.5,-2\n0.25,4\n",
		"semicolons.csv": "x;y\n1,5;-2\n0,25;4\n",
		"points.csv":     "1.5;-2\n0.25;4\n",
		"tabs.tsv":       "x\ty\n1.5\t-2\n0.25\t4\n",
		"german.txt":     "1,5\t-2,0\n0,25\t4,0\n",
		"spaces.dat":     "1.5  -2\n0.25  4\n",
	} {
		if got, err := toy.ReadPlane(write(name, text)); err != nil || !mat.Equal(got, want) {
			t.Errorf("%s: read as %v, error %v, want %v", name, got, err, want)
		}
	}
	for name, c := range map[string][2]string{
		"labels.csv":   {"x,y,label\n1.5,-2,0\n0.25,4,1\n", "has 3 columns (the first row begins with [1.5 -2 0]), want 2, x and y: save these two columns alone"},
		"both.csv":     {"1,5,-2,0\n0,25,4,0\n", "has 4 columns (the first row begins with [1 5 -2 0]), want 2"},
		"one.csv":      {"x\n1.5\n-2\n", "has 1 column (the first row begins with [1.5]), want 2"},
		"words.csv":    {"x;y\n1,5;-2\n0,25;four\n", `row 1 (line 3), column 1: "four" is not a finite decimal number`},
		"index.csv":    {",x,y\n0,1.5,-2\n1,0.25,4\n", "the first column holds row numbers"},
		"thousand.csv": {"1,234;5\n", "may have a decimal comma or one between thousands"},
	} {
		path := write(name, c[0])
		got, err := toy.ReadPlane(path)
		if err == nil || !strings.HasPrefix(err.Error(), "toy: cloud "+path+": ") || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: read as %v, error %v, want %s", name, got, err, c[1])
		}
	}
}

// TestReadPlaneSaysWhereItLooked: a relative path begins at the folder in which the program runs, which the error names.
func TestReadPlaneSaysWhereItLooked(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := toy.ReadPlane("none.csv"); err == nil || !strings.HasSuffix(err.Error(), " in "+here) {
		t.Errorf("error %v, want one that ends in %s", err, here)
	}
	if _, err := toy.ReadPlane(filepath.Join(folder, "none.csv")); err == nil || strings.HasSuffix(err.Error(), here) {
		t.Errorf("error %v, want one without the folder, which the path already names", err)
	}
}

// TestStandardize: mean 0 and standard deviation 1, whatever the place and the unit; the order and the shape stay.
func TestStandardize(t *testing.T) {
	// Of 0, 0, 3, 9 the mean is 3 and the variance (9 + 9 + 0 + 36)/4. The second column never changes.
	x := mat.NewDense(4, 2, []float64{0, 0.1, 0, 0.1, 3, 0.1, 9, 0.1})
	std := math.Sqrt(13.5)
	want := mat.NewDense(4, 2, []float64{-3 / std, 0, -3 / std, 0, 0, 0, 6 / std, 0})
	if got := toy.Standardize(x); !mat.EqualApprox(got, want, 1e-15) {
		t.Errorf("%v, want %v", got.RawMatrix().Data, want.RawMatrix().Data)
	}
	if x.At(2, 0) != 3 {
		t.Error("the points were changed")
	}
	cloud := toy.TwoMoons().Sample(1, 100)
	whole := toy.Standardize(cloud)
	for _, unit := range [][2]float64{{1, 1}, {1e300, 1e-300}, {-1e-310, 1e6}} { // 1e-310 is subnormal: it has 11 digits
		var scaled mat.Dense
		scaled.Apply(func(_, j int, v float64) float64 { return v * unit[j] }, cloud)
		got := toy.Standardize(&scaled)
		got.Apply(func(_, j int, v float64) float64 { return math.Copysign(v, v*unit[j]) }, got)
		if !mat.EqualApprox(got, whole, 1e-8) {
			t.Errorf("in units of %v the cloud becomes another", unit)
		}
	}
	for _, single := range []float64{0, 1e-320, 7, -1e308} {
		if got := toy.Standardize(mat.NewDense(1, 2, []float64{single, single})); mat.Norm(got, 1) != 0 {
			t.Errorf("the point %v becomes %v, want 0", single, got.RawMatrix().Data)
		}
	}
}
