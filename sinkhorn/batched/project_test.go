package batched_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/sinkhorn/batched"
)

func backend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// clouds is one batch of random problems, flat.
type clouds struct {
	b, n, m, d int
	x, y, w    []float64
	eps        float64
	cost       sinkhorn.Cost
	mask       bool
}

func random(seed uint64, b, n, m, d int) clouds {
	r := rand.New(rand.NewPCG(seed, 1))
	c := clouds{b: b, n: n, m: m, d: d, eps: 0.3}
	for range b * n * d {
		c.x = append(c.x, r.NormFloat64())
	}
	for range b * m * d {
		c.y = append(c.y, 1+0.7*r.NormFloat64())
	}
	return c
}

func (c clouds) weighted(seed uint64) clouds {
	r := rand.New(rand.NewPCG(seed, 2))
	c.w = make([]float64, c.b*c.m)
	for i := range c.w {
		c.w[i] = 3 * r.Float64()
	}
	c.w[1] = 0
	return c
}

// run builds f on the problem in float type T and returns its flat values.
func run[T float32 | float64](t testing.TB, c clouds, f func(p batched.Problem) *graph.Node) []float64 {
	t.Helper()
	tensor := func(v []float64, dims ...int) *tensors.Tensor {
		flat := make([]T, len(v))
		for i := range v {
			flat[i] = T(v[i])
		}
		return tensors.FromFlatDataAndDimensions(flat, dims...)
	}
	args := []any{tensor(c.x, c.b, c.n, c.d), tensor(c.y, c.b, c.m, c.d), tensors.FromScalar(T(c.eps))}
	if c.w != nil {
		args = append(args, tensor(c.w, c.b, c.m))
	}
	exec, err := graph.NewExec(backend(t), func(in []*graph.Node) *graph.Node {
		p := batched.Problem{X: in[0], Y: in[1], Epsilon: in[2], Cost: c.cost, MaskDiagonal: c.mask}
		if len(in) > 3 {
			p.B = in[3]
		}
		return f(p)
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	flat := tensors.MustCopyFlatData[T](out[0])
	values := make([]float64, len(flat))
	for i := range flat {
		values[i] = float64(flat[i])
	}
	return values
}

// oracle is the plain solver: coupling and projection of problem k after L updates, in float64 loops.
func (c clouds) oracle(k, L int) (coupling, projection []float64) {
	x, y := c.x[k*c.n*c.d:], c.y[k*c.m*c.d:]
	logK := make([]float64, c.n*c.m)
	logB := make([]float64, c.m)
	sum := 0.0
	for j := range c.m {
		logB[j] = 1
		if c.w != nil {
			logB[j] = c.w[k*c.m+j]
		}
		sum += logB[j]
	}
	for j := range logB {
		logB[j] = math.Log(math.Max(logB[j]/sum, 1e-30))
	}
	for i := range c.n {
		for j := range c.m {
			cost := c.cost.At(x[i*c.d:(i+1)*c.d], y[j*c.d:(j+1)*c.d])
			if c.mask && i == j {
				cost += 1e6
			}
			logK[i*c.m+j] = -cost / c.eps
		}
	}
	lse := func(count int, term func(int) float64) float64 {
		top := math.Inf(-1)
		for i := range count {
			top = math.Max(top, term(i))
		}
		s := 0.0
		for i := range count {
			s += math.Exp(term(i) - top)
		}
		return top + math.Log(s)
	}
	u, v := make([]float64, c.n), make([]float64, c.m)
	for range L {
		for i := range u {
			u[i] = -math.Log(float64(c.n)) - lse(c.m, func(j int) float64 { return logK[i*c.m+j] + v[j] })
		}
		for j := range v {
			v[j] = logB[j] - lse(c.n, func(i int) float64 { return logK[i*c.m+j] + u[i] })
		}
	}
	if L == 0 {
		v = logB
		for i := range u {
			u[i] = -math.Log(float64(c.n)) - lse(c.m, func(j int) float64 { return logK[i*c.m+j] + v[j] })
		}
	}
	coupling = make([]float64, c.n*c.m)
	projection = make([]float64, c.n*c.d)
	for i := range c.n {
		mass := 0.0
		for j := range c.m {
			coupling[i*c.m+j] = math.Exp(u[i] + logK[i*c.m+j] + v[j])
			mass += coupling[i*c.m+j]
		}
		for j := range c.m {
			for l := range c.d {
				projection[i*c.d+l] += coupling[i*c.m+j] / mass * y[j*c.d+l]
			}
		}
	}
	return coupling, projection
}

func project(L int) func(batched.Problem) *graph.Node {
	return func(p batched.Problem) *graph.Node { return batched.Project(p, L) }
}

func coupling(L int) func(batched.Problem) *graph.Node {
	return func(p batched.Problem) *graph.Node { return batched.Coupling(p, L) }
}

func maxDifference(t testing.TB, got, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		d := math.Abs(got[i] - want[i])
		if math.IsNaN(d) {
			t.Fatalf("value %d is %v, want %v", i, got[i], want[i])
		}
		worst = math.Max(worst, d)
	}
	return worst
}

// TestOracle holds projections and couplings to the plain solver, for every option and several L.
func TestOracle(t *testing.T) {
	for _, cost := range []sinkhorn.Cost{sinkhorn.HalfSquared, sinkhorn.Euclidean} {
		for _, mask := range []bool{false, true} {
			for _, weighted := range []bool{false, true} {
				for _, L := range []int{0, 1, 7} {
					c := random(uint64(L)+3, 2, 5, 4, 3)
					if weighted {
						c = c.weighted(9)
					}
					c.cost, c.mask = cost, mask
					var wantP, wantT []float64
					for k := range c.b {
						p, x := c.oracle(k, L)
						wantP, wantT = append(wantP, p...), append(wantT, x...)
					}
					// Rounding of ‖x‖²+‖y‖²−2xy over ε, amplified by a few dozen operations.
					if d := maxDifference(t, run[float64](t, c, project(L)), wantT); d > 1e-12 {
						t.Errorf("%v mask %v weighted %v L %d: projection off by %.1e, want 1e-12 at most", cost, mask, weighted, L, d)
					}
					if d := maxDifference(t, run[float64](t, c, coupling(L)), wantP); d > 1e-12 {
						t.Errorf("%v mask %v weighted %v L %d: coupling off by %.1e, want 1e-12 at most", cost, mask, weighted, L, d)
					}
					if d := maxDifference(t, run[float32](t, c, project(L)), wantT); d > 2e-5 {
						t.Errorf("%v mask %v weighted %v L %d: float32 projection off by %.1e, want 2e-5 at most", cost, mask, weighted, L, d)
					}
				}
			}
		}
	}
}

// TestColumnsExact: after any number of updates the column sums are b, and Y = one point is where everything goes.
func TestColumnsExact(t *testing.T) {
	c := random(1, 3, 6, 4, 2).weighted(5)
	for _, L := range []int{1, 2, 20} {
		p := run[float64](t, c, coupling(L))
		for k := range c.b {
			total := 0.0
			for j := range c.m {
				total += c.w[k*c.m+j]
			}
			for j := range c.m {
				sum := 0.0
				for i := range c.n {
					sum += p[(k*c.n+i)*c.m+j]
				}
				if want := c.w[k*c.m+j] / total; math.Abs(sum-want) > 1e-14 {
					t.Errorf("L %d problem %d column %d sums to %v, want %v", L, k, j, sum, want)
				}
			}
		}
	}
	one := random(2, 2, 5, 1, 3)
	for _, L := range []int{0, 3} {
		for i, v := range run[float64](t, one, project(L)) {
			if want := one.y[i/(one.n*one.d)*one.d+i%one.d]; math.Abs(v-want) > 1e-15 {
				t.Fatalf("L %d: coordinate %d is %v, want the only target's %v", L, i, v, want)
			}
		}
	}
}

// TestClosedForms: a large ε projects on the mean; a permuted copy at small ε is found again; float32 far from the
// origin is as good as near it.
func TestClosedForms(t *testing.T) {
	c := random(4, 1, 3, 6, 2)
	c.eps = 1e9
	mean := make([]float64, c.n*c.d)
	for i := range mean {
		for j := range c.m {
			mean[i] += c.y[j*c.d+i%c.d] / float64(c.m)
		}
	}
	for _, L := range []int{0, 5} {
		if d := maxDifference(t, run[float64](t, c, project(L)), mean); d > 1e-8 { // |x|·diam/ε
			t.Errorf("L %d: off the mean by %.1e at ε = 1e9, want 1e-8 at most", L, d)
		}
	}

	p := clouds{b: 1, n: 3, m: 3, d: 2, eps: 0.01, x: []float64{0, 0, 3, 1, -2, 4}}
	p.y = []float64{-2.1, 4, 0.1, 0, 3, 1.1}
	want := []float64{0.1, 0, 3, 1.1, -2.1, 4}
	if d := maxDifference(t, run[float64](t, p, project(10)), want); d > 1e-12 {
		t.Errorf("the permutation is missed by %.1e, want 1e-12 at most", d)
	}

	near := random(6, 2, 7, 5, 3)
	for i := range near.x { // multiples of 2^-8: moving them by 4096 rounds nothing in float32
		near.x[i] = math.Round(near.x[i]*256) / 256
	}
	for i := range near.y {
		near.y[i] = math.Round(near.y[i]*256) / 256
	}
	far := near
	far.x, far.y = nil, nil
	for i := range near.x {
		far.x = append(far.x, near.x[i]+4096)
	}
	for i := range near.y {
		far.y = append(far.y, near.y[i]+4096)
	}
	a, b := run[float32](t, near, project(10)), run[float32](t, far, project(10))
	for i := range b {
		b[i] -= 4096
	}
	if d := maxDifference(t, a, b); d > 2e-3 { // float32 spacing at 4096 is 5e-4
		t.Errorf("moving both clouds by 4096 moves the projection by %.1e, want 2e-3 at most", d)
	}
}

// TestBatchIsLoop: problem k of a batch equals the problem alone, and scaling the weights changes nothing.
func TestBatchIsLoop(t *testing.T) {
	c := random(8, 3, 5, 4, 2).weighted(8)
	all := run[float64](t, c, project(4))
	for k := range c.b {
		one := clouds{b: 1, n: c.n, m: c.m, d: c.d, eps: c.eps, x: c.x[k*c.n*c.d : (k+1)*c.n*c.d],
			y: c.y[k*c.m*c.d : (k+1)*c.m*c.d]}
		for _, w := range c.w[k*c.m : (k+1)*c.m] {
			one.w = append(one.w, 10*w)
		}
		if d := maxDifference(t, run[float64](t, one, project(4)), all[k*c.n*c.d:(k+1)*c.n*c.d]); d > 1e-13 {
			t.Errorf("problem %d alone differs by %.1e from the batch, want 1e-13 at most", k, d)
		}
	}
}

// TestMMD holds the pull to central differences of the kernel mean: V = ε ∇ Σ_j b_j exp(−‖x−y_j‖²/2ε).
func TestMMD(t *testing.T) {
	c := random(11, 2, 3, 5, 2).weighted(4)
	c.eps = 0.8
	got := run[float64](t, c, batched.MMD)
	const h = 1e-5
	for k := range c.b {
		mean := func(x []float64) float64 {
			sum, total := 0.0, 0.0
			for j := range c.m {
				w := c.w[k*c.m+j]
				total += w
				sum += w * math.Exp(-c.cost.At(x, c.y[(k*c.m+j)*c.d:(k*c.m+j+1)*c.d])/c.eps)
			}
			return sum / total
		}
		for i := range c.n {
			for l := range c.d {
				entry := (k*c.n+i)*c.d + l
				x := append([]float64(nil), c.x[(k*c.n+i)*c.d:(k*c.n+i+1)*c.d]...)
				x[l] += h
				up := mean(x)
				x[l] -= 2 * h
				want := c.eps * (up - mean(x)) / (2 * h)
				if math.Abs(got[entry]-want) > 1e-9 { // h² truncation
					t.Errorf("problem %d particle %d axis %d: %v, want %v", k, i, l, got[entry], want)
				}
			}
		}
	}
}

// TestMisuse: every wrong shape is an error that names the field.
func TestMisuse(t *testing.T) {
	f := func(dims ...int) *tensors.Tensor {
		n := 1
		for _, d := range dims {
			n *= d
		}
		return tensors.FromFlatDataAndDimensions(make([]float32, n), dims...)
	}
	for _, c := range []struct {
		name, want string
		x, y, b, e *tensors.Tensor
		updates    int
	}{
		{"rank", "X is", f(3, 2), f(1, 3, 2), nil, tensors.FromScalar(float32(1)), 1},
		{"dimension", "X is", f(1, 3, 2), f(1, 3, 4), nil, tensors.FromScalar(float32(1)), 1},
		{"batch", "X is", f(2, 3, 2), f(1, 3, 2), nil, tensors.FromScalar(float32(1)), 1},
		{"type", "X is", f(1, 3, 2), tensors.FromFlatDataAndDimensions(make([]float64, 6), 1, 3, 2), nil, tensors.FromScalar(float32(1)), 1},
		{"weights", "B is", f(1, 3, 2), f(1, 4, 2), f(1, 3), tensors.FromScalar(float32(1)), 1},
		{"epsilon", "Epsilon", f(1, 3, 2), f(1, 4, 2), nil, f(1, 2), 1},
		{"updates", "-1 updates", f(1, 3, 2), f(1, 4, 2), nil, tensors.FromScalar(float32(1)), -1},
	} {
		args := []any{c.x, c.y, c.e}
		if c.b != nil {
			args = append(args, c.b)
		}
		exec, err := graph.NewExec(backend(t), func(in []*graph.Node) *graph.Node {
			p := batched.Problem{X: in[0], Y: in[1], Epsilon: in[2]}
			if len(in) > 3 {
				p.B = in[3]
			}
			return batched.Project(p, c.updates)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := exec.Call(args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// BenchmarkProject measures two problems of the plane, as a training step of recipe size solves them.
func BenchmarkProject(b *testing.B) {
	c := random(1, 2, 256, 256, 2)
	exec, err := graph.NewExec(backend(b), func(x, y, eps *graph.Node) *graph.Node {
		return batched.Project(batched.Problem{X: x, Y: y, Epsilon: eps}, 10)
	})
	if err != nil {
		b.Fatal(err)
	}
	flat := func(v []float64) *tensors.Tensor {
		f := make([]float32, len(v))
		for i := range v {
			f[i] = float32(v[i])
		}
		return tensors.FromFlatDataAndDimensions(f, 2, 256, 2)
	}
	x, y, eps := flat(c.x), flat(c.y), tensors.FromScalar(float32(0.02))
	for b.Loop() {
		if _, err := exec.Call(x, y, eps); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(2*256*256*10)*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
}
