// Package mlp runs exported generators in plain Go: a multilayer perceptron from noise to samples in one evaluation.
// It needs nothing but the weights, so notebooks that only look at samples, and pages in a browser, can use it.
//
// A generator file is a safetensors file (package safetensors): tensors by name, the architecture as JSON in its
// metadata. Other languages read it with their own library.
package mlp

import (
	"fmt"
)

// Network is the architecture of a generator f: noise z [n, k] → samples [n, d],
//
//	h_0 = z,   h_{l+1} = SiLU((h_l W_l + b_l) ∘ (1 + γ_l) + β_l),   f(z) = h_Depth W_Depth + b_Depth
//
// with SiLU(x) = x/(1 + e^−x). Without classes γ and β are zero. With classes, (γ_l, β_l) = SiLU(E_c + (α − 1) a) F_l
// depends on the class c and on the guidance scale α (FiLM). With Residual, z is added to the result.
//
// Source: Perez et al., FiLM: Visual Reasoning with a General Conditioning Layer (2018).
type Network struct {
	Noise    int  `json:"noise"`    // k, dimension of the noise
	Out      int  `json:"out"`      // d, dimension of the samples
	Width    int  `json:"width"`    // of every hidden layer
	Depth    int  `json:"depth"`    // hidden layers
	Residual bool `json:"residual"` // f(z) = z + N(z); wants Noise == Out
	Classes  int  `json:"classes"`  // 0: none
	Guided   bool `json:"guided"`   // takes a guidance scale α; wants classes
}

// Tensor names one array of weights.
type Tensor struct {
	Name  string
	Shape []int
}

// Tensors lists the weights of the network in a fixed order: layer{l}.weight W_l [in, out] and layer{l}.bias b_l [out],
// and with classes class E [Classes, Width], guidance a [Width] and film{l}.weight F_l [Width, 2·Width], γ before β.
func (n Network) Tensors() []Tensor {
	var list []Tensor
	in := n.Noise
	for l := range n.Depth + 1 {
		out := n.Width
		if l == n.Depth {
			out = n.Out
		}
		weight, bias := Layer(l)
		list = append(list, Tensor{weight, []int{in, out}}, Tensor{bias, []int{out}})
		in = out
	}
	if n.Classes > 0 {
		list = append(list, Tensor{"class", []int{n.Classes, n.Width}})
		for l := range n.Depth {
			list = append(list, Tensor{Film(l), []int{n.Width, 2 * n.Width}})
		}
	}
	if n.Guided {
		list = append(list, Tensor{"guidance", []int{n.Width}})
	}
	return list
}

// Layer returns the names of dense layer l's weight and bias, l = 0 … Depth.
func Layer(l int) (weight, bias string) {
	return fmt.Sprintf("layer%d.weight", l), fmt.Sprintf("layer%d.bias", l)
}

// Film returns the name of the weight that modulates hidden layer l.
func Film(l int) string { return fmt.Sprintf("film%d.weight", l) }

// Parameters returns the number of weights.
func (n Network) Parameters() int {
	sum := 0
	for _, t := range n.Tensors() {
		size := 1
		for _, d := range t.Shape {
			size *= d
		}
		sum += size
	}
	return sum
}

// Check returns an error that names the first field that makes no sense.
func (n Network) Check() error {
	for _, f := range []struct {
		name       string
		value, min int
	}{{"Noise", n.Noise, 1}, {"Out", n.Out, 1}, {"Width", n.Width, 1}, {"Depth", n.Depth, 1}, {"Classes", n.Classes, 0}} {
		if f.value < f.min || f.value > most {
			return fmt.Errorf("mlp: Network.%s is %d, want %d to %d", f.name, f.value, f.min, most)
		}
	}
	if n.Residual && n.Noise != n.Out {
		return fmt.Errorf("mlp: Network.Residual adds the noise to the samples, but Noise is %d and Out %d", n.Noise, n.Out)
	}
	if n.Guided && n.Classes == 0 {
		return fmt.Errorf("mlp: Network.Guided without Classes: guidance is towards a class")
	}
	return nil
}

// most bounds every size, so that a file cannot ask for a list of tensors that fills the memory.
const most = 1 << 16
