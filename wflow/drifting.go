package wflow

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Drifting is the field of the Drifting models, for comparison. With affinities A of the particles to all targets, the
// geometric mean of a softmax over rows and one over columns of −‖x−y‖/τ, positives + and negatives −,
//
//	V = (ΣA⁻) A⁺ Y⁺ − (ΣA⁺) A⁻ Y⁻,
//
// sums running over a row. Negatives are the particles' own cloud, each without itself, or Clouds.Self, and under
// guidance the unconditional data with weight (α−1)(n−1)/u. It vanishes at q = p but is no gradient: Energy is NaN.
//
// Source: Generative Modeling via Drifting, arXiv 2602.04770, algorithm 2, and its code for the last digits: distances
// are at least 1e-4, the product of the softmaxes at least 1e-6, and a particle is 100 farther from itself.
type Drifting struct {
	Temperature float64 // τ, in the unit of the coordinates; > 0

	// Bare takes the affinities as the paper defines them. The code's least product, 1e-6, is an affinity of 1e-3 to
	// everything, however far: with hundreds of points it pulls all particles to the mean of the data, as strongly as
	// the kernel does. Set Bare for flows of clouds, and leave it for what the code does with its small batches.
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
	targets, weights, negatives := c.driftingTargets()
	n, d := c.Particles.Dims()
	m, _ := targets.Dims()
	logits, rows, columns := mat.NewDense(n, m, nil), make([]float64, n), make([]float64, m)
	each(ctx, n, func(i int) {
		for j := range m {
			r := driftingDistance(c.Particles.RawRowView(i), targets.RawRowView(j))
			if c.Self == nil && i == j {
				r += driftingSelfDistance
			}
			logits.Set(i, j, -r/f.Temperature)
		}
		rows[i] = floats.LogSumExp(logits.RawRowView(i))
	})
	each(ctx, m, func(j int) { columns[j] = floats.LogSumExp(mat.Col(nil, j, logits)) })
	least := driftingLeastProduct
	if f.Bare {
		least = 0
	}
	v := mat.NewDense(n, d, nil)
	each(ctx, n, func(i int) {
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
			for k, y := range targets.RawRowView(j) {
				out[k] += w * (y - x[k])
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wflow: %w", err)
	}
	return (&Velocity{V: v, Energy: math.NaN()}).finite()
}

// each calls do for every i < n, on all processors, until the context ends.
func each(ctx context.Context, n int, do func(i int)) {
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), n)
	for first := range workers {
		wait.Go(func() {
			for i := first; i < n && ctx.Err() == nil; i += workers {
				do(i)
			}
		})
	}
	wait.Wait()
}

// driftingTargets returns all that the particles see, negatives first, with their weights.
func (c Clouds) driftingTargets() (targets *mat.Dense, weights []float64, negatives int) {
	own := c.self()
	n, d := own.Dims()
	m, _ := c.Data.Dims()
	u := 0
	if c.Unconditional != nil && c.weight() > 0 {
		u, _ = c.Unconditional.Dims()
	}
	targets = mat.NewDense(n+u+m, d, nil)
	targets.Slice(0, n, 0, d).(*mat.Dense).Copy(own)
	if u > 0 {
		targets.Slice(n, n+u, 0, d).(*mat.Dense).Copy(c.Unconditional)
	}
	targets.Slice(n+u, n+u+m, 0, d).(*mat.Dense).Copy(c.Data)
	weights = make([]float64, n+u+m)
	for j := range weights {
		weights[j] = 1
		if j >= n && j < n+u {
			weights[j] = c.weight() * float64(n-1) / float64(u)
		}
	}
	return targets, weights, n + u
}

func driftingDistance(x, y []float64) float64 {
	s := 0.0
	for k, v := range x {
		s += (v - y[k]) * (v - y[k])
	}
	return math.Sqrt(max(s, driftingLeastSquare))
}
