package onestep

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/sinkhorn/batched"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// onBackends runs a test on the pure Go backend and, where its plugin is named, on XLA.
func onBackends(t *testing.T, f func(t *testing.T, b compute.Backend)) {
	plugin := os.Getenv(engine.PluginVariable)
	for _, name := range []string{"go", "xla"} {
		if name == "xla" && plugin == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if name == "xla" && testing.Short() {
				t.Skip("XLA compiles every graph for half a second")
			}
			t.Setenv(compute.ConfigEnvVar, "")
			t.Setenv(engine.PluginVariable, "")
			if name == "xla" {
				t.Setenv(engine.PluginVariable, plugin)
			}
			b, line, err := engine.Find()
			if err != nil {
				t.Fatal(err)
			}
			if (engine.Name(b) == "XLA") != (name == "xla") {
				t.Fatalf("the engine is %s, want %s", line, name)
			}
			f(t, b)
		})
	}
}

// goBackend returns the pure Go backend.
func goBackend(t testing.TB) compute.Backend {
	t.Helper()
	t.Setenv(compute.ConfigEnvVar, "")
	t.Setenv(engine.PluginVariable, "")
	b, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// clouds is a batch of problems on the host, flat and row-major.
type clouds struct {
	b, n, m, u, d                               int // u = 0: no guidance
	particles, self, data, unconditional, alpha []float64
}

// call builds Loss on the clouds in float type T and returns its outputs by name, with the gradient of the mean loss and,
// for a Sinkhorn field, the maps and plans of the first R.
func call[T float32 | float64](t *testing.T, b compute.Backend, field wflow.Field, r []float64, c clouds) map[string][]float64 {
	t.Helper()
	tensor := func(v []float64, dims ...int) *tensors.Tensor {
		flat := make([]T, len(v))
		for i := range v {
			flat[i] = T(v[i])
		}
		return tensors.FromFlatDataAndDimensions(flat, dims...)
	}
	args := []any{tensor(c.particles, c.b, c.n, c.d), tensor(c.data, c.b, c.m, c.d), tensor(r, len(r))}
	if c.self != nil {
		args = append(args, tensor(c.self, c.b, len(c.self)/c.b/c.d, c.d))
	}
	if c.u > 0 {
		args = append(args, tensor(c.unconditional, c.b, c.u, c.d), tensor(c.alpha, c.b))
	}
	var names []string
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		batch := Batch{Particles: in[0], Data: in[1]}
		rest := in[3:]
		if c.self != nil {
			batch.Self, rest = rest[0], rest[1:]
		}
		if c.u > 0 {
			batch.Unconditional, batch.Alpha = rest[0], rest[1]
		}
		var nodes []*graph.Node
		for k := range r {
			nodes = append(nodes, graph.Reshape(graph.Slice(in[2], graph.AxisElem(k))))
		}
		g := Loss(field, nodes, batch)
		out := map[string]*graph.Node{"loss": g.Loss, "velocity": g.Velocity, "s": g.S, "scale": g.Scale,
			"grad_gen": graph.Gradient(graph.ReduceAllMean(g.Loss), batch.Particles)[0]}
		for k, v := range g.MeanSquare {
			out["mean_square"+strconv.Itoa(k)] = v
		}
		if f, ok := field.(*wflow.Sinkhorn); ok {
			scaled := batch.apply(func(x *graph.Node) *graph.Node { return graph.Div(x, batch.perProblem(g.S)) })
			problem := sinkhornGraph{f}.problem(scaled, nodes[0])
			problems := map[string]batched.Problem{
				"pos": problem(cloud{points: scaled.Data}, false), "neg": problem(scaled.negatives(f.Guidance), true)}
			if scaled.guided() && f.Guidance == wflow.ByVelocity {
				problems["uncond"] = problem(cloud{points: scaled.Unconditional}, false)
			}
			for name, p := range problems {
				out["T_"+name], out["plan_"+name] = batched.Project(p, f.Iterations), batched.Coupling(p, f.Iterations)
			}
		}
		names = names[:0]
		var list []*graph.Node
		for name, node := range out {
			names, list = append(names, name), append(list, node)
		}
		return list
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	results, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{}
	for i, name := range names {
		flat := tensors.MustCopyFlatData[T](results[i])
		got[name] = make([]float64, len(flat))
		for k, v := range flat {
			got[name][k] = float64(v)
		}
	}
	return got
}

// fieldOf translates a case's configuration.
func fieldOf(t *testing.T, c golden.Loss) wflow.Field {
	guidance := wflow.ByVelocity
	if c.Guidance == "dist" {
		guidance = wflow.ByDistribution
	}
	switch c.Loss {
	case "KL":
		return &wflow.KL{Guidance: guidance}
	case "MMD":
		return &wflow.MMD{Guidance: guidance}
	case "drifting":
		return &wflow.Drifting{}
	case "":
		cost, ok := map[string]sinkhorn.Cost{"quad": sinkhorn.HalfSquared, "l2": sinkhorn.Euclidean}[c.Cost]
		if !ok {
			t.Fatalf("unknown cost %q, want quad or l2", c.Cost)
		}
		return &wflow.Sinkhorn{Iterations: c.L, Cost: cost, MaskDiagonal: c.SelfTerm == "diag", Guidance: guidance}
	}
	t.Fatalf("unknown loss %q, want KL, MMD, drifting or none", c.Loss)
	return nil
}

func cloudsOf(t *testing.T, c golden.LossCase) clouds {
	g := c.Config
	out := clouds{b: g.B, n: g.N, m: g.P, d: g.D, particles: c.Particles, data: c.Data}
	switch {
	case g.Loss == "drifting", g.SelfTerm == "single", g.SelfTerm == "diag":
	case g.SelfTerm == "two", g.Loss != "":
		out.self = c.Second
	default:
		t.Fatalf("unknown self term %q, want single, diag or two", g.SelfTerm)
	}
	switch g.Guidance {
	case "none":
	case "velo", "dist":
		out.u, out.unconditional, out.alpha = g.U, c.Unconditional, c.Alpha
	default:
		t.Fatalf("unknown guidance %q, want none, velo or dist", g.Guidance)
	}
	return out
}

// TestGoldenLoss holds the graph against the reference's float64 values: in float64 within 1e-8 of the largest entry, in
// float32 within ten times the reference's own float32 error or 1e-6 of the largest entry. Cases named …_batched take
// the reference's path for several R in one call, which is no other function.
func TestGoldenLoss(t *testing.T) {
	cases, err := golden.Losses("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	onBackends(t, func(t *testing.T, b compute.Backend) {
		ran, skipped := 0, 0
		for _, c := range cases {
			if strings.HasSuffix(c.Name, "_batched") {
				skipped++
				continue
			}
			ran++
			t.Run(c.Name, func(t *testing.T) {
				field, problems := fieldOf(t, c.Config), cloudsOf(t, c)
				checkGolden(t, c, call[float32](t, b, field, c.Config.R, problems), "float32")
				checkGolden(t, c, call[float64](t, b, field, c.Config.R, problems), "float64")
			})
		}
		if ran == 0 || ran+skipped != len(cases) {
			t.Errorf("ran %d cases, want all %d that are not batched, and one at least", ran, len(cases)-skipped)
		}
	})
}

