package toy

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Mixture is a mixture of Gaussians of one standard deviation, with density
//
//	p(x) = Σ_k w_k (2πσ²)^(−d/2) exp(−‖x−μ_k‖²/2σ²)
//
// and the questions one asks of samples from it: which mode, how many in each, how many in none.
type Mixture struct {
	Distribution
	Means   *mat.Dense // μ [k, d]
	Weights []float64  // w [k], positive, sum 1
	Std     float64    // σ
}

// NewMixture returns the mixture with these means [k, d], weights [k] (nil for equal) and standard deviation. It keeps
// means and weights. It panics if a weight is not positive, if they do not sum to 1 within 1e-9, or if std is not
// positive.
func NewMixture(means *mat.Dense, weights []float64, std float64) *Mixture {
	k, d := means.Dims()
	if weights == nil {
		weights = make([]float64, k)
		for i := range weights {
			weights[i] = 1 / float64(k)
		}
	}
	if len(weights) != k {
		panic(fmt.Sprintf("toy: mixture: %d weights for %d means", len(weights), k))
	}
	if !(std > 0) {
		panic(fmt.Sprintf("toy: mixture: std %v is not positive", std))
	}
	upTo, total := make([]float64, k), 0.0
	for i, w := range weights {
		if !(w > 0) {
			panic(fmt.Sprintf("toy: mixture: weights[%d] = %v is not positive", i, w))
		}
		total += w
		upTo[i] = total
	}
	if !(math.Abs(total-1) <= 1e-9) {
		panic(fmt.Sprintf("toy: mixture: weights sum to %v, not 1", total))
	}
	m := &Mixture{Means: means, Weights: weights, Std: std}
	m.Distribution = Distribution{Name: "mixture", Dim: d, Density: m.density,
		At: func(s stream.Stream, x []float64) {
			u, mode := s.Uniform(0), 0
			for mode < k-1 && u >= upTo[mode] {
				mode++
			}
			for j, mean := range means.RawRowView(mode) {
				x[j] = mean + float64(std*s.Normal(uint64(1+j)))
			}
		}}
	return m
}

func (m *Mixture) density(x []float64) float64 {
	sum, scale := 0.0, -1/(2*m.Std*m.Std)
	for k, w := range m.Weights {
		sum += float64(w * math.Exp(scale*squaredDistance(x, m.Means.RawRowView(k))))
	}
	return sum * math.Pow(2*math.Pi*m.Std*m.Std, -float64(m.Dim)/2)
}

// Nearest returns the mode whose mean is nearest to x [d], the first of equals, and its distance.
func (m *Mixture) Nearest(x []float64) (mode int, dist float64) {
	dist = math.Inf(1)
	for k := range m.Weights {
		if r := squaredDistance(x, m.Means.RawRowView(k)); r < dist {
			mode, dist = k, r
		}
	}
	return mode, math.Sqrt(dist)
}

// Shares counts x [n, d] by nearest mode: share [k] sums to 1 and approaches Weights where the modes are far apart.
// Off is the share of points farther than 4 standard deviations from every mode: e⁻⁸ = 0.03 % for the mixture itself
// in the plane.
func (m *Mixture) Shares(x *mat.Dense) (share []float64, off float64) {
	n, _ := x.Dims()
	share = make([]float64, len(m.Weights))
	for i := range n {
		mode, dist := m.Nearest(x.RawRowView(i))
		share[mode] += 1 / float64(n)
		if !(dist <= 4*m.Std) {
			off += 1 / float64(n)
		}
	}
	return share, off
}

func squaredDistance(x, y []float64) float64 {
	sum := 0.0
	for j, v := range x {
		sum += float64((v - y[j]) * (v - y[j]))
	}
	return sum
}

// EightGaussians returns eight equal modes of standard deviation 0.1 on the circle of radius 2, the first at (2, 0).
func EightGaussians() *Mixture {
	m := NewMixture(ring(8, 2), nil, 0.1)
	m.Name = "eight Gaussians"
	return m
}

// SixPlusTwo returns six modes on the circle of radius 2, which share the weight 0.95, and two far minority modes
// at (6, 6) and (−6, 6) of weight 0.025 each, modes 6 and 7; standard deviation 0.15.
//
// Source: the mixture of the W-Flow paper's mode-coverage figure (arXiv 2605.11755); the numbers are ours.
func SixPlusTwo() *Mixture {
	means := mat.NewDense(8, 2, nil)
	means.Copy(ring(6, 2))
	means.SetRow(6, []float64{6, 6})
	means.SetRow(7, []float64{-6, 6})
	const w = 0.95 / 6
	m := NewMixture(means, []float64{w, w, w, w, w, w, 0.025, 0.025}, 0.15)
	m.Name = "6+2 mixture"
	return m
}

// Gaussian returns the standard normal law in dimension d.
func Gaussian(d int) *Mixture {
	m := NewMixture(mat.NewDense(1, d, nil), nil, 1)
	m.Name = "Gaussian"
	return m
}

// ring returns k points [k, 2] at equal angles on a circle around the origin, the first on the x axis.
func ring(k int, radius float64) *mat.Dense {
	x := mat.NewDense(k, 2, nil)
	for i := range k {
		cos, sin := turn(float64(i) / float64(k))
		x.SetRow(i, []float64{radius * cos, radius * sin})
	}
	return x
}
