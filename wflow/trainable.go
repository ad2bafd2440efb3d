package wflow

import "gonum.org/v1/gonum/mat"

// Trainable is a Field that serves training too: an Objective can set its regularisation, and knows which distances give
// the scale of the clouds. In package onestep a GraphField is the same inside a graph.
type Trainable interface {
	Field

	// Regularised says whether the velocity depends on the regularisation R of training. For a field on which R has no
	// effect, an Objective takes one R only: a second would add the same velocity once more.
	Regularised() bool

	// WithR returns a field with the same settings at the regularisation R > 0, for clouds in d dimensions that are
	// scaled as in Objective: ε is R·d for a cost that grows as ‖x−y‖², R·√d for one that grows as ‖x−y‖. The receiver
	// is not changed. A field on which R has no effect returns itself.
	//
	// A field that cannot be trained with its settings, or in d dimensions, returns an error that names the setting or d:
	// Drifting does so with Bare, which is for flows. The error must not depend on R, because package onestep asks for it
	// before there is an R: it calls WithR(1, d).
	WithR(r float64, d int) (Field, error)

	// Surroundings returns the points whose distances from the particles give the scale of a problem. Most fields return
	// c.Surroundings.
	Surroundings(c Clouds) Surroundings
}

// Surroundings are points whose distances from the particles give the scale of training. With x the particles, y the points
// and w the weights of the points, the scale is
//
//	√(mean w‖x−y‖² / (mean w + 1e-8)),   or with a Distance:   mean w·Distance(x, y) / (mean w + 1e-8).
//
// The means run over all pairs of a particle and a point, in all problems that share the scale.
type Surroundings struct {
	Points   *mat.Dense                   // [k, d]
	Weights  []float64                    // [k]; nil: all 1
	Distance func(x, y []float64) float64 // of a field that looks at distances and not at their squares; nil for the others
}

// Surroundings returns the usual surroundings: the cloud of the self term, the particles and the data. Under guidance by
// distribution the unconditional data are part of the self term's cloud, with the weight that Guidance states.
func (c Clouds) Surroundings(g Guidance) Surroundings {
	own, weights := c.negatives(g)
	s := Surroundings{Points: stacked(own, c.Particles, c.Data)}
	if weights == nil {
		return s
	}
	s.Weights = make([]float64, s.Points.RawMatrix().Rows)
	for j := range s.Weights {
		s.Weights[j] = 1
		if j < len(weights) {
			s.Weights[j] = weights[j] / weights[0] // the own points come first
		}
	}
	return s
}
