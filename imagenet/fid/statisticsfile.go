package fid

import (
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/sbinet/npyio/npz"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

// names are those under which evaluations store a mean and a covariance, the usual ones first.
var names = [][2]string{{"mu", "sigma"}, {"ref_mu", "ref_sigma"}}

// ReadStatistics reads the statistics of a reference from an .npz file of NumPy: arrays mu [d] and sigma [d, d], or ref_mu and ref_sigma,
// as JiT's and ADM's references are. What else is in the file is not read; an ADM file has images too, to which its statistics do
// not belong: they are of the whole data set. Such files do not say of how many images they are, so Count is 0, unless
// [Statistics.Write] wrote them.
func ReadStatistics(path string) (Statistics, error) {
	f, err := hub.Open(path)
	if err != nil {
		return Statistics{}, fmt.Errorf("fid: statistics: %w", err)
	}
	defer f.Close()
	shapes := map[string][]int{}
	for _, t := range f.Tensors() {
		shapes[t.Name] = t.Shape
	}
	for _, name := range names {
		mean, ok := shapes[name[0]]
		if !ok {
			continue
		}
		sigma := shapes[name[1]]
		if len(mean) != 1 || len(sigma) != 2 || sigma[0] != mean[0] || sigma[1] != mean[0] {
			return Statistics{}, fmt.Errorf("fid: statistics %s: %s %v and %s %v, want [d] and [d d]", path, name[0], mean, name[1], sigma)
		}
		return readStatistics(f, path, name, mean[0], shapes)
	}
	return Statistics{}, fmt.Errorf("fid: statistics %s: has no arrays mu and sigma, nor ref_mu and ref_sigma", path)
}

func readStatistics(f *hub.File, path string, name [2]string, d int, shapes map[string][]int) (Statistics, error) {
	s, values := Statistics{Mean: make([]float64, d)}, make([]float64, d*d)
	if err := f.Float64s(name[0], s.Mean); err != nil {
		return s, fmt.Errorf("fid: statistics: %w", err)
	}
	if err := f.Float64s(name[1], values); err != nil {
		return s, fmt.Errorf("fid: statistics: %w", err)
	}
	if shape, ok := shapes["count"]; ok && len(shape) == 0 {
		count := make([]float64, 1)
		if err := f.Float64s("count", count); err != nil {
			return s, fmt.Errorf("fid: statistics: %w", err)
		}
		if s.Count = int(count[0]); s.Count < 0 || float64(s.Count) != count[0] {
			return s, fmt.Errorf("fid: statistics %s: of %v images, want a whole number", path, count[0])
		}
	}
	s.Covariance = mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			a, b := values[i*d+j], values[j*d+i]
			if off := math.Abs(a - b); off > 1e-6*math.Sqrt(math.Abs(values[i*d+i]*values[j*d+j])) {
				return s, fmt.Errorf("fid: statistics %s: %s is not symmetric: numbers (%d, %d) and (%d, %d) are %v and %v", path, name[1], i, j, j, i, a, b)
			}
			s.Covariance.SetSym(i, j, (a+b)/2)
		}
	}
	if err := s.check(filepath.Base(path)); err != nil {
		return s, err
	}
	return s, nil
}

// Write writes the statistics as an .npz file with the arrays mu, sigma and count, which other programs read too.
func (s Statistics) Write(path string) error {
	if err := s.check("written"); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		z := npz.NewWriter(w)
		for _, array := range []struct {
			name  string
			value any
		}{{"mu.npy", s.Mean}, {"sigma.npy", mat.DenseCopyOf(s.Covariance)}, {"count.npy", int64(s.Count)}} {
			if err := z.Write(array.name, array.value); err != nil {
				return err
			}
		}
		return z.Close()
	})
}