func checkGolden(t *testing.T, c golden.LossCase, got map[string][]float64, precision string) {
	t.Helper()
	check := func(name string, difference, largest, recorded float64) {
		bound := 1e-8 * largest
		if precision == "float32" {
			bound = max(10*recorded, 1e-6*largest)
		}
		if largest == 0 {
			bound = 1e-12
		}
		if !(difference <= bound) {
			t.Errorf("%s %s: off by %.3g, want %.3g at most", precision, name, difference, bound)
		}
	}
	for name, want := range c.Outputs {
		difference, largest, err := want.Compare(got[name])
		if err != nil {
			t.Errorf("%s %s: %v", precision, name, err)
			continue
		}
		check(name, difference, largest, want.F32MaxAbs)
	}
	for name, want := range c.Metrics {
		key := name
		if r, isLoss := strings.CutPrefix(name, "loss_"); isLoss {
			for k, known := range c.Config.R {
				if x, err := strconv.ParseFloat(r, 64); err == nil && x == known {
					key = "mean_square" + strconv.Itoa(k)
				}
			}
		}
		if len(got[key]) != 1 {
			t.Errorf("unknown metric %q, want scale or loss_R", name)
			continue
		}
		check(name, math.Abs(got[key][0]-want.Value), math.Abs(want.Value), math.Abs(want.F32-want.Value))
	}
}

