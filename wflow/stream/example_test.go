package stream_test

import (
	"fmt"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

func Example() {
	noise := stream.New(1, "noise")
	x := noise.Normals(1_000_000, 3, 2) // samples 1,000,000 to 1,000,002, without drawing those before
	fmt.Printf("%.3f\n", x.RawRowView(2))
	fmt.Printf("%.3f\n", noise.Normals(1_000_002, 1, 2).RawRowView(0))

	batches := stream.New(1, "batches")
	epoch := batches.Perm(0, 10) // every index once, in an order of this epoch
	fmt.Println(epoch[:5], epoch[5:])
	// Output:
	// [-0.504 1.730]
	// [-0.504 1.730]
	// [2 5 1 9 0] [6 4 8 7 3]
}
