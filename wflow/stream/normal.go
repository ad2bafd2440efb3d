package stream

import "math"

// upper returns the x ≥ 0 with 1 − Φ(x) = p, for 0 < p ≤ ½. Three rational functions give it: one of (½ − p)² about the
// median, and two of √(−log p), in the near and in the far tail.
//
// Source: Wichura, Algorithm AS 241: The Percentage Points of the Normal Distribution (1988), PPND16.
func upper(p float64) float64 {
	q := 0.5 - p
	if q <= 0.425 {
		return q * central.value(0.180625-float64(q*q))
	}
	r := math.Sqrt(-log(p))
	if r <= 5 {
		return tail.value(r - 1.6)
	}
	return far.value(r - 5)
}

// rational is P(r)/Q(r), both of degree 7. Their coefficients have the lowest power first.
type rational struct{ p, q [8]float64 }

func (f *rational) value(r float64) float64 { return octic(&f.p, r) / octic(&f.q, r) }

// octic sums c[k]·r^k pairwise, in powers of two: three dependent steps instead of seven.
func octic(c *[8]float64, r float64) float64 {
	r2 := r * r
	a := c[0] + float64(c[1]*r)
	b := c[2] + float64(c[3]*r)
	d := c[4] + float64(c[5]*r)
	e := c[6] + float64(c[7]*r)
	return a + float64(b*r2) + float64((d+float64(e*r2))*float64(r2*r2))
}

var (
	central = rational{
		[8]float64{3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
			4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3},
		[8]float64{1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
			2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3},
	}
	tail = rational{
		[8]float64{1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
			1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
		[8]float64{1, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
			1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9},
	}
	far = rational{
		[8]float64{6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1,
			2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
		[8]float64{1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
			7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15},
	}
)

// log returns log x for normal x > 0. With x = 2^e·m, √½ ≤ m < √2 and s = (m−1)/(m+1), |s| ≤ 0.172,
//
//	log x = e·log 2 + 2·(s + s³/3 + s⁵/5 + … + s¹⁷/17 + …)
//
// The terms after s¹⁷/17 are left out. Together they are below 3.1e-16, half an ulp of log p for the p ≤ 0.075 of the
// tails.
func log(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1)
	z := s * s
	return float64(float64(e)*math.Ln2) + float64(2*s*(1+float64(z*octic(&odd, z))))
}

// odd holds the coefficients of atanh(s)/s after the first, in powers of s².
var odd = [8]float64{1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17}
