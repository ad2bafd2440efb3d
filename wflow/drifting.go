package wflow

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/parallel"
)

// Drifting is the field of the Drifting models, for comparison. The affinity of a particle to a point is the geometric mean
// of two softmaxes of −‖x−y‖/τ, one over all points and one over the particles. The data draw a particle: they are the
// positives Y⁺, with affinities A⁺. The negatives Y⁻, with A⁻, push it away:
//
//	V = (ΣA⁻) A⁺ Y⁺ − (ΣA⁺) A⁻ Y⁻,
//
// where the sums run over the points. The negatives of a particle are the other particles, or Clouds.Self instead; under
// guidance the unconditional data are negatives too, with weight (α−1)(n−1)/u. V vanishes at q = p but is the gradient of
// nothing: Energy is NaN.
//
// Source: Generative Modeling via Drifting, arXiv 2602.04770, algorithm 2, and its code for the last digits: a distance is
// at least 1e-4, the product of the two softmaxes at least 1e-6, and 100 is added to a particle's distance to itself.
type Drifting struct {
	Temperature float64 // τ, in the unit of the coordinates; > 0

	// Bare takes the affinities as the paper defines them. In its code the product of the softmaxes is at least 1e-6, an
	// affinity of 1e-3 to every point, however far. Over hundreds of points that pulls all particles to the mean of the
	// data, as strongly as the softmaxes themselves do. So set Bare for flows of clouds, and leave it unset for training
	// on small batches, as the code does.
	Bare bool
}

const (
	driftingLeastSquare  = 1e-8 // of a squared distance
	driftingLeastProduct = 1e-6 // of row softmax × column softmax
	driftingSelfDistance = 100  // added to a particle's distance to itself
)

// Velocity returns the velocity of every particle.
func (f *Drifting) Velocity(ctx context.Context, c Clouds) (*Velocity, error) {
	if !(f.Temperature > 0) {
		return nil, fmt.Errorf("wflow: Drifting has Temperature %v, want > 0", f.Temperature)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	points, weights, negatives := c.driftingSurroundings()
	n, d := c.Particles.Dims()
	m, _ := points.Dims()
	logits, rows, columns := mat.NewDense(n, m, nil), make([]float64, n), make([]float64, m)
	parallel.Each(ctx, n, func(i int) {
		for j := range m {
			r := driftingDistance(c.Particles.RawRowView(i), points.RawRowView(j))
			if c.Self == nil && i == j {
				r += driftingSelfDistance
			}
			logits.Set(i, j, -r/f.Temperature)
		}
		rows[i] = floats.LogSumExp(logits.RawRowView(i))
	})
	parallel.Each(ctx, m, func(j int) { columns[j] = floats.LogSumExp(mat.Col(nil, j, logits)) })
	least := driftingLeastProduct
	if f.Bare {
		least = 0
	}
	v := mat.NewDense(n, d, nil)
	parallel.Each(ctx, n, func(i int) {
		a, x, out := logits.RawRowView(i), c.Particles.RawRowView(i), v.RawRowView(i)
		for j, logit := range a {
			product := math.Exp(2*logit - rows[i] - columns[j])
			a[j] = weights[j] * math.Sqrt(max(product, least))
		}
		away, towards := floats.Sum(a[:negatives]), floats.Sum(a[negatives:])
		for j, w := range a {
			w *= away
			if j < negatives {
				w = -a[j] * towards
			}
			for k, y := range points.RawRowView(j) {
				out[k] += w * (y - x[k])
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wflow: %w", err)
	}
	return (&Velocity{V: v, Energy: math.NaN()}).finite()
}

// Regularised is true: the temperature is R·√d.
func (f *Drifting) Regularised() bool { return true }

// WithR returns the field with the temperature R·√d. It wants Bare unset.
func (f *Drifting) WithR(r float64, d int) (Field, error) {
	if f.Bare {
		return nil, errors.New("wflow: Drifting has Bare set, which is for flows: training wants it unset")
	}
	return &Drifting{Temperature: r * math.Sqrt(float64(d))}, nil
}

// Surroundings returns all that the particles see, each at its distance. The particles themselves are among them only as
// their own self term.
func (f *Drifting) Surroundings(c Clouds) Surroundings {
	points, weights, _ := c.driftingSurroundings()
	return Surroundings{Points: points, Weights: weights, Distance: driftingDistance}
}

// driftingSurroundings returns all that the particles see, negatives first, with their weights.
func (c Clouds) driftingSurroundings() (points *mat.Dense, weights []float64, negatives int) {
	clouds := []*mat.Dense{c.self()}
	own, _ := c.self().Dims()
	negatives = own
	if c.weight() > 0 {
		clouds = append(clouds, c.Unconditional)
		negatives += c.Unconditional.RawMatrix().Rows
	}
	points = stacked(append(clouds, c.Data)...)
	weights = make([]float64, points.RawMatrix().Rows)
	for j := range weights {
		weights[j] = 1
		if j >= own && j < negatives {
			weights[j] = c.weight() * float64(own-1) / float64(negatives-own)
		}
	}
	return points, weights, negatives
}

// driftingDistance returns ‖x−y‖, or 1e-4 if that is less.
func driftingDistance(x, y []float64) float64 {
	s := 0.0
	for k, v := range x {
		s += (v - y[k]) * (v - y[k])
	}
	return math.Sqrt(max(s, driftingLeastSquare))
}
