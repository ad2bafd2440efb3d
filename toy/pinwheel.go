package toy

import (
	"math"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Pinwheel returns five Gaussian blades around the origin, twisted by an angle that grows with the distance r from it:
// with v = (1.4 + 0.42·z₁, 0.14·z₂), z standard normal, and a blade k drawn from 0 … 4,
//
//	x = R(2π(k/5 + r/4))·v, r = ‖v‖ = ‖x‖
//
// The twist keeps areas, so the density is that of the untwisted blades: p(x) = mean over k of N(v_k(x)), where v_k(x)
// turns x back.
func Pinwheel() Distribution {
	return Distribution{Name: "pinwheel", Dim: 2, At: pinwheel, Density: pinwheelDensity}
}

const blades, bladeCentre, bladeLength, bladeWidth, bladeTwist = 5, 1.4, 0.42, 0.14, 0.25

func pinwheel(s stream.Stream, x []float64) {
	k := s.Intn(0, blades)
	a := bladeCentre + float64(bladeLength*s.Normal(1))
	b := bladeWidth * s.Normal(2)
	r := math.Sqrt(float64(a*a) + float64(b*b))
	x[0], x[1] = rotate(a, b, float64(k)/blades+float64(bladeTwist*r))
}

func pinwheelDensity(x []float64) float64 {
	r, sum := math.Hypot(x[0], x[1]), 0.0
	for k := range blades {
		a, b := rotate(x[0], x[1], -float64(k)/blades-float64(bladeTwist*r))
		a, b = (a-bladeCentre)/bladeLength, b/bladeWidth
		sum += math.Exp(-(float64(a*a) + float64(b*b)) / 2)
	}
	return sum / (blades * 2 * math.Pi * bladeLength * bladeWidth)
}

// rotate turns (x, y) by u full turns counter-clockwise.
func rotate(x, y, u float64) (float64, float64) {
	cos, sin := turn(u)
	return float64(cos*x) - float64(sin*y), float64(sin*x) + float64(cos*y)
}
