// Package softmin evaluates the sums over all pairs that Sinkhorn's iteration consists of. It goes row by row, in
// memory proportional to the number of points. For points x_i and y_j and numbers h_j the sums are
//
//	L_i = log2 Σ_j 2^(h_j − c_ij)   and   T_i = Σ_j 2^(h_j − c_ij) y_j / Σ_j 2^(h_j − c_ij),
//
// where c_ij is ‖x_i − y_j‖² or ‖x_i − y_j‖. The points come scaled, so that c is the cost in units of ε ln 2: the inner
// loop is multiply-adds and a power of two.
//
// Every row is summed relative to a reference, a number near the logarithm of its sum. As long as h has not moved far, the
// row's last result is such a number, and one pass over the pairs is enough. The largest score as reference takes two.
//
// An iteration needs the power of every pair for its rows and again for its columns; LogSums makes it once. A Sum of few
// pairs may Keep these powers for the iterations that follow, which then cost a multiply-add a pair and direction.
//
// On amd64 the inner loops are vector kernels written in assembly, for AVX-512 and for AVX2 with the same bytes as
// results; elsewhere they are plain Go, which agrees to a few units in the last place of T. The relative error of a
// power is at most 4e-7 in float32 and 5e-16 in float64, and twice that for a term made from a kept power. Every 1,024
// terms in float32, or 512 in float64, are added to a sum in float64.
//
// No score and no size gives NaN. A row whose scores are so large that rounding moves them by more than 16, in powers of
// two, is summed by two passes of plain Go that keep its terms in range. That is slow, and right to the rounding of its
// scores. In the plane scores are so large from 4e7 in float32 and from 2e16 in float64.
package softmin

//go:generate sh -c "cd asm && go run . ../.."
