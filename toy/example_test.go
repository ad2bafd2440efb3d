package toy_test

import (
	"fmt"
	"strings"

	"github.com/wflowlab/wflowlab/toy"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

func Example() {
	d := toy.EightGaussians()
	x := d.Sample(1, 20_000)
	share, off := d.Shares(x)
	fmt.Printf("modes %.3f, off %.4f\n", share, off)
	fmt.Printf("density %.4f at a mean, %.4f in the middle\n", d.Density([]float64{2, 0}), d.Density([]float64{0, 0}))
	// Output:
	// modes [0.127 0.127 0.124 0.121 0.126 0.131 0.124 0.120], off 0.0003
	// density 1.9894 at a mean, 0.0000 in the middle
}

// Training draws its batches from one endless sequence.
func ExampleDistribution_Draw() {
	data := stream.New(1, "data")
	moons := toy.TwoMoons()
	big := moons.Draw(data, 0, 512)
	second := moons.Draw(data, 256, 256)
	fmt.Printf("%.3f\n%.3f\n", big.RawRowView(256), second.RawRowView(0))
	// Output:
	// [0.740 -0.021]
	// [0.740 -0.021]
}

func ExampleReadCSV() {
	x, err := toy.ReadCSV("houses.csv", strings.NewReader("east,north\n0.5,2\n1,-3\n"))
	fmt.Println(x.RawMatrix().Data, err)
	_, err = toy.ReadCSV("houses.csv", strings.NewReader("east,north\n0.5,2\n1,n/a\n"))
	fmt.Println(err)
	// Output:
	// [0.5 2 1 -3] <nil>
	// toy: cloud houses.csv: row 1 (line 3), column 1: "n/a" is not a finite decimal number
}
