package judge

import "math"

// Diversity returns, for each class, the mean squared distance of two different images of it, in pixels from −1 to 1:
//
//	mean over i ≠ j of ‖x_i − x_j‖² = 2 Σ_k s_k²
//
// where s_k² is the unbiased variance of pixel k. It is 0 if all images of a class are the same, and q² times as large if images
// are shrunk by q to their mean. Of a class with less than two images it is NaN.
func Diversity(m Images) (ofClass [Classes]float64) {
	for class, rows := range m.byClass() {
		if len(rows) < 2 {
			ofClass[class] = math.NaN()
			continue
		}
		n := float64(len(rows))
		var sum float64
		for k := range numbers {
			var mean, square float64
			for _, i := range rows {
				mean += float64(m.Numbers[i*numbers+k]) / n
			}
			for _, i := range rows {
				off := float64(m.Numbers[i*numbers+k]) - mean
				square += off * off
			}
			sum += square
		}
		ofClass[class] = 2 * sum / (n - 1)
	}
	return ofClass
}
