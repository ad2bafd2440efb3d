package wflow

import "gonum.org/v1/gonum/mat"

// term names a part of a velocity that is a difference: the cloud that the particles are coupled to.
type term int

const (
	toData term = iota
	toSelf
	toUnconditional
	terms // how many there are
)

// difference returns the velocity [n, d] of a field that couples the particles to one cloud after another. With T(x) the
// mean of where the mass of x goes in a cloud,
//
//	V = T_data − T_self + (α−1)·(T_data − T_unconditional),
//
// the last for guidance by velocity. The field gives two functions: couple solves for the coupling to the cloud y, whose
// weights are nil where all are equal, and project makes T of it. The couplings are returned too, by their term.
//
// The clouds are checked here. A field calls Clouds.check itself only if it looks at the clouds before.
func difference[S any](c Clouds, g Guidance, couple func(t term, y *mat.Dense, weights []float64) (S, error),
	project func(S) *mat.Dense) (v *mat.Dense, couplings [terms]S, err error) {
	if err := c.check(); err != nil {
		return nil, couplings, err
	}
	if couplings[toData], err = couple(toData, c.Data, nil); err != nil {
		return nil, couplings, err
	}
	own, weights := c.negatives(g)
	if couplings[toSelf], err = couple(toSelf, own, weights); err != nil {
		return nil, couplings, err
	}
	towards := project(couplings[toData])
	v = mat.DenseCopyOf(towards)
	v.Sub(v, project(couplings[toSelf]))
	if g != ByVelocity || c.weight() == 0 {
		return v, couplings, nil
	}
	if couplings[toUnconditional], err = couple(toUnconditional, c.Unconditional, nil); err != nil {
		return nil, couplings, err
	}
	towards.Sub(towards, project(couplings[toUnconditional]))
	towards.Scale(c.weight(), towards)
	v.Add(v, towards)
	return v, couplings, nil
}
