package sinkhorn_test

import (
	"context"
	"fmt"

	"github.com/janpfeifer/must"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/sinkhorn"
)

func Example() {
	x := mat.NewDense(3, 2, []float64{0, 0, 1, 0, 0, 1})
	y := mat.NewDense(2, 2, []float64{2, 2, 3, 2})
	s := must.M1(sinkhorn.Solve(context.Background(), sinkhorn.Problem{X: x, Y: y}, &sinkhorn.Settings{Epsilon: 0.1}))
	fmt.Printf("converged %v, OT_ε = %.4f, certified to 1e-9: %v\n", s.Converged(), s.Dual(), s.Primal()-s.Dual() < 1e-9)
	fmt.Printf("coupling %.3f\n", mat.Formatted(s.Coupling(), mat.Prefix("         ")))
	// Output:
	// converged true, OT_ε = 3.9485, certified to 1e-9: true
	// coupling ⎡0.250  0.083⎤
	//          ⎢0.000  0.333⎥
	//          ⎣0.250  0.083⎦
}

func ExampleDivergence() {
	x := mat.NewDense(2, 2, []float64{0, 0, 1, 0})
	y := mat.NewDense(2, 2, []float64{1, 3, 2, 3})
	d := must.M1(sinkhorn.Divergence(context.Background(), sinkhorn.Problem{X: x, Y: y}, nil))
	fmt.Printf("S_ε = %.4f, velocity of the first point %.3f\n", d.Value(), d.Velocity().RawRowView(0))
	// Output: S_ε = 5.0000, velocity of the first point [1.000 3.000]
}

func ExampleExact() {
	x := mat.NewDense(2, 1, []float64{0, 1})
	y := mat.NewDense(2, 1, []float64{5, 2})
	plan := must.M1(sinkhorn.Exact(context.Background(), sinkhorn.Problem{X: x, Y: y}))
	fmt.Printf("W₂² = %.1f\n", plan.W2()*plan.W2())
	for k := range plan.Mass {
		fmt.Printf("%.1f from x%d to y%d\n", plan.Mass[k], plan.Rows[k], plan.Columns[k])
	}
	// Unordered output:
	// W₂² = 10.0
	// 0.5 from x0 to y1
	// 0.5 from x1 to y0
}
