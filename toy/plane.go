package toy

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// ReadPlane reads points of the plane [n, 2] from a file, as ReadFile does. A file of one column, or of three and more, is an
// error: it does not tell whether a third column holds a coordinate, labels or weights.
func ReadPlane(path string) (*mat.Dense, error) {
	points, err := ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(path) {
		if folder, unknown := os.Getwd(); unknown == nil {
			return nil, fmt.Errorf("%w in %s", err, folder)
		}
	}
	if err != nil {
		return nil, err
	}
	if _, d := points.Dims(); d != 2 {
		columns := fmt.Sprint(d, " columns")
		if d == 1 {
			columns = "1 column"
		}
		return nil, fmt.Errorf("toy: cloud %s: has %s (the first row begins with %v), want 2, x and y: save these two columns alone (pandas: df[[\"x\", \"y\"]].to_csv(path, index=False))",
			path, columns, points.RawRowView(0)[:min(d, 4)])
	}
	return points, nil
}

// Standardize returns points [n, d] without their place and unit: of every coordinate the mean is taken off, and what is left
// is divided by its standard deviation,
//
//	z_ij = (x_ij − mean_j)/std_j,   std_j² = Σ_i (x_ij − mean_j)²/n
//
// A coordinate that is the same for all points becomes 0. Numbers may be as large or small as float64 allows: each coordinate
// is first divided by its largest magnitude, so that no square overflows.
func Standardize(points *mat.Dense) *mat.Dense {
	n, d := points.Dims()
	z := mat.NewDense(n, d, nil)
	for j := range d {
		x := mat.Col(nil, j, points)
		largest := floats.Norm(x, math.Inf(1))
		if largest == 0 {
			continue
		}
		for i := range x {
			x[i] /= largest
		}
		if mean, std := stat.PopMeanStdDev(x, nil); std > 0 {
			for i := range x {
				z.Set(i, j, (x[i]-mean)/std)
			}
		}
	}
	return z
}
