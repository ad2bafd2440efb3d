//go:build linux && amd64

package main

import (
	"context"
	"log"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

var workloads = map[string]func(config){
	"W1": w1, "W2": w2, "W3": w3, "W4": w4, "EMD": emd, "SHARE": share, "FLAT": flat, "LARGE": large, "MILLION": million,
}

// useKernels takes the kernels that the peer's name ends in.
func (c config) useKernels() {
	if err := softmin.Use(c.Peer[strings.LastIndex(c.Peer, " ")+1:]); err != nil {
		log.Fatal(err)
	}
}

// w1 times full iterations at ε = 0.05 × the mean cost.
func w1(c config) {
	c.useKernels()
	for _, size := range c.Sizes {
		n, d := size[0], size[1]
		if c.Dtype == "f32" {
			w1At[float32](c, n, d)
		} else {
			w1At[float64](c, n, d)
		}
	}
}

func w1At[T softmin.Float](c config, n, d int) {
	x, y, meanCost := c.clouds(n, d)
	resetPeak()
	team := softmin.NewTeam(nil, c.Threads)
	defer team.Close()
	// Centring changes the potentials, not the iteration. The means' distance is put back for the check.
	a, b := centred(x), centred(y)
	const iterations = 100
	var p *plain[T]
	seconds, cores := c.timed(func() {
		p = newPlain[T](a, b, d, 0.05*meanCost, team)
		p.iterate(iterations)
	})
	c.emit(n, d, "ms_per_iter", 1e3*seconds/iterations)
	c.emit(n, d, "ns_per_pair", 1e9*seconds/iterations/float64(2*n*n))
	c.emit(n, d, "cpu_over_wall", cores)
	c.emit(n, d, "peak_rss_mb", peak())
	if n <= 2048 {
		linear, err := check(a, b, d, p.f, p.g, 0.05*meanCost)
		shift := 0.0 // the centred cost lacks ½‖mean(x) − mean(y)‖², whatever the coupling
		for k := range d {
			s := floats.Sum(mat.Col(nil, k, x))/float64(n) - floats.Sum(mat.Col(nil, k, y))/float64(n)
			shift += s * s / 2
		}
		c.emit(n, d, "linear_cost_at_100", linear+shift)
		c.emit(n, d, "l1_marginal_err_at_100", err)
	}
}

// w2 times a solution to an L1 error of 1e-6, by Solve with its defaults.
func w2(c config) {
	c.useKernels()
	const n, d = 2048, 2
	x, y, meanCost := c.clouds(n, d)
	epsilon := c.Rel * meanCost
	var s *sinkhorn.Solution
	seconds, cores := c.timed(func() {
		var err error
		if s, err = sinkhorn.Solve(context.Background(), sinkhorn.Problem{X: x, Y: y}, &sinkhorn.Settings{Epsilon: epsilon, Tolerance: 1e-6}); err != nil {
			log.Fatal(err)
		}
	})
	rows, columns := s.Marginals()
	err := 0.0
	for i := range n {
		err += math.Abs(rows[i]-1.0/n) + math.Abs(columns[i]-1.0/n)
	}
	c.emit(n, d, "total_s", seconds)
	c.emit(n, d, "iters", s.Iterations())
	c.emit(n, d, "l1_err_f64", err)
	c.emit(n, d, "linear_cost", s.LinearCost())
	c.emit(n, d, "cpu_over_wall", cores)
}

// w4 times a batch of 2,048 problems of 64 × 64 points, d = 64: costs, 10 iterations, barycentric projection.
func w4(c config) {
	c.useKernels()
	const problems, n, d = 2048, 64, 64
	single := func(name string) []float32 {
		v := c.numbers(name)
		out := make([]float32, len(v))
		for i := range v {
			out[i] = float32(v[i])
		}
		return out
	}
	b := sinkhorn.Batch{N: n, M: n, D: d, X: single("w4_x"), Y: single("w4_y")}
	var out []float32
	resetPeak()
	seconds, cores := c.timed(func() {
		var err error
		if out, err = b.Project(context.Background(), c.numbers("w4_epsilon")[0], 10); err != nil {
			log.Fatal(err)
		}
	})
	c.emit(n, d, "ms_per_batch_2048", 1e3*seconds)
	c.emit(n, d, "cpu_over_wall", cores)
	c.emit(n, d, "peak_rss_mb", peak())
	sum := 0.0
	for _, v := range out[:64*n*d] {
		sum += float64(v) * float64(v)
	}
	c.emit(n, d, "T_checksum_64", math.Sqrt(sum))
}

// emd times exact transport.
func emd(c config) {
	for _, size := range c.Sizes {
		x, y, _ := c.clouds(size[0], size[1])
		var plan *sinkhorn.Plan
		seconds, _ := c.timed(func() {
			var err error
			if plan, err = sinkhorn.Exact(context.Background(), sinkhorn.Problem{X: x, Y: y}); err != nil {
				log.Fatal(err)
			}
		})
		c.emit(size[0], size[1], "total_s", seconds)
		c.emit(size[0], size[1], "value", plan.Cost())
	}
}

// large solves with N = M = 100,000 for 10 iterations.
func large(c config) {
	c.useKernels()
	const n = 100_000
	x, y := mat.NewDense(n, 2, random(n, 2)), mat.NewDense(n, 2, random(n, 2))
	start := time.Now()
	s, err := sinkhorn.Solve(context.Background(), sinkhorn.Problem{X: x, Y: y},
		&sinkhorn.Settings{Epsilon: 0.1, AnnealFrom: 0.1, Iterations: 10})
	if err != nil {
		log.Fatal(err)
	}
	c.emit(n, 2, "total_s", time.Since(start).Seconds())
	c.emit(n, 2, "iters", s.Iterations())
	c.emit(n, 2, "l1_err_f64", s.MarginalError())
	c.emit(n, 2, "peak_rss_mb", peak())
}

func uniform(n int) []float64 {
	w := make([]float64, n)
	floats.AddConst(1/float64(n), w)
	return w
}

func random(n, d int) []float64 {
	r := rand.New(rand.NewPCG(uint64(n), uint64(d)))
	v := make([]float64, n*d)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}
