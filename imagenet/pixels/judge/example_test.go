package judge_test

import (
	"fmt"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/pixels/digits"
	"github.com/wflowlab/wflowlab/imagenet/pixels/judge"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// A generator that knows one image of each digit by heart: it gives the first training digit of each class 200 times.
func Example() {
	backend, _ := must.M2(engine.Find())
	defer backend.Finalize()
	j := must.M1(judge.New(backend))
	defer j.Finalize()

	first := must.M1(judge.Of(digits.Train()).Balanced(1))
	var generated judge.Images
	for range 200 {
		generated.Numbers = append(generated.Numbers, first.Numbers...)
		generated.Labels = append(generated.Labels, first.Labels...)
	}
	v := must.M1(j.Judge(generated))
	fmt.Printf("diversity %.2f, nearest %.2f\n", v.Diversity, v.Nearest)
	fmt.Println("Fréchet distance above ten times the floor:", v.Frechet > 10*v.Floor)
	// Output:
	// diversity 0.00, nearest 0.00
	// Fréchet distance above ten times the floor: true
}
