package safetensors_test

import (
	"fmt"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

func Example() {
	f := safetensors.File{
		Meta:    map[string]string{"made by": "an example"},
		Tensors: map[string]safetensors.Tensor{"weight": {Shape: []int{1, 3}, Data: []float32{1, 2, 3}}},
	}
	data := must.M1(f.Encode())
	read := must.M1(safetensors.Decode(data))
	fmt.Println(read.Meta["made by"], read.Tensors["weight"].Data)
	_, err := read.Floats("weight", 3, 1)
	fmt.Println(err)
	// Output:
	// an example [1 2 3]
	// tensor "weight": shape [1 3], want [3 1]
}
