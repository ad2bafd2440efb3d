package sinkhorn

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// goldenProblem is one entry of sinkhorn.json; testdata/README.md tells what the fields mean.
type goldenProblem struct {
	Name                 string
	N, M, D              int
	Eps                  float64
	X, Y, T, Velocity    [][]float64
	A, B, F, G           []float64
	OtEps                float64 `json:"ot_eps"`
	OtEpsXX              float64 `json:"ot_eps_xx"`
	OtEpsYY              float64 `json:"ot_eps_yy"`
	LinearCost           float64 `json:"linear_cost"`
	Divergence, Emd      float64
	PlanRows             map[int][]float64 `json:"plan_rows"`
	Degenerate           bool
	EpsOverMeanCost      float64         `json:"eps_over_mean_cost"`
	PrimalMinusDual, Gap float64         `json:"-"`
	Ignored              json.RawMessage `json:"-"`
}

func goldenFile(t *testing.T, name string) []byte {
	t.Helper()
	folder := os.Getenv("WFLOW_GOLDENS")
	if folder == "" {
		folder = "testdata"
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func dense(rows [][]float64) *mat.Dense {
	m := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, r := range rows {
		m.SetRow(i, r)
	}
	return m
}

func flat(rows [][]float64) (out []float64) {
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}

// within checks max|Δ| against 1e-9 of the field's largest entry, or an absolute bound where the truth is 0.
func within(t *testing.T, what string, got, want []float64, absolute float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	worst, scale := 0.0, 0.0
	for i, w := range want {
		if d := math.Abs(got[i] - w); !(d <= worst) {
			worst = d
		}
		scale = max(scale, math.Abs(w))
	}
	if bound := max(1e-9*scale, absolute); !(worst <= bound) {
		t.Errorf("%s: off by %.3g, bound %.3g", what, worst, bound)
	}
}

func TestGoldenSinkhorn(t *testing.T) {
	var file struct {
		Meta     json.RawMessage
		Problems []json.RawMessage
	}
	if err := json.Unmarshal(goldenFile(t, "sinkhorn.json"), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Problems) == 0 {
		t.Fatal("no problem in the file")
	}
	ran := 0
	for _, text := range file.Problems {
		var g struct {
			goldenProblem
			PrimalMinusDual float64         `json:"primal_minus_dual"`
			ErrLongdouble   float64         `json:"err_longdouble"`
			ErrXX           float64         `json:"err_xx"`
			ErrYY           float64         `json:"err_yy"`
			ErrF64          float64         `json:"err_f64"`
			Gap             float64         `json:"gap"`
			FdCheck         json.RawMessage `json:"fd_check"`
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&g); err != nil {
			t.Fatal(err)
		}
		ran++
		t.Run(g.Name, func(t *testing.T) {
			if g.Degenerate {
				checkGoldenLoosely(t, &g.goldenProblem)
			} else {
				checkGolden(t, &g.goldenProblem)
			}
		})
	}
	if ran != len(file.Problems) {
		t.Errorf("ran %d of %d problems", ran, len(file.Problems))
	}
}

func (g *goldenProblem) solve(t *testing.T) *DivergenceResult {
	t.Helper()
	r, err := Divergence(context.Background(), Problem{X: dense(g.X), Y: dense(g.Y), A: g.A, B: g.B},
		&Settings{Epsilon: g.Eps, Tolerance: 1e-13})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func checkGolden(t *testing.T, g *goldenProblem) {
	r := g.solve(t)
	zero := 1e-12 * g.Eps / g.EpsOverMeanCost
	scalar := func(what string, got, want float64) {
		t.Helper()
		within(t, what, []float64{got}, []float64{want}, zero)
	}
	// The file's potentials are in the gauge Σ a_i f_i = 0.
	f, k := r.XY.F().Values(), r.XY.G().Values()
	shift := 0.0
	for i, a := range g.A {
		shift += a * f[i]
	}
	for i := range f {
		f[i] -= shift
	}
	for j := range k {
		k[j] += shift
	}
	within(t, "f", f, g.F, zero)
	within(t, "g", k, g.G, zero)
	scalar("ot_eps", r.XY.Dual(), g.OtEps)
	scalar("ot_eps_xx", r.XX.Dual(), g.OtEpsXX)
	scalar("ot_eps_yy", r.YY.Dual(), g.OtEpsYY)
	scalar("linear_cost", r.XY.LinearCost(), g.LinearCost)
	scalar("divergence", r.Value(), g.Divergence)
	within(t, "T", r.XY.Project().RawMatrix().Data, flat(g.T), zero)
	within(t, "velocity", r.Velocity().RawMatrix().Data, flat(g.Velocity), zero)
	plan := r.XY.Coupling()
	for i, row := range g.PlanRows {
		within(t, "plan row", plan.RawRowView(i), row, 0)
	}
	exact, err := Exact(context.Background(), Problem{X: dense(g.X), Y: dense(g.Y), A: g.A, B: g.B})
	if err != nil {
		t.Fatal(err)
	}
	scalar("emd", exact.Cost(), g.Emd)
	if !r.Converged() {
		t.Logf("stopped at marginal errors %.2g, %.2g, %.2g after %d iterations",
			r.XY.MarginalError(), r.XX.MarginalError(), r.YY.MarginalError(), r.XY.Iterations())
	}
}

// checkGoldenLoosely holds what a problem that plain iterations cannot finish still determines well.
func checkGoldenLoosely(t *testing.T, g *goldenProblem) {
	r := g.solve(t)
	if v := r.XY.Dual(); math.Abs(v-g.OtEps) > 1e-4*math.Abs(g.OtEps) {
		t.Errorf("ot_eps: %v, want %v", v, g.OtEps)
	}
	if r.XY.Primal() < g.OtEps*(1-1e-12) || r.XY.Dual() > g.OtEps*(1+1e-12) {
		t.Errorf("the optimum %v is outside [%v, %v]", g.OtEps, r.XY.Dual(), r.XY.Primal())
	}
}
