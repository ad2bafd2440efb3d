// Package descent has what trainers of networks share and GoMLX lacks: gradients clipped by their norm, a moving average of
// the weights, and a loop over steps. The loop can be interrupted, and ends with an error at a loss that is no number.
package descent
