package toy

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Arc is a piece of a curve in the plane, over 0 ≤ u ≤ 1.
//
// The arcs of this package, and all its samples, are the same bytes on every platform. A new one has to be, too:
//
//   - A product that is added or subtracted is written float64(x*y), as in 0.25 + float64(2*u). Where the processor can, as
//     on arm64, Go computes x*y + z with one rounding; elsewhere there are two. The conversion makes it two everywhere.
//   - Of package math only Sqrt, Floor and Abs are the same everywhere. Exp, Log, Sin and Cos need not be: sine and cosine
//     come from turn.
//
// TestNothingIsFused finds a product without its float64. TestBytes compares hashes of samples, here and as WebAssembly.
type Arc func(u float64) (x, y float64)

// Curve returns the law of c(u) + σ·z, where c is any of the arcs with equal probability, u uniform and z standard
// normal in the plane. Its density
//
//	p(x) = mean over c of ∫ N(x; c(u), σ²I) du
//
// is summed at 512 Gauss–Legendre points an arc: exact to 1e-9 for smooth arcs, run through evenly, up to 300σ long.
// It panics if there are no arcs or if std is not positive. Its samples are the same bytes on every platform if the points
// of the arcs are: see [Arc].
func Curve(name string, std float64, arcs ...Arc) Distribution {
	return Distribution{Name: name, Dim: 2, Density: curveDensity(std, arcs),
		At: func(s stream.Stream, x []float64) {
			cx, cy := arcs[s.Intn(0, len(arcs))](s.Uniform(1))
			x[0] = float64(cx) + float64(std*s.Normal(2))
			x[1] = float64(cy) + float64(std*s.Normal(3))
		}}
}

func curveDensity(std float64, arcs []Arc) func(x []float64) float64 {
	const n = 512
	u, w := make([]float64, n), make([]float64, n)
	quad.Legendre{}.FixedLocations(u, w, 0, 1)
	means, weights := mat.NewDense(n*len(arcs), 2, nil), make([]float64, n*len(arcs))
	for a, arc := range arcs {
		for k := range n {
			x, y := arc(u[k])
			means.SetRow(a*n+k, []float64{x, y})
			weights[a*n+k] = w[k] / float64(len(arcs))
		}
	}
	return NewMixture(means, weights, std).Density
}

// opposite returns the arc mirrored at the origin.
func opposite(c Arc) Arc {
	return func(u float64) (x, y float64) {
		x, y = c(u)
		return -x, -y
	}
}

// TwoMoons returns two half circles of radius 1.5 hooked into each other, mirror images at the origin, with noise 0.1:
//
//	±1.5·(cos πu − 1/2, sin πu − 1/4)
func TwoMoons() Distribution {
	moon := func(u float64) (x, y float64) {
		cos, sin := turn(u / 2)
		return 1.5 * (cos - 0.5), 1.5 * (sin - 0.25)
	}
	return Curve("two moons", 0.1, moon, opposite(moon))
}

// TwoSpirals returns two Archimedean spirals of one and a half turns out to radius 2, mirror images at the origin, with
// noise 0.08:
//
//	±2√u·(cos 3π√u, sin 3π√u)
func TwoSpirals() Distribution {
	arm := func(u float64) (x, y float64) {
		r := math.Sqrt(u)
		cos, sin := turn(1.5 * r)
		return 2 * r * cos, 2 * r * sin
	}
	return Curve("two spirals", 0.08, arm, opposite(arm))
}

// SwissRoll returns a spiral of two turns scaled to reach 1, with noise 0.03:
//
//	t·(cos t, sin t)/(4.5π), t = π/2 + 4πu
//
// Source: the data of the Drifting paper's two-dimensional example (arXiv 2602.04770).
func SwissRoll() Distribution {
	return Curve("Swiss roll", 0.03, func(u float64) (x, y float64) {
		t := 0.25 + float64(2*u)
		cos, sin := turn(t)
		return t / 2.25 * cos, t / 2.25 * sin
	})
}

// SCurve returns the letter S made of two three-quarter circles of radius 1, with noise 0.08:
//
//	±(sin t, cos t − 1), t = 3πu/2
func SCurve() Distribution {
	half := func(u float64) (x, y float64) {
		cos, sin := turn(0.75 * u)
		return sin, cos - 1
	}
	return Curve("S-curve", 0.08, half, opposite(half))
}

// Rings returns three concentric circles of radius 2/3, 4/3 and 2 and of equal weight, with noise 0.06.
func Rings() Distribution {
	return Curve("rings", 0.06, ellipse(2./3, 2./3), ellipse(4./3, 4./3), ellipse(2, 2))
}

// Ellipse returns the ellipse of half axes 2 and 0.7, uniform in the angle, with noise 0.03.
//
// Source: the start of the oval-to-circle figure of the W-Flow paper (arXiv 2605.11755); the numbers are ours.
func Ellipse() Distribution { return Curve("ellipse", 0.03, ellipse(2, 0.7)) }

// Circle returns the unit circle with noise 0.03: where the ellipse goes.
func Circle() Distribution { return Curve("circle", 0.03, ellipse(1, 1)) }

func ellipse(a, b float64) Arc {
	return func(u float64) (x, y float64) {
		cos, sin := turn(u)
		return a * cos, b * sin
	}
}
