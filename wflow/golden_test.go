package wflow

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/sinkhorn"
)

// objective translates a case's configuration.
func objective(c golden.Loss) (Objective, error) {
	guidance := ByVelocity
	if c.Guidance == "dist" {
		guidance = ByDistribution
	}
	o := Objective{R: c.R}
	switch c.Loss {
	case "":
		cost, ok := map[string]sinkhorn.Cost{"quad": sinkhorn.HalfSquared, "l2": sinkhorn.Euclidean}[c.Cost]
		if !ok {
			return o, fmt.Errorf("unknown cost %q, want quad or l2", c.Cost)
		}
		o.Field = &Sinkhorn{Iterations: c.L, Cost: cost, MaskDiagonal: c.SelfTerm == "diag", Guidance: guidance}
	case "KL":
		o.Field = &KL{Guidance: guidance}
	case "MMD":
		o.Field = &MMD{Guidance: guidance}
	case "drifting":
		o.Field = &Drifting{}
	default:
		return o, fmt.Errorf("unknown loss %q, want KL, MMD, drifting or none", c.Loss)
	}
	return o, nil
}

// clouds returns the problems of a case.
func clouds(c golden.LossCase) ([]Clouds, error) {
	g := c.Config
	problem := func(data []float64, b, n int) *mat.Dense { return mat.NewDense(n, g.D, data[b*n*g.D:(b+1)*n*g.D]) }
	var batch []Clouds
	for b := range g.B {
		p := Clouds{Particles: problem(c.Particles, b, g.N), Data: problem(c.Data, b, g.P)}
		switch {
		case g.Loss == "drifting", g.SelfTerm == "single", g.SelfTerm == "diag":
		case g.SelfTerm == "two", g.Loss != "":
			p.Self = problem(c.Second, b, g.N)
		default:
			return nil, fmt.Errorf("unknown self term %q, want single, diag or two", g.SelfTerm)
		}
		switch g.Guidance {
		case "none":
		case "velo", "dist":
			p.Unconditional, p.Alpha = problem(c.Unconditional, b, g.U), c.Alpha[b]
		default:
			return nil, fmt.Errorf("unknown guidance %q, want none, velo or dist", g.Guidance)
		}
		batch = append(batch, p)
	}
	return batch, nil
}

// TestGoldenLoss holds the host against the reference's float64 values. Cases named …_batched take the reference's path
// for several R in one call, which is no other function.
func TestGoldenLoss(t *testing.T) {
	cases, err := golden.Losses("testdata")
	if err != nil {
		t.Fatal(err)
	}
	ran, batched := 0, 0
	for _, c := range cases {
		if strings.HasSuffix(c.Name, "_batched") {
			batched++
			continue
		}
		ran++
		t.Run(c.Name, func(t *testing.T) { checkGoldenLoss(t, c) })
	}
	if ran == 0 || ran+batched != len(cases) {
		t.Errorf("ran %d cases, want all %d that are not batched, and one at least", ran, len(cases)-batched)
	}
}

func checkGoldenLoss(t *testing.T, c golden.LossCase) {
	ctx := context.Background()
	o, err := objective(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := clouds(c)
	if err != nil {
		t.Fatal(err)
	}
	g, err := o.Goal(ctx, batch)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{"loss": g.Loss, "s": {g.S}}
	for _, v := range g.Velocity {
		got["velocity"] = append(got["velocity"], v.RawMatrix().Data...)
		var gradient mat.Dense
		n, d := v.Dims()
		gradient.Scale(-2/(g.S*float64(n*d*len(batch))), v)
		got["grad_gen"] = append(got["grad_gen"], gradient.RawMatrix().Data...)
	}
	field, err := o.Field.(Trainable).WithR(o.R[0], c.Config.D)
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := field.(*Sinkhorn); ok {
		for _, p := range batch {
			p = p.dividedBy(g.S)
			own, weights := p.negatives(f.Guidance)
			for name, q := range map[string]sinkhorn.Problem{
				"pos":    {X: p.Particles, Y: p.Data},
				"neg":    {X: p.Particles, Y: own, B: weights, MaskDiagonal: f.MaskDiagonal},
				"uncond": {X: p.Particles, Y: p.Unconditional},
			} {
				if q.Y == nil {
					continue
				}
				q.Cost = f.Cost
				s, err := sinkhorn.Iterate(ctx, q, f.Epsilon, f.Iterations)
				if err != nil {
					t.Fatal(err)
				}
				got["T_"+name] = append(got["T_"+name], s.Project().RawMatrix().Data...)
				got["plan_"+name] = append(got["plan_"+name], s.Coupling().RawMatrix().Data...)
			}
		}
	}
	for name, want := range c.Outputs {
		difference, largest, err := want.Compare(got[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if bound := 1e-8 * largest; !(difference <= bound) && !(largest == 0 && difference <= 1e-12) {
			t.Errorf("%s: off by %.3g, want %.3g at most", name, difference, bound)
		}
	}
	for name, want := range c.Metrics {
		value := g.Scale
		if r, isLoss := strings.CutPrefix(name, "loss_"); isLoss {
			for k, known := range o.R {
				if x, err := strconv.ParseFloat(r, 64); err == nil && x == known {
					value = g.MeanSquare[k]
				}
			}
		} else if name != "scale" {
			t.Errorf("unknown metric %q, want scale or loss_R", name)
		}
		if d := value - want.Value; !(d*d <= 1e-16*want.Value*want.Value+1e-24) {
			t.Errorf("%s: %v, want %v", name, value, want.Value)
		}
	}
}
