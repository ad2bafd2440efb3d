// Package batched solves many small entropic transport problems at once as a GoMLX graph: b clouds of n points against
// b clouds of m points, with a fixed number of iterations. It is the algebra of package sinkhorn for training, where a
// whole step is one graph: nothing here stops early or reports convergence.
//
// All functions build graphs: they take and return nodes, and panic with an error that GoMLX's executors return when
// shapes do not fit.
package batched
