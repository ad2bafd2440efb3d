//go:build linux && amd64

package main

import (
	"context"
	"log"
	"strings"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// w3 times a debiased flow of 200 steps: with 20 plain iterations from nothing a solve, as the other libraries make it,
// or, for the peers named so, converged to a marginal error of 1e-3 at every step.
func w3(c config) {
	c.useKernels()
	const n, epsilon, eta = 1000, 0.01, 0.1
	data := mat.NewDense(n, 2, c.numbers("w3_p"))
	particles := mat.NewDense(n, 2, c.numbers("w3_q"))
	var after2, final []float64
	run := func(steps int, state func(k int, q []float64)) {
		symmetric := !strings.Contains(c.Peer, "plain")
		switch {
		case strings.Contains(c.Peer, "converged"):
			convergedFlow(particles, data, epsilon, eta, steps, state)
		case c.Dtype == "f32":
			flowOf20[float32](particles.RawMatrix().Data, data.RawMatrix().Data, epsilon, eta, steps, symmetric, state)
		default:
			flowOf20[float64](particles.RawMatrix().Data, data.RawMatrix().Data, epsilon, eta, steps, symmetric, state)
		}
	}
	run(2, func(int, []float64) {})
	start := time.Now()
	run(c.Steps, func(k int, q []float64) {
		if k == 2 {
			after2 = append([]float64(nil), q...)
		}
		final = q
	})
	seconds := time.Since(start).Seconds()
	c.emit(n, 2, "total_s_200", seconds*200/float64(c.Steps))
	c.emit(n, 2, "q_norm_after_2", floats.Norm(after2, 2))
	plan, err := sinkhorn.Exact(context.Background(), sinkhorn.Problem{X: mat.NewDense(n, 2, final), Y: data})
	if err != nil {
		log.Fatal(err)
	}
	c.emit(n, 2, "exact_ot_final", plan.Cost())
}

// convergedFlow moves particles by the velocity of the divergence, each from the solutions of the step before.
func convergedFlow(particles, data *mat.Dense, epsilon, eta float64, steps int, state func(k int, q []float64)) {
	ctx, q := context.Background(), mat.DenseCopyOf(particles)
	target, err := sinkhorn.NewTarget(ctx, data, nil, &sinkhorn.Settings{Epsilon: epsilon, Tolerance: 1e-3})
	var last *sinkhorn.DivergenceResult
	for k := range steps {
		if err != nil {
			break
		}
		state(k, q.RawMatrix().Data)
		if last, err = target.Divergence(ctx, q, nil, last); err == nil {
			v := last.Velocity()
			v.Scale(eta, v)
			q.Add(q, v)
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	state(steps, q.RawMatrix().Data)
}

// flowOf20 moves particles by T_qp − T_qq, each after 20 iterations from nothing. For T_qq they are the symmetric ones, of
// one potential, or plain as for two clouds.
func flowOf20[T softmin.Float](q0, data []float64, epsilon, eta float64, steps int, symmetric bool, state func(k int, q []float64)) {
	q := append([]float64(nil), q0...)
	project := func(dst, to []float64, iterate func(*plain[T])) {
		team := softmin.NewTeam(nil, 0)
		defer team.Close()
		p := newPlain[T](q, to, 2, epsilon, team)
		for range 20 {
			iterate(p)
		}
		p.rows.SetScores(p.score(p.g))
		p.rows.Mean(dst, p.scale)
	}
	columnsFirst := func(p *plain[T]) { p.update(p.g, p.columns, p.f, p.rows, p.b) } // as the other libraries do
	self := columnsFirst
	if symmetric {
		self = (*plain[T]).average
	}
	toData, toSelf := make([]float64, len(q)), make([]float64, len(q))
	for k := range steps {
		state(k, q)
		project(toData, data, columnsFirst)
		project(toSelf, q, self)
		for i := range q {
			q[i] += eta * (toData[i] - toSelf[i])
		}
	}
	state(steps, q)
}
