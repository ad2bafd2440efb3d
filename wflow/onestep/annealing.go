package onestep

import "math"

// Annealing lets a regularisation R fall geometrically from From to To over the first half of a run, and stay:
//
//	R(step) = From·(To/From)^min(1, 2·step/steps)
//
// A large R moves particles between distant modes, a small R sharpens the modes. With From == To, R is constant.
type Annealing struct{ From, To float64 }

// At returns R of a step, counted from 0, in a run of the given number of steps.
func (a Annealing) At(step, steps int) float64 {
	return a.From * math.Pow(a.To/a.From, min(1, 2*float64(step)/float64(steps)))
}
