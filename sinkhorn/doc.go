// Package sinkhorn solves entropic optimal transport between weighted point clouds in memory.
//
// For clouds x_i with weights a_i and y_j with weights b_j, ground cost C_ij = ‖x_i−y_j‖²/2 and a regularisation ε > 0,
//
//	OT_ε(a, b) = min_P ⟨P, C⟩ + ε KL(P | a⊗b)   over couplings P ≥ 0 with row sums a and column sums b.
//
// [Solve] answers with a [Solution]: the dual potentials f and g, callable off the sample, the coupling
// P_ij = a_i b_j exp((f_i + g_j − C_ij)/ε), the barycentric projection, and bounds on both sides of the optimum.
// [Divergence] is the debiased S_ε = OT_ε(a,b) − OT_ε(a,a)/2 − OT_ε(b,b)/2 with its gradient, whose negative is the
// velocity of the Sinkhorn flow. [Exact] is transport without entropy, for W₂ and as an oracle.
//
// [Batch] is many small problems at once.
//
// Everything is computed in the log domain, in parallel over rows, by vector kernels on amd64 and in plain Go elsewhere,
// with the same bytes for any number of workers. The first iterations are in float32. The last ones are in float64, and so
// are every error, value and certificate. Where ‖x−y‖²/2ε reaches some 10⁷, which float32 does not resolve, all iterations
// are in float64.
//
// Memory is O((n+m)·d). Small problems also keep the pairs' powers, which later iterations reuse: up to 32 MiB for each
// precision and direction, 128 MiB in all. The cost matrix is never stored, except by Exact, by Batch one problem at a
// time, and where a caller asks for the coupling. BENCHMARKS.md holds it against other libraries.
//
// In high dimension S_ε between two samples is smallest where one of them is narrower than the distribution of the other.
// Take n points of N(0, s² I) against n others of N(0, I), at the default ε of s = 1. The s at which S_ε is smallest, over
// three seeds, is
//
//	n = 2,000, d = 20, ε = 1      0.69 to 0.70
//	n = 200,   d = 20, ε = 1      0.57 to 0.59
//	n = 200,   d = 2,  ε = 0.1    0.95 to 1.04
//
// That is a property of samples, not of the solver: in 20 dimensions a point has no near neighbour in the other sample, and
// the narrower cloud is nearer to all of it. TestSpreadOfSamples measures these numbers.
//
// An ε means nothing without its cost. Against other libraries: OTT-JAX uses ‖x−y‖², so its epsilon is twice ours;
// GeomLoss with p = 2 uses our cost, with ε = blur²; POT measures entropy without the product of the marginals, so
// its value differs by a constant.
package sinkhorn
