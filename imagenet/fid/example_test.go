package fid_test

import (
	"fmt"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/fid"
)

// Two sets of four images with two features each. The second is the first, moved by 3: so its distance is 3².
func ExampleFrechet() {
	one := fid.Features[float32]{Columns: 2, Values: []float32{0, 0, 1, 0, 0, 1, 1, 2}}
	two := fid.Features[float32]{Columns: 2, Values: []float32{3, 0, 4, 0, 3, 1, 4, 2}}
	distance := must.M1(fid.Frechet(must.M1(fid.StatisticsOf(one)), must.M1(fid.StatisticsOf(two))))
	fmt.Printf("%.6f\n", distance)
	// Output:
	// 9.000000
}
