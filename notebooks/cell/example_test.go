package cell_test

import "github.com/wflowlab/wflowlab/notebooks/cell"

func ExampleAtMost() {
	cell.AtMost("relative gap between primal and dual", 3.2e-7, 1e-6)
	// Output: ✓ relative gap between primal and dual: 3.2e-07 ≤ 1e-06
}
