package sinkhorn

import (
	"math"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// scores writes h_j − c(x, y_j)/ε for every point y_j of the cloud to, and returns the largest.
func scores(dst, x []float64, to *cloud, cost Cost, h []float64, epsilon float64) float64 {
	largest := math.Inf(-1)
	for j := range dst {
		dst[j] = h[j] - cost.At(x, to.row(j))/epsilon
		largest = max(largest, dst[j])
	}
	return largest
}

// negligible is the score, relative to the largest, below which a sum of exponentials leaves a term out: e^−44 is 8e-20, so
// that even a million such terms stay below the rounding of the sum.
const negligible = -44

// exp returns e^v for v in [negligible, 0], with an error of at most 5e-16.
func exp(v float64) float64 { return softmin.Exp2(v * math.Log2E) }

// sumExp returns Σ_j e^(score_j − largest).
func sumExp(scores []float64, largest float64) float64 {
	sum := 0.0
	for _, v := range scores {
		if v -= largest; v > negligible {
			sum += exp(v)
		}
	}
	return sum
}
