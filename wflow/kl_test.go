package wflow

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// TestKLIsTheDifferenceOfScores: the KL field is ε(∇ log p̂ − ∇ log q̂) of kernel density estimates.
func TestKLIsTheDifferenceOfScores(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	const epsilon = 0.4
	x, y := gaussian(r, 4, 2, 0, 1), gaussian(r, 6, 2, 0.5, 1)
	logDensity := func(point []float64, cloud *mat.Dense) float64 {
		n, _ := cloud.Dims()
		sum := 0.0
		for j := range n {
			sum += math.Exp(-sinkhorn.HalfSquared.At(point, cloud.RawRowView(j)) / epsilon)
		}
		return math.Log(sum / float64(n))
	}
	got := velocity(t, &KL{Epsilon: epsilon}, Clouds{Particles: x, Data: y})
	energy := 0.0
	for i := range 4 {
		energy += epsilon * (logDensity(x.RawRowView(i), x) - logDensity(x.RawRowView(i), y)) / 4
		for k := range 2 {
			const h = 1e-5
			ratio := func(delta float64) float64 {
				point := append([]float64(nil), x.RawRowView(i)...)
				point[k] += delta
				return logDensity(point, y) - logDensity(point, x)
			}
			near(t, "score", got.V.At(i, k), epsilon*(ratio(h)-ratio(-h))/(2*h), 1e-9)
		}
	}
	near(t, "energy", got.Energy, energy, 1e-12)
}
