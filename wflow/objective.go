package wflow

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// Objective is what training regresses on: the velocity of a field on clouds divided by one scale s, so that the
// root-mean-square distance between points is √d, and itself divided by its root mean square θ, so that only its
// direction counts. With several regularisations the velocities are normalised one by one and added:
//
//	V = Σ_R V_R/θ_R,   θ_R = √(max(mean V_R², 1e-8)),   loss = mean ‖x/s − sg(x/s + V)‖².
//
// The loss of a single R is 1 by construction; mean V_R², before normalisation, is the signal that falls.
//
// Particle flows that show an energy decay use a field at a fixed ε and its raw velocity instead: see Flow.
//
// Source: the code of arXiv 2605.11755 and 2602.04770.
type Objective struct {
	// Field is a *Sinkhorn (with fixed Iterations), *KL, *MMD or *Drifting. Its Epsilon or Temperature is set from R.
	Field Field

	// R lists the regularisations: ε = R·d for the cost ‖x−y‖²/2, and R·√d for ‖x−y‖ and Drifting's temperature, on
	// the scaled clouds. In the plane, d = 2, R = 0.05 is ε = 0.1, and the mean cost is d/2 = 1.
	R []float64
}

// Goal is what an Objective asks of a batch of problems that share one scale.
type Goal struct {
	// Velocity is V of every problem, [n, d], on the scaled clouds: the particles x are to become s·(x/s + V).
	Velocity []*mat.Dense

	// Loss is the mean over a problem's particles and coordinates of V².
	Loss []float64

	// Scale is the root mean square distance, or the mean one where ε goes with √d; S = max(Scale/√d, 1e-3) divides
	// the clouds.
	Scale, S float64

	// MeanSquare is mean V_R² for every R, before normalisation.
	MeanSquare []float64
}

const (
	leastScale      = 1e-3
	leastMeanSquare = 1e-8
)

// Goal returns the goal of a batch of problems, one Clouds each. Errors are those of the field, and one for a field or
// an R that training does not know.
func (o Objective) Goal(ctx context.Context, batch []Clouds) (*Goal, error) {
	if len(o.R) == 0 || len(batch) == 0 {
		return nil, fmt.Errorf("wflow: %d values of R and %d problems, want at least one of each", len(o.R), len(batch))
	}
	for _, c := range batch {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	_, d := batch[0].Particles.Dims()
	g := &Goal{Loss: make([]float64, len(batch))}
	g.Scale = o.scale(batch)
	g.S = max(g.Scale/math.Sqrt(float64(d)), leastScale)
	scaled := make([]Clouds, len(batch))
	for b, c := range batch {
		scaled[b] = c.dividedBy(g.S)
		n, _ := c.Particles.Dims()
		g.Velocity = append(g.Velocity, mat.NewDense(n, d, nil))
	}
	for _, r := range o.R {
		field, err := o.at(r, float64(d))
		if err != nil {
			return nil, err
		}
		velocities := make([]*mat.Dense, len(batch))
		meanSquare, count := 0.0, 0
		for b, c := range scaled {
			v, err := field.Velocity(ctx, c)
			if err != nil {
				return nil, err
			}
			velocities[b] = v.V
			meanSquare += sumSquares(v.V)
			count += len(v.V.RawMatrix().Data)
		}
		meanSquare /= float64(count)
		g.MeanSquare = append(g.MeanSquare, meanSquare)
		for b, v := range velocities {
			v.Scale(1/math.Sqrt(max(meanSquare, leastMeanSquare)), v)
			g.Velocity[b].Add(g.Velocity[b], v)
		}
	}
	for b, v := range g.Velocity {
		g.Loss[b] = sumSquares(v) / float64(len(v.RawMatrix().Data))
	}
	return g, nil
}

func sumSquares(m *mat.Dense) float64 {
	data := m.RawMatrix().Data
	return floats.Dot(data, data)
}

// at returns the field at one R in d dimensions.
func (o Objective) at(r, d float64) (Field, error) {
	if !(r > 0) {
		return nil, fmt.Errorf("wflow: R is %v, want > 0", r)
	}
	switch f := o.Field.(type) {
	case *Sinkhorn:
		if f.Iterations < 1 {
			return nil, fmt.Errorf("wflow: an Objective's Sinkhorn field has Iterations %d, want ≥ 1", f.Iterations)
		}
		at := &Sinkhorn{Epsilon: r * d, Iterations: f.Iterations, Cost: f.Cost, MaskDiagonal: f.MaskDiagonal, Guidance: f.Guidance}
		if f.Cost == sinkhorn.Euclidean {
			at.Epsilon = r * math.Sqrt(d)
		}
		return at, nil
	case *KL:
		return &KL{Epsilon: r * d, MaskDiagonal: f.MaskDiagonal, Guidance: f.Guidance}, nil
	case *MMD:
		return &MMD{Epsilon: r * d, Guidance: f.Guidance}, nil
	case *Drifting:
		if f.Bare {
			return nil, errors.New("wflow: an Objective's Drifting field has Bare set, which is for flows")
		}
		return &Drifting{Temperature: r * math.Sqrt(d)}, nil
	}
	return nil, fmt.Errorf("wflow: an Objective's Field is %T, want *Sinkhorn, *KL, *MMD or *Drifting", o.Field)
}

// scale returns the weighted mean over all problems, particles and targets of the squared distance, rooted, or of the
// distance where ε goes with √d. Targets are the particles themselves (not for Drifting), the self term's cloud and the
// data.
func (o Objective) scale(batch []Clouds) float64 {
	sum, weight, pairs := 0.0, 0.0, 0.0
	euclidean := false
	for _, c := range batch {
		distance := func(x, y []float64) float64 { return 2 * sinkhorn.HalfSquared.At(x, y) }
		add := func(y *mat.Dense, weights []float64) {
			n, _ := c.Particles.Dims()
			m, _ := y.Dims()
			for j := range m {
				w := 1.0
				if weights != nil {
					w = weights[j] / weights[0] // own points weigh 1
				}
				for i := range n {
					sum += w * distance(c.Particles.RawRowView(i), y.RawRowView(j))
				}
				weight += w * float64(n)
			}
			pairs += float64(n * m)
		}
		switch f := o.Field.(type) {
		case *Drifting:
			euclidean, distance = true, driftingDistance
			targets, weights, _ := c.driftingTargets()
			add(targets, weights)
			continue
		case *Sinkhorn:
			if f.Cost == sinkhorn.Euclidean {
				euclidean, distance = true, sinkhorn.Euclidean.At
			}
			add(c.negatives(f.Guidance))
		case *KL:
			add(c.negatives(f.Guidance))
		case *MMD:
			add(c.negatives(f.Guidance))
		}
		add(c.Particles, nil)
		add(c.Data, nil)
	}
	mean := sum / pairs / (weight/pairs + 1e-8)
	if euclidean {
		return mean
	}
	return math.Sqrt(mean)
}

// dividedBy returns the clouds in units of s.
func (c Clouds) dividedBy(s float64) Clouds {
	divide := func(x *mat.Dense) *mat.Dense {
		if x == nil {
			return nil
		}
		y := mat.DenseCopyOf(x)
		y.Apply(func(_, _ int, v float64) float64 { return v / s }, y)
		return y
	}
	return Clouds{Particles: divide(c.Particles), Self: divide(c.Self), Data: divide(c.Data),
		Unconditional: divide(c.Unconditional), Alpha: c.Alpha}
}
