// Package softmin evaluates the sums over all pairs that Sinkhorn's iteration consists of, row by row and in memory for
// the points: for points x_i and y_j and numbers h_j,
//
//	L_i = log2 Σ_j 2^(h_j − c_ij)   and   T_i = Σ_j 2^(h_j − c_ij) y_j / Σ_j 2^(h_j − c_ij),
//
// where c_ij is ‖x_i − y_j‖² or ‖x_i − y_j‖. The points come scaled, so that c is the cost in units of ε ln 2: the inner
// loop is multiply-adds and a power of two.
//
// A row's sum is taken relative to a reference near its logarithm, which the row's last result is as long as h has not
// moved far: then one pass over the pairs is enough, where the largest score would ask for two.
//
// An iteration needs the power of every pair for its rows and again for its columns; LogSums makes it once. A Sum of few
// pairs may Keep these powers for the iterations that follow, which then cost a multiply-add a pair and direction.
//
// On amd64 the inner loops are vector kernels written in assembly, for AVX-512 and for AVX2 with the same bytes as
// results; elsewhere they are plain Go, which agrees to a few units in the last place of T. The relative error of a
// power is at most 4e-7 in float32 and 5e-16 in float64, and a term made from a kept power has that of two; sums are
// carried on in float64 every 1,024 or 512 terms.
//
// No score and no size gives NaN. A row whose scores are so large that rounding moves them by more than 16, in powers of
// two, is summed by two passes of plain Go that keep its terms in range. That is slow, and right to the rounding of its
// scores. In the plane scores are so large from 4e7 in float32 and from 2e16 in float64.
package softmin

//go:generate sh -c "cd asm && go run . ../.."
