package wflow

import (
	"context"
	"errors"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

// Clouds is what a Field may look at; it need not look at all of it. All clouds share the dimension d.
type Clouds struct {
	// Particles is the moving cloud [n, d].
	Particles *mat.Dense

	// Self is an independent sample [n', d] of the particles' own distribution. Nil stands for the particles themselves.
	// A field may ignore it and always take the particles. Those of this package do not ignore it.
	Self *mat.Dense

	// Data is the target cloud [m, d].
	Data *mat.Dense

	// Unconditional is a sample [u, d] of the data of all classes, for guidance. Nil means no guidance.
	Unconditional *mat.Dense

	// Alpha is the guidance scale α = w + 1, at most 1e100. 0 and 1 mean no guidance.
	Alpha float64
}

// self returns the cloud of the self term.
func (c Clouds) self() *mat.Dense {
	if c.Self != nil {
		return c.Self
	}
	return c.Particles
}

// weight returns w = α − 1, 0 without guidance.
func (c Clouds) weight() float64 {
	if c.Unconditional == nil || c.Alpha == 0 {
		return 0
	}
	return c.Alpha - 1
}

// Velocity is a field's answer.
type Velocity struct {
	// V is the velocity of every particle, [n, d], in the unit of the coordinates per unit of pseudo-time.
	V *mat.Dense

	// Energy is the value of what the field descends, in the unit of the cost. It is NaN where the field descends nothing,
	// or nothing that it can evaluate: each field says where.
	Energy float64

	// MarginalError is the largest L1 marginal error of the transport problems behind V; 0 where there are none.
	MarginalError float64
}

// A Field gives every particle a velocity. It may keep state between calls, such as warm starts, and is then not for use
// by several goroutines at a time.
//
// Errors name the cloud that is empty, of another dimension, or not finite, with its row and value. Clouds that are too
// large for float64 can have a velocity or an energy that is not finite, which is an error too. So is a cancelled
// context.
type Field interface {
	Velocity(ctx context.Context, c Clouds) (*Velocity, error)
}

// ask returns the field's velocity of the particles, or an error if there is none or its shape is not theirs.
func ask(ctx context.Context, field Field, c Clouds) (*Velocity, error) {
	v, err := field.Velocity(ctx, c)
	if err != nil {
		return nil, err
	}
	if v == nil || v.V == nil {
		return nil, fmt.Errorf("wflow: the field %T gives neither a velocity nor an error", field)
	}
	n, d := c.Particles.Dims()
	if rows, columns := v.V.Dims(); rows != n || columns != d {
		return nil, fmt.Errorf("wflow: the field %T gives a velocity [%d, %d], want [%d, %d] as Particles", field, rows, columns, n, d)
	}
	return v, nil
}

// Guidance says how the unconditional data push the particles away: the larger α, the stronger.
type Guidance int

const (
	// ByVelocity adds (α−1)·(T_data − T_unconditional) to the velocity, where T of a cloud is the part of the velocity
	// that it makes: for Sinkhorn the barycentric projection to it.
	ByVelocity Guidance = iota

	// ByDistribution adds the unconditional data to the cloud of the self term: each of the u unconditional points with
	// the weight (α−1)(n−1)/u, each of the n own points with the weight 1. So with one own point, n = 1, there is no
	// guidance.
	ByDistribution
)

// mostAlpha is the largest guidance scale: more than anyone wants, and far from where float64 overflows.
const mostAlpha = 1e100

// check validates the clouds' shapes and numbers once, where they enter.
func (c Clouds) check() error {
	if err := sinkhorn.CheckCloud("wflow: Particles", c.Particles); err != nil {
		return err
	}
	if err := sinkhorn.CheckCloud("wflow: Data", c.Data); err != nil {
		return err
	}
	_, d := c.Particles.Dims()
	for _, o := range []struct {
		name string
		x    *mat.Dense
	}{{"Data", c.Data}, {"Self", c.Self}, {"Unconditional", c.Unconditional}} {
		if o.x == nil {
			continue
		}
		if err := sinkhorn.CheckCloud("wflow: "+o.name, o.x); err != nil {
			return err
		}
		if n, k := o.x.Dims(); k != d {
			return fmt.Errorf("wflow: %s is [%d, %d], want dimension %d as Particles", o.name, n, k, d)
		}
	}
	if !(c.Alpha == 0 || c.Alpha >= 1 && c.Alpha <= mostAlpha) {
		return fmt.Errorf("wflow: Alpha is %v, want a guidance scale from 1 to %v, or 0 for none", c.Alpha, mostAlpha)
	}
	if c.Alpha > 1 && c.Unconditional == nil {
		return errors.New("wflow: Alpha asks for guidance but Unconditional is nil")
	}
	return nil
}

// negatives returns the cloud and the weights that the self term couples to: under guidance by distribution the mixture
// of the particles' own cloud with the unconditional data. Weights are nil where all are equal.
func (c Clouds) negatives(g Guidance) (cloud *mat.Dense, weights []float64) {
	own := c.self()
	if g != ByDistribution || c.Unconditional == nil {
		return own, nil
	}
	n, _ := own.Dims()
	u, _ := c.Unconditional.Dims()
	unconditional := c.weight() * float64(n-1) / float64(u)
	total := float64(n) + unconditional*float64(u)
	weights = make([]float64, n+u)
	for j := range weights {
		weights[j] = 1 / total
		if j >= n {
			weights[j] = unconditional / total
		}
	}
	return stacked(own, c.Unconditional), weights
}

// stacked returns clouds one below the other.
func stacked(clouds ...*mat.Dense) *mat.Dense {
	_, d := clouds[0].Dims()
	var points []float64
	for _, x := range clouds {
		for i := range x.RawMatrix().Rows {
			points = append(points, x.RawRowView(i)...)
		}
	}
	return mat.NewDense(len(points)/d, d, points)
}

// finite returns the velocity, or an error that names a row that is not finite.
func (v *Velocity) finite() (*Velocity, error) {
	if err := sinkhorn.CheckCloud("wflow: velocity", v.V); err != nil {
		return nil, err
	}
	return v, nil
}

// dataTerm is the part of an energy that depends on the data alone. It is kept until the data or a setting change.
type dataTerm struct {
	key  dataKey
	kept float64
}

type dataKey struct {
	data               *mat.Dense
	epsilon, tolerance float64
	cost               sinkhorn.Cost
}

// value returns the term that belongs to the key, computed if it is not the one kept.
func (t *dataTerm) value(key dataKey, compute func() (float64, error)) (float64, error) {
	if t.key != key {
		value, err := compute()
		if err != nil {
			return 0, err
		}
		t.key, t.kept = key, value
	}
	return t.kept, nil
}
