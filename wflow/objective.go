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
// Here sg(·) is held constant when the loss is differentiated. The loss of a single R is 1 by construction; mean V_R²,
// before normalisation, is the signal that falls.
//
// Particle flows that show an energy decay use a field at a fixed ε and its raw velocity instead: see Flow.
//
// Source: the code of arXiv 2605.11755 and 2602.04770.
type Objective struct {
	// Field is one that is Trainable, as all of this package are: Sinkhorn with fixed Iterations, Drifting without Bare.
	// Its Epsilon or Temperature is set from R.
	Field Field

	// R lists the regularisations: ε = R·d for the cost ‖x−y‖²/2, and R·√d for ‖x−y‖ and Drifting's temperature, on
	// the scaled clouds. In the plane, d = 2, R = 0.05 is ε = 0.1, and the mean cost is d/2 = 1. A field that
	// is not Regularised takes one R, whose value has no effect.
	R []float64
}

// Goal is what an Objective asks of a batch of problems that share one scale.
type Goal struct {
	// Velocity is V of every problem, [n, d], on the scaled clouds: the particles x are to become s·(x/s + V).
	Velocity []*mat.Dense

	// Loss is the mean over a problem's particles and coordinates of V².
	Loss []float64

	// Scale is the root mean square distance of the particles to the field's Surroundings, or the mean one where those have
	// a Distance; S = max(Scale/√d, 1e-3) divides the clouds.
	Scale, S float64

	// MeanSquare is mean V_R² for every R, before normalisation.
	MeanSquare []float64
}

const (
	leastScale      = 1e-3
	leastMeanSquare = 1e-8
)

// Goal returns the goal of a batch of problems, one Clouds each. Errors are those of the field, and one for a field that
// is not Trainable or an R that is not positive.
func (o Objective) Goal(ctx context.Context, batch []Clouds) (*Goal, error) {
	if len(o.R) == 0 || len(batch) == 0 {
		return nil, fmt.Errorf("wflow: %d values of R and %d problems, want at least one of each", len(o.R), len(batch))
	}
	for _, c := range batch {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	trainable, err := o.trainable()
	if err != nil {
		return nil, err
	}
	_, d := batch[0].Particles.Dims()
	g := &Goal{Loss: make([]float64, len(batch))}
	g.Scale = scale(trainable, batch)
	g.S = max(g.Scale/math.Sqrt(float64(d)), leastScale)
	scaled := make([]Clouds, len(batch))
	for b, c := range batch {
		scaled[b] = c.dividedBy(g.S)
		n, _ := c.Particles.Dims()
		g.Velocity = append(g.Velocity, mat.NewDense(n, d, nil))
	}
	for _, r := range o.R {
		if !(r > 0) {
			return nil, fmt.Errorf("wflow: R is %v, want > 0", r)
		}
		field, err := trainable.WithR(r, d)
		if err != nil {
			return nil, err
		}
		velocities := make([]*mat.Dense, len(batch))
		meanSquare, count := 0.0, 0
		for b, c := range scaled {
			v, err := ask(ctx, field, c)
			if err != nil {
				return nil, err
			}
			velocities[b] = mat.DenseCopyOf(v.V) // a field may keep its own
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

// trainable returns the field, or an error that says what it lacks.
func (o Objective) trainable() (Trainable, error) {
	if o.Field == nil {
		return nil, errors.New("wflow: the Objective has no Field")
	}
	field, ok := o.Field.(Trainable)
	if !ok {
		return nil, fmt.Errorf("wflow: the field %T serves flows only: for training it wants the methods Regularised, WithR and Surroundings of Trainable", o.Field)
	}
	if len(o.R) > 1 && !field.Regularised() {
		return nil, fmt.Errorf("wflow: %d values of R for %T, which has no regularisation: want one, whose value has no effect", len(o.R), o.Field)
	}
	return field, nil
}

// scale returns the scale of problems that share one: see Surroundings.
func scale(field Trainable, batch []Clouds) float64 {
	sum, weight, pairs := 0.0, 0.0, 0.0
	rooted := false
	for _, c := range batch {
		around := field.Surroundings(c)
		distance := around.Distance
		if rooted = distance == nil; rooted {
			distance = func(x, y []float64) float64 { return 2 * sinkhorn.HalfSquared.At(x, y) }
		}
		n, _ := c.Particles.Dims()
		m, _ := around.Points.Dims()
		for j := range m {
			w := 1.0
			if around.Weights != nil {
				w = around.Weights[j]
			}
			for i := range n {
				sum += w * distance(c.Particles.RawRowView(i), around.Points.RawRowView(j))
			}
			weight += w * float64(n)
		}
		pairs += float64(n * m)
	}
	mean := sum / pairs / (weight/pairs + 1e-8)
	if rooted {
		return math.Sqrt(mean)
	}
	return mean
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
