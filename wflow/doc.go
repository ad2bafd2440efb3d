// Package wflow moves particles along Wasserstein gradient flows.
//
// A flow carries the particles' distribution q towards the data's p by the velocity V = −∇ δF/δq of an energy F(q), a
// step x ← x + η V(x) at a time. A [Field] gives that velocity for clouds of points: [Sinkhorn] descends the debiased
// Sinkhorn divergence S_ε(q, p), [MMD] half the squared maximum mean discrepancy, [KL] the divergence KL(q‖p) between
// kernel density estimates; [Drifting] is the field of the Drifting models, which descends no energy. [Flow] integrates
// any of them and yields every state on the way.
//
// [Objective] is the same velocity as training uses it: on clouds scaled to a common size and with its own size fixed.
// Here it is the float64 reference of the graph that package onestep trains networks with.
//
// The package is plain Go: it draws no picture, trains no network and runs in a web page.
//
// Source: arXiv 2605.11755 (W-Flow).
package wflow
