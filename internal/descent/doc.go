// Package descent is what trainers of networks share and GoMLX lacks: gradients clipped by their norm, a moving average of
// the weights, and a loop over steps that can be interrupted and refuses a loss that is no number.
package descent
