package batched_test

import (
	"fmt"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/sinkhorn/batched"
)

// Two problems at once. In the first, both particles are nearest to the same target; the column updates send one of
// them to the other.
func Example() {
	backend := must.M1(gobackend.New(""))
	exec := graph.MustNewExec(backend, func(x, y, epsilon *graph.Node) (nearest, balanced *graph.Node) {
		p := batched.Problem{X: x, Y: y, Epsilon: epsilon}
		return batched.Project(p, 0), batched.Project(p, 100)
	})
	x := [][][]float32{{{0}, {1}}, {{0}, {4}}}
	y := [][][]float32{{{1}, {4}}, {{0}, {4}}}
	nearest, balanced := exec.MustCall2(x, y, float32(0.2))
	fmt.Printf("%.1f\n%.1f\n", nearest.Value(), balanced.Value())
	// Output:
	// [[[1.0] [1.0]] [[0.0] [4.0]]]
	// [[[1.0] [4.0]] [[0.0] [4.0]]]
}
