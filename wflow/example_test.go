package wflow_test

import (
	"context"
	"fmt"

	"github.com/janpfeifer/must"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow"
)

func ExampleFlow() {
	particles := mat.NewDense(3, 2, []float64{0, 0, 0.1, 0, 0, 0.1})
	data := mat.NewDense(3, 2, []float64{1, 0, -1, 2, -1, -2})
	flow := wflow.Flow{Field: &wflow.Sinkhorn{Epsilon: 0.05}, StepSize: 0.5, Steps: 4}
	for frame, err := range flow.Frames(context.Background(), particles, data) {
		must.M(err)
		if frame.Step%2 == 0 {
			fmt.Printf("t = %4.1f  S_ε = %.3f\n", frame.Time, frame.Energy)
		}
	}
	// Output:
	// t =  0.0  S_ε = 1.756
	// t =  1.0  S_ε = 0.136
	// t =  2.0  S_ε = 0.008
}

// In the plane the sliced flow takes steps twice as large as Sinkhorn's.
func ExampleSliced() {
	particles := mat.NewDense(3, 2, []float64{0, 0, 0.1, 0, 0, 0.1})
	data := mat.NewDense(3, 2, []float64{1, 0, -1, 2, -1, -2})
	flow := wflow.Flow{Field: &wflow.Sliced{}, StepSize: 1, Steps: 8}
	for frame, err := range flow.Frames(context.Background(), particles, data) {
		must.M(err)
		if frame.Step%4 == 0 {
			fmt.Printf("t = %4.1f  ½ SW² = %.3f\n", frame.Time, frame.Energy)
		}
	}
	// Output:
	// t =  0.0  ½ SW² = 0.899
	// t =  4.0  ½ SW² = 0.005
	// t =  8.0  ½ SW² = 0.000
}
