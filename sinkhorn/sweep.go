package sinkhorn

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"
)

// cloud is a point set in the coordinates the solver works in: relative to a centre, row-major.
type cloud struct {
	n, d    int
	points  []float64 // [n·d], centre subtracted
	centre  []float64 // [d]
	weights []float64 // [n], sum 1
	logW    []float64 // [n], −Inf where a weight is 0
}

func newCloud(x *mat.Dense, weights, centre []float64) *cloud {
	n, d := x.Dims()
	c := &cloud{n: n, d: d, centre: centre, weights: weights, points: make([]float64, n*d), logW: make([]float64, n)}
	for i := range n {
		row := c.row(i)
		for k, v := range x.RawRowView(i) {
			row[k] = v - centre[k]
		}
		c.logW[i] = math.Log(weights[i])
	}
	return c
}

func (c *cloud) row(i int) []float64 { return c.points[i*c.d : (i+1)*c.d] }

// mean returns Σ_i w_i x_i [d].
func mean(x *mat.Dense, weights []float64) []float64 {
	_, d := x.Dims()
	m := make([]float64, d)
	for i, w := range weights {
		for k, v := range x.RawRowView(i) {
			m[k] += w * v
		}
	}
	return m
}

// sweeper evaluates sums over all pairs of two clouds, row by row and in parallel, without ever holding the matrix.
type sweeper struct {
	cost    Cost
	mask    bool // leave out the pairs (i, i)
	workers int
	buffers [][]float64 // one row of scores for every worker
}

func newSweeper(cost Cost, mask bool, workers, longest int) *sweeper {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	s := &sweeper{cost: cost, mask: mask, workers: workers, buffers: make([][]float64, workers)}
	for w := range s.buffers {
		s.buffers[w] = make([]float64, longest)
	}
	return s
}

// parallelPairs is the number of pairs below which starting goroutines costs more than it saves.
const parallelPairs = 1 << 13

// each calls do(i, buffer) for every row i of n, where a row costs m pairs. A row's result must not depend on the
// order: this is what makes the answer independent of the number of workers.
func (s *sweeper) each(n, m int, do func(i int, buffer []float64)) {
	workers := min(s.workers, n)
	if n*m < parallelPairs || workers == 1 {
		for i := range n {
			do(i, s.buffers[0][:m])
		}
		return
	}
	const share = 16 // rows taken at a time
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for {
				first := int(next.Add(share)) - share
				if first >= n {
					return
				}
				for i := first; i < min(first+share, n); i++ {
					do(i, s.buffers[w][:m])
				}
			}
		})
	}
	wg.Wait()
}

// scores writes h_j − c(x, y_j)/ε for every point y_j and returns the largest. The pair with index skip is left out.
func (s *sweeper) scores(dst, x []float64, skip int, to *cloud, h []float64, epsilon float64) float64 {
	squaredDistances(dst, x, to)
	if s.mask && skip < len(dst) {
		dst[skip] = math.Inf(1)
	}
	largest := math.Inf(-1)
	if s.cost == Euclidean {
		for j, q := range dst {
			v := h[j] - math.Sqrt(q)/epsilon
			dst[j] = v
			largest = max(largest, v)
		}
		return largest
	}
	scale := 1 / (2 * epsilon)
	for j, q := range dst {
		v := h[j] - q*scale
		dst[j] = v
		if v > largest {
			largest = v
		}
	}
	return largest
}

func squaredDistances(dst, x []float64, to *cloud) {
	if to.d == 2 {
		x0, x1, y := x[0], x[1], to.points[:2*len(dst)]
		for j := range dst {
			d0, d1 := x0-y[2*j], x1-y[2*j+1]
			dst[j] = d0*d0 + d1*d1
		}
		return
	}
	for j := range dst {
		q := 0.0
		y := to.row(j)
		for k, v := range x {
			q += (v - y[k]) * (v - y[k])
		}
		dst[j] = q
	}
}

// sumExp returns Σ_j e^(score_j − largest).
func sumExp(scores []float64, largest float64) float64 {
	sum := 0.0
	for _, v := range scores {
		if v -= largest; v > negligible {
			sum += exp(v)
		}
	}
	return sum
}

// softmin writes −ε log Σ_j exp(h_j − c(x_i, y_j)/ε) for every row: the update of one potential from the other, where
// h_j = g_j/ε + log b_j.
func (s *sweeper) softmin(dst []float64, from, to *cloud, h []float64, epsilon float64) {
	s.each(from.n, to.n, func(i int, buffer []float64) {
		largest := s.scores(buffer, from.row(i), i, to, h, epsilon)
		dst[i] = -epsilon * (largest + math.Log(sumExp(buffer, largest)))
	})
}

// average writes the softmax-weighted mean of the rows of value [m, d] for every row of from: [n, d].
func (s *sweeper) average(dst *mat.Dense, from, to *cloud, h []float64, epsilon float64, value *cloud) {
	s.each(from.n, to.n, func(i int, buffer []float64) {
		largest := s.scores(buffer, from.row(i), i, to, h, epsilon)
		softmaxMean(dst.RawRowView(i), buffer, largest, value)
	})
}

// softmaxMean writes Σ_j w_j value_j [d], with w the softmax of the scores and value in its original coordinates.
func softmaxMean(dst, scores []float64, largest float64, value *cloud) {
	clear(dst)
	sum := 0.0
	for j, v := range scores {
		if v -= largest; v > negligible {
			w := exp(v)
			sum += w
			for k, y := range value.row(j) {
				dst[k] += w * y
			}
		}
	}
	for k := range dst {
		dst[k] = dst[k]/sum + value.centre[k]
	}
}
