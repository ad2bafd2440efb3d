package sinkhorn

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// Batch is many problems of one size, with uniform weights and cost ‖x−y‖²/2, such as a training step has to solve. Batch
// solves them on the host, and package batched in a graph of GoMLX.
type Batch struct {
	N, M, D int       // points of X and of Y in a problem, and their dimension
	X, Y    []float32 // [problems, N, D] and [problems, M, D], row-major
}

// Project returns the barycentric projections [problems, N, D] after L plain iterations at epsilon, computed in float32. For
// each problem they are those of Iterate(ctx, p, epsilon, L) and Solution.Project, with an error of about 1e-6 of the
// scores ‖x−y‖²/2ε. L = 0 gives the projections of the KL field. Each processor works on one problem at a time and holds
// the costs of that problem.
//
// It returns an error for sizes that do not match, for coordinates that are not finite, naming the problem, for an ε or L
// out of range, and for a cancelled context.
func (b Batch) Project(ctx context.Context, epsilon float64, L int) ([]float32, error) {
	problems, err := b.check(epsilon, L)
	if err != nil {
		return nil, err
	}
	workers := min(runtime.GOMAXPROCS(0), problems)
	team := softmin.NewTeam(ctx.Done(), workers)
	defer team.Close()
	solvers := make([]*softmin.Scaling[float32], workers)
	out, failed := make([]float32, len(b.X)), make([]error, workers)
	// From ε = 1e60 on every cost is 0 in units of ε, so that a larger ε changes nothing.
	factor := math.Sqrt(1 / (2 * min(epsilon, 1e60) * math.Ln2))
	team.Tasks(problems, func(i, worker int) {
		if failed[worker] != nil {
			return
		}
		if solvers[worker] == nil {
			solvers[worker] = softmin.NewScaling[float32](b.N, b.M, b.D)
		}
		x, y := b.X[i*b.N*b.D:(i+1)*b.N*b.D], b.Y[i*b.M*b.D:(i+1)*b.M*b.D]
		if err := solvers[worker].Project(out[i*b.N*b.D:(i+1)*b.N*b.D], x, y, factor, L); err != nil {
			failed[worker] = fmt.Errorf("sinkhorn: problem %d of %d: %w: coordinates that are not finite, or costs that overflow float32 at this epsilon",
				i, problems, err)
		}
	})
	for _, err := range append(failed, ctx.Err()) {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b Batch) check(epsilon float64, L int) (problems int, err error) {
	if b.N < 1 || b.M < 1 || b.D < 1 {
		return 0, fmt.Errorf("sinkhorn: Batch has problems of %d to %d points in dimension %d, want at least one of each", b.N, b.M, b.D)
	}
	problems = len(b.X) / (b.N * b.D)
	if len(b.X) != problems*b.N*b.D || len(b.Y) != problems*b.M*b.D {
		return 0, fmt.Errorf("sinkhorn: Batch.X has %d numbers and Batch.Y %d, want a multiple of [%d, %d] and as many [%d, %d]",
			len(b.X), len(b.Y), b.N, b.D, b.M, b.D)
	}
	return problems, checkIterate(epsilon, L)
}

func checkIterate(epsilon float64, L int) error {
	if !(epsilon > 0) || math.IsInf(epsilon, 1) {
		return fmt.Errorf("sinkhorn: epsilon is %v, want a finite number > 0", epsilon)
	}
	if L < 0 {
		return fmt.Errorf("sinkhorn: L is %d, want ≥ 0", L)
	}
	return nil
}
