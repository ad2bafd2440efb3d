package bank_test

import (
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/bank"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

func Example() {
	b := bank.New(2, 3, 4) // two classes, three images of each, four of both
	for row := range 8 {
		b.Push(bank.Image{Row: row}, row%2)
	}
	draws := stream.New(1, "data")
	even, err := b.OfClass(0, draws.Sub(0), 2)
	fmt.Println(len(even), even[0].Row%2, even[1].Row%2, err)
	_, err = bank.New(2, 3, 4).OfClass(1, draws.Sub(1), 2)
	fmt.Println(err)
	// Output:
	// 2 0 0 <nil>
	// bank: no image of class 1 has been seen
}
