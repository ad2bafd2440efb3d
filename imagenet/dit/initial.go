package dit

import (
	"math"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Initial returns the function that gives weights.Load the numbers from which training starts. The output is then exactly 0.
//
//	matrices                         Xavier-uniform: ±√(6/(in + out))
//	matrices of the guidance scale   normal with deviation 0.02
//	classes, styles, context         normal with deviation 0.02
//	places                           sines and cosines of column and row
//	modulations, last matrix, biases 0
//	weights of norms                 1
//
// Number i of a parameter depends on the seed, the parameter's name and i alone.
func (c Config) Initial(seed uint64) func(weights.Parameter) ([]float32, error) {
	return func(p weights.Parameter) ([]float32, error) {
		values, s := make([]float32, p.Size()), stream.New(seed, "weights "+p.Name)
		fill := func(f func(i int) float64) ([]float32, error) {
			for i := range values {
				values[i] = float32(f(i))
			}
			return values, nil
		}
		normal := func(i int) float64 { return 0.02 * s.Normal(uint64(i)) }
		switch name := p.Name; {
		case name == "model.pos_embed":
			return fill(func(i int) float64 { return place(i/c.Width, i%c.Width, c.Size/c.Patch, c.Width) })
		case strings.HasSuffix(name, ".bias"), strings.Contains(name, ".adaLN_mod."), name == "model.final_layer.linear.linear.weight":
			return values, nil
		case name == "class_embed.weight", name == "model.cls_embed",
			strings.HasPrefix(name, "noise_embeds."), strings.HasPrefix(name, "cfg_embedder."):
			return fill(normal)
		case len(p.Shape) == 2:
			bound := math.Sqrt(6 / float64(p.Shape[0]+p.Shape[1]))
			return fill(func(i int) float64 { return bound * (2*s.Uniform(uint64(i)) - 1) })
		default: // of a norm
			return fill(func(int) float64 { return 1 })
		}
	}
}

// place returns number j of the vector that stands for the place of token i among side × side tokens. The first half of its
// width numbers is of the column, the second of the row. Each half has the sines and then the cosines of
// position·base^(−k/(width/4)), k from 0 to width/4 − 1.
func place(i, j, side, width int) float64 {
	position := i % side
	if j >= width/2 {
		position, j = i/side, j-width/2
	}
	quarter := width / 4
	angle := float64(position) * math.Pow(base, -float64(j%quarter)/float64(quarter))
	if j < quarter {
		return math.Sin(angle)
	}
	return math.Cos(angle)
}