// TestAppendixE holds the graph to the worked example of the method's notes: three particles, four data points.
func TestAppendixE(t *testing.T) {
	c := clouds{b: 1, n: 3, m: 4, u: 2, d: 2,
		particles: []float64{0, 0, 1, 0.5, -0.5, 1.5}, data: []float64{2, 0, 1.5, 1, 0, 2, -1, 1},
		self: []float64{0.2, -0.1, 0.8, 0.9, -0.7, 1.1}, unconditional: []float64{3, 3, -2, 0.5}}
	table := []struct {
		L     int
		alpha float64
		name  string
		want  []float64
	}{
		{1, 1, "scale", []float64{1.4514360705}},
		{1, 1, "s", []float64{1.0263202879}},
		{1, 1, "T_pos", []float64{-0.95251758, 0.97064186, 1.70511716, 0.48718040, -0.24395741, 1.70475198}},
		{10, 1, "T_pos", []float64{0.07347780, 0.78416812, 1.70512068, 0.48717734, -0.13494891, 1.81375973}},
		{200, 1, "T_pos", []float64{0.36549078, 0.73087631, 1.70512084, 0.48717709, -0.24369656, 1.70501071}},
		{1, 1, "T_neg", []float64{0.19530678, -0.09564639, 0.76716040, 0.85638159, -0.68181805, 1.07175810}},
		{10, 1, "T_neg", []float64{0.19552581, -0.09511713, 0.77028651, 0.86159159, -0.68178012, 1.07175323}},
		{200, 1, "T_neg", []float64{0.19720796, -0.09170925, 0.77614183, 0.87134996, -0.68155175, 1.07172317}},
		{1, 1, "T_uncond", []float64{-1.94870941, 0.48717735, 1.70673181, 2.31489796, -1.94870941, 0.48717735}},
		{10, 1, "T_uncond", []float64{-1.94870941, 0.48717735, 2.92147862, 2.92227136, -1.94870941, 0.48717735}},
		{200, 1, "T_uncond", []float64{-1.94867522, 0.48719445, 2.92306411, 2.92306411, 0.48714316, 1.70510364}},
		{1, 1, "mean_square0", []float64{0.6771578321}},
		{10, 1, "mean_square0", []float64{0.4419562092}},
		{200, 1, "mean_square0", []float64{0.3847211970}},
		{1, 1.5, "mean_square0", []float64{1.3107146272}},
		{10, 1.5, "mean_square0", []float64{1.4293196606}},
		{200, 1.5, "mean_square0", []float64{0.9539931194}},
		{10, 1, "plan_pos", []float64{0.06737611, 0.06737608, 0.00009831, 0.20982384, 0.18262389, 0.18262383, 0.00000002, 0,
			0, 0.00000009, 0.24990167, 0.04017616}},
		{10, 1, "velocity", []float64{-0.18358665, 1.32263548, 1.40619309, -0.56320013, 0.82255258, 1.11613851}},
		{10, 1, "loss", []float64{1}},
		{10, 1, "grad_gen", []float64{0.05962617, -0.42957203, -0.45671029, 0.18291890, -0.26715266, -0.36250494}},
		{10, 1.5, "velocity", []float64{0.74363419, 0.85967787, 0.27322781, -1.33158168, 1.21594387, 1.17544862}},
	}
	onBackends(t, func(t *testing.T, b compute.Backend) {
		for _, L := range []int{1, 10, 200} {
			if L == 200 && engine.Name(b) == "XLA" {
				continue // unrolled, it compiles for a minute
			}
			for _, alpha := range []float64{1, 1.5} {
				c.alpha = []float64{alpha}
				all := call[float64](t, b, &wflow.Sinkhorn{Iterations: L}, []float64{0.05}, c)
				for _, e := range table {
					if e.L != L || e.alpha != alpha {
						continue
					}
					for i, want := range e.want {
						// The notes have eight decimals, and leave out the 1e-8 added to the mean weight.
						if got := all[e.name][i]; math.Abs(got-want) > 1e-8*(1+math.Abs(want)) {
							t.Errorf("L %d, α %v: %s[%d] is %.10f, want %.10f", L, alpha, e.name, i, got, want)
						}
					}
				}
			}
		}
	})
}

// host returns the clouds as wflow takes them.
func (c clouds) host() []wflow.Clouds {
	problem := func(v []float64, b int) *mat.Dense {
		n := len(v) / c.b / c.d
		return mat.NewDense(n, c.d, v[b*n*c.d:(b+1)*n*c.d])
	}
	var batch []wflow.Clouds
	for b := range c.b {
		p := wflow.Clouds{Particles: problem(c.particles, b), Data: problem(c.data, b)}
		if c.self != nil {
			p.Self = problem(c.self, b)
		}
		if c.u > 0 {
			p.Unconditional, p.Alpha = problem(c.unconditional, b), c.alpha[b]
		}
		batch = append(batch, p)
	}
	return batch
}

// normal is a number of a named stream.
func normal(name string, i int) float64 { return stream.New(5, name).Normal(uint64(i)) }
