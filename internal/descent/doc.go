// Package descent has what trainers of networks share and GoMLX lacks: gradients clipped by their norm, a moving average of
// the weights, and errors in plain words.
package descent
