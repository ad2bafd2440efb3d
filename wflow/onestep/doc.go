// Package onestep trains generators that make a sample in one evaluation of a network, by letting their output follow a
// Wasserstein gradient flow: a step moves a batch of generated particles along the velocity of a field (package wflow)
// and the network regresses on where they went.
//
//	backend, line, err := engine.Find()
//	generator, err := onestep.Train(ctx, backend, onestep.Training{
//		Network: mlp.Network{Noise: 2, Out: 2, Width: 256, Depth: 4, Residual: true},
//		Data:    []onestep.Source{toy.EightGaussians().Draw},
//		...
//	})
//	samples, err := generator.Generate(toy.Gaussian(2).Sample(1, 1000)) // [1000, 2] from as much noise, of seed 1
//
// [Train] builds one graph for a whole step (both forward passes, transport, loss, gradient, update) and runs it on
// XLA or on GoMLX's pure Go engine, whichever package engine finds. All random numbers come from streams on the host, so
// the same seed gives the same bytes on one engine, whatever was interrupted and resumed. What it returns runs without
// GoMLX: see package mlp.
//
// [Loss] is the method itself, a graph for other trainers and other networks.
package onestep
