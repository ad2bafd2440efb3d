package cell_test

import "github.com/wflowlab/wflowlab/notebooks/cell"

func ExampleAtMost() {
	cell.AtMost("relative gap between primal and dual", 3.2e-7, 1e-6)
	// Output: ✓ relative gap between primal and dual: 3.2e-07 ≤ 1e-06
}

func ExampleAtMost_changed() {
	cell.AtMost("largest |weight − 12.5 %|, points", 2.5, 1.5)
	// Output: ✗ largest |weight − 12.5 %|, points: 2.5, the notebook as delivered keeps ≤ 1.5
}
