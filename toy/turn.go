package toy

import "math"

// turn returns cos 2πu and sin 2πu for |u| < 2⁵⁰, the same on every platform, to 3e-16. The angle is reduced to
// |θ| ≤ π/4 exactly; there the Taylor polynomials of degrees 16 and 15 leave out less than 5e-17.
func turn(u float64) (cos, sin float64) {
	quarter := math.Floor(float64(4*u) + 0.5)
	theta := 2 * math.Pi * (u - float64(quarter/4))
	z := theta * theta
	c, s := 0.0, 0.0
	for k := len(cosine) - 1; k >= 0; k-- {
		c = float64(c*z) + cosine[k]
		s = float64(s*z) + sine[k]
	}
	s = float64(s * theta)
	switch int64(quarter) & 3 {
	case 0:
		return c, s
	case 1:
		return -s, c
	case 2:
		return -c, -s
	default:
		return s, -c
	}
}

// Taylor coefficients of cos θ and of sin θ/θ in powers of θ².
var (
	cosine = [...]float64{1, -1. / 2, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800, 1. / 479001600, -1. / 87178291200, 1. / 20922789888000}
	sine   = [...]float64{1, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 0}
)
