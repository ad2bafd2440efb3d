//go:build linux && amd64

package main

import (
	"context"
	"log"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/sinkhorn/internal/fma"
	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
	"github.com/wflowlab/wflowlab/wflow"
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

// plain is Sinkhorn's iteration without anything around it, as the other libraries' loops are: uniform weights, cost
// ‖x−y‖²/2, potentials in units of ε ln 2.
type plain[T softmin.Float] struct {
	rows, columns *softmin.Sum[T]
	f, g, h, a, b []float64
	scale         float64
}

func newPlain[T softmin.Float](x, y []float64, d int, epsilon float64, team *softmin.Team) *plain[T] {
	p := &plain[T]{rows: softmin.New[T](x, y, d, false, false, team), columns: softmin.New[T](y, x, d, false, false, team),
		f: make([]float64, len(x)/d), g: make([]float64, len(y)/d), h: make([]float64, max(len(x), len(y))/d),
		scale: math.Sqrt(1 / (2 * epsilon * math.Ln2))}
	p.a, p.b = uniform(len(p.f)), uniform(len(p.g))
	p.rows.Scale(p.scale)
	p.columns.Scale(p.scale)
	p.rows.Keep()
	p.columns.Keep()
	return p
}

// score returns the scores of a potential.
func (p *plain[T]) score(potential []float64) []float64 {
	h, weight := p.h[:len(potential)], math.Log2(float64(len(potential)))
	for i, v := range potential {
		h[i] = v - weight
	}
	return h
}

// update updates one potential from the other, and that from the first.
func (p *plain[T]) update(to []float64, sums *softmin.Sum[T], from []float64, opposite *softmin.Sum[T], mass []float64) {
	sums.SetScores(p.score(from))
	both := sums.LogSums(to, from, mass)
	floats.Scale(-1, to)
	if !both {
		opposite.SetScores(p.score(to))
		opposite.LogSum(from)
	}
	floats.Scale(-1, from)
}

// iterate updates both potentials so many times, rows first.
func (p *plain[T]) iterate(times int) {
	for range times {
		p.update(p.f, p.rows, p.g, p.columns, p.a)
	}
}

// average updates the potential of a cloud against itself, f ← (f − L(f))/2: the symmetric iteration.
func (p *plain[T]) average() {
	p.rows.SetScores(p.score(p.g))
	p.rows.LogSum(p.f)
	for i, v := range p.f {
		p.g[i] = (p.g[i] - v) / 2
	}
}

// check returns the linear cost and the L1 error of the marginals of potentials in units of ε ln 2, in float64.
func check(x, y []float64, d int, f, g []float64, epsilon float64) (linear, err float64) {
	n, m := len(f), len(g)
	columns := make([]float64, m)
	for i := range n {
		row := 0.0
		for j := range m {
			c := 0.0
			for k := range d {
				u := x[i*d+k] - y[j*d+k]
				c += u * u / 2
			}
			p := math.Exp2(f[i]+g[j]-c/(epsilon*math.Ln2)) / float64(n*m)
			linear += p * c
			row += p
			columns[j] += p
		}
		err += math.Abs(row - 1/float64(n))
	}
	for _, c := range columns {
		err += math.Abs(c - 1/float64(m))
	}
	return linear, err
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

// w3 times a debiased flow of 200 steps: with 20 plain iterations from nothing a solve, as the other libraries make it,
// or as the peer's name says with wflow.Flow, converged to a marginal error of 1e-3 at every step.
func w3(c config) {
	c.useKernels()
	const n, epsilon, eta = 1000, 0.01, 0.1
	data := mat.NewDense(n, 2, c.numbers("w3_p"))
	particles := mat.NewDense(n, 2, c.numbers("w3_q"))
	var after2, final []float64
	run := func(steps int, state func(k int, q []float64)) {
		symmetric := !strings.Contains(c.Peer, "plain")
		switch {
		case strings.Contains(c.Peer, "Flow"):
			flow := wflow.Flow{Field: &wflow.Sinkhorn{Epsilon: epsilon}, StepSize: eta, Steps: steps}
			k := 0
			for frame, err := range flow.Frames(context.Background(), particles, data) {
				if err != nil {
					log.Fatal(err)
				}
				state(k, frame.Particles.RawMatrix().Data)
				k++
			}
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

// share holds one core's time a pair against the processor's limit: 11 vector operations a lane-full of pairs, at the rate
// of multiply-adds measured just before and just after.
func share(c config) {
	c.useKernels()
	wide := strings.HasSuffix(c.Peer, "AVX-512")
	lanes := 8.0
	if wide {
		lanes = 16
	}
	const n = 2048
	x, y, meanCost := c.clouds(n, 2)
	rows := softmin.New[float32](centred(x), centred(y), 2, false, false, softmin.NewTeam(nil, 1))
	rows.Scale(math.Sqrt(1 / (2 * 0.05 * meanCost * math.Ln2)))
	rows.SetScores(make([]float64, n))
	logSum := make([]float64, n)
	rows.LogSum(logSum)
	rate := fma.Rate(wide)
	const times = 40
	seconds, _ := c.timed(func() {
		for range times {
			rows.LogSum(logSum)
		}
	})
	rate = max(rate, fma.Rate(wide))
	pair := seconds / times / (n * n)
	c.emit(n, 2, "multiply_adds_per_ns", rate/1e9)
	c.emit(n, 2, "ns_per_pair", 1e9*pair)
	c.emit(n, 2, "share_of_limit", 11/(rate*lanes)/pair)
}

// flat times pairs from N = 10³ to 10⁵.
func flat(c config) {
	c.useKernels()
	sizes := []*slice{}
	for _, n := range []int{1000, 3000, 10_000, 30_000, 100_000} {
		sizes = append(sizes, newSlice(n, 2, 100_000_000))
	}
	inTurn(sizes, func(s *slice) { s.rows = min(s.rows, s.timed(func() { s.sum.LogSum(s.logSum) })) })
	inTurn(sizes, func(s *slice) {
		s.iteration = min(s.iteration, s.timed(func() { s.sum.LogSums(s.logSum, s.back, s.mass) }))
	})
	for _, s := range sizes {
		c.emit(s.n, 2, "ns_per_pair", s.rows)
		c.emit(s.n, 2, "ns_per_pair_iteration", s.iteration)
		s.team.Close()
	}
}

// million times a slice of rows against 10⁶ targets in three dimensions, and as many pairs against 10⁵, one after the other:
// the median of the neighbours' ratios.
func million(c config) {
	c.useKernels()
	const pairs = 1_024_000_000 // a thousand rows of a million: shares enough that no worker waits for another
	hundred, million := newSlice(100_000, 3, pairs), newSlice(1_000_000, 3, pairs)
	var ratios []float64
	for range 31 {
		for _, s := range []*slice{hundred, million} {
			s.rows = s.timed(func() { s.sum.LogSum(s.logSum) })
		}
		ratios = append(ratios, hundred.rows/million.rows)
	}
	slices.Sort(ratios)
	c.emit(million.n, 3, "pairs_per_s_over_those_at_1e5", ratios[len(ratios)/2])
	hundred.team.Close()
	million.team.Close()
}

// inTurn measures every slice many times, one after the other, so that all of them see the same machine.
func inTurn(sizes []*slice, measure func(s *slice)) {
	const rounds = 15
	for range rounds {
		for _, s := range sizes {
			measure(s)
		}
	}
}

// slice is some rows that meet n targets: in the rows' sums, and in a whole iteration, as far as that makes
// each power once. Times are in ns a pair, the shortest of all.
type slice struct {
	n                  int
	sum                *softmin.Sum[float32]
	team               *softmin.Team
	logSum, back, mass []float64
	rows, iteration    float64
}

func newSlice(n, d, pairs int) *slice {
	count := min(n, max(256, pairs/n/32*32))
	s := &slice{n: n, team: softmin.NewTeam(nil, 0), logSum: make([]float64, count), back: make([]float64, n), mass: uniform(count),
		rows: math.Inf(1), iteration: math.Inf(1)}
	s.sum = softmin.New[float32](random(count, d), random(n, d), d, false, false, s.team)
	s.sum.Scale(3)
	s.sum.SetScores(make([]float64, n)) // a whole iteration does this once for n rows, and not for a slice of them
	s.sum.LogSum(s.logSum)
	return s
}

// timed returns the ns a pair that do takes: the least within a while, as the first wakes what sleeps.
func (s *slice) timed(do func()) float64 {
	const while = 20 * time.Millisecond
	least := time.Duration(math.MaxInt64)
	for began := time.Now(); time.Since(began) < while; {
		start := time.Now()
		do()
		least = min(least, time.Since(start))
	}
	return float64(least.Nanoseconds()) / float64(len(s.logSum)) / float64(s.n)
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
