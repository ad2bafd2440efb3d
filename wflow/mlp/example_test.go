package mlp_test

import (
	"fmt"

	"github.com/janpfeifer/must"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/mlp"
)

// A generator with one hidden unit: f(z) = z + 2·SiLU(3z).
func Example() {
	network := mlp.Network{Noise: 1, Out: 1, Width: 1, Depth: 1, Residual: true}
	g := must.M1(mlp.New(network, map[string][]float32{
		"layer0.weight": {3}, "layer0.bias": {0},
		"layer1.weight": {2}, "layer1.bias": {0},
	}))
	samples := must.M1(g.Generate(mat.NewDense(3, 1, []float64{-1, 0, 1})))
	fmt.Printf("%.4f\n", mat.Formatted(samples))
	// Output:
	// ⎡-1.2846⎤
	// ⎢ 0.0000⎥
	// ⎣ 6.7154⎦
}
