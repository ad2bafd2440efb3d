// Package wflow moves particles along Wasserstein gradient flows.
//
// A flow carries the particles' distribution q towards the data's p by the velocity V = −∇ δF/δq of an energy F(q), a
// step x ← x + η V(x) at a time. A [Field] gives that velocity for clouds of points: [Sinkhorn] descends the debiased
// Sinkhorn divergence S_ε(q, p), [MMD] half the squared maximum mean discrepancy, [KL] the divergence KL(q‖p) between
// kernel density estimates, [Sliced] half the squared sliced Wasserstein distance; [Drifting] is the field of the Drifting
// models, which descends no energy. [Flow] integrates any of them and yields every state on the way.
//
// [Objective] is the same velocity as training uses it: on clouds scaled to a common size and with its own size fixed.
// Here it is the float64 reference of the graph that package onestep trains networks with.
//
// The package is plain Go: it draws no picture, trains no network and runs in a web page.
//
// # A field of your own
//
// A type with the method Velocity is a [Field] and serves flows. With the methods of [Trainable] it serves an [Objective]
// too, and with those of onestep.GraphField the training of networks.
//
// To add a field to the laboratory, write two files of one name: here the type with Velocity and the methods of
// Trainable, in package onestep its graph. Then add a case to graphOf in onestep/field.go, and a line to the list in
// fields_test.go of each package: the tests that every field has to pass run over these lists.
//
// Source: arXiv 2605.11755 (W-Flow).
package wflow
