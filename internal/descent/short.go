package descent

import (
	"fmt"
	"math"
)

// Short says so if a training is too short for the moving average of its weights, and is empty otherwise. An average with a decay
// looks back about 1/(1 − decay) steps. If that is more than a fifth of all steps, weights of the beginning are part of the result:
// e⁻⁵ of it, 0.7 %, are older than five such spans.
func Short(decay float64, steps int) string {
	span := math.Round(1 / (1 - decay))
	if 5*span <= float64(steps) {
		return ""
	}
	return fmt.Sprintf("the moving average of the weights looks back %.0f steps, and the training has %d: its beginning is part of the result. Decay %.4g would look back a tenth of the steps",
		span, steps, 1-10/float64(max(steps, 11)))
}
