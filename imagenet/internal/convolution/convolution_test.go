package convolution

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

func TestMain(m *testing.M) { golden.Main(m) }

// Both ways are the sum that the documentation gives, for kernels that are not square, for strides, and for paddings that differ on
// all four sides. The gradients are held too.
func TestConvolve(t *testing.T) {
	b, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	const batch, h, w, in, out = 2, 7, 6, 3, 5
	for _, c := range []struct {
		height, width, stride int
		padding               Padding
	}{
		{1, 1, 1, Padding{}}, {1, 1, 2, Padding{}}, {3, 3, 1, Padding{{1, 1}, {1, 1}}}, {3, 3, 2, Padding{{0, 1}, {0, 1}}},
		{1, 5, 1, Padding{{0, 0}, {2, 2}}}, {5, 1, 1, Padding{{2, 2}, {0, 0}}}, {3, 5, 2, Padding{{2, 0}, {1, 3}}}, {7, 5, 1, Padding{}},
	} {
		x, kernel := golden.Normals("x", batch*h*w*in), golden.Normals("kernel", c.height*c.width*in*out)
		want, shape := sum(x, kernel, [4]int{batch, h, w, in}, [4]int{c.height, c.width, in, out}, c.stride, c.padding)
		for name, convolve := range map[string]func(x, kernel *graph.Node, stride int, p Padding) *graph.Node{"Convolve": Convolve, "product": product} {
			t.Run(fmt.Sprintf("%d×%d, stride %d, %v, %s", c.height, c.width, c.stride, c.padding, name), func(t *testing.T) {
				outs, err := graph.CallOnceN(b, func(x, kernel *graph.Node) []*graph.Node {
					y := convolve(x, kernel, c.stride, c.padding)
					gradients := graph.Gradient(graph.ReduceAllSum(graph.Square(y)), x, kernel)
					// Of a quadratic form q in x, x·∇q = 2 q; and so in the kernel.
					return []*graph.Node{y, graph.ReduceAllSum(graph.Mul(x, gradients[0])), graph.ReduceAllSum(graph.Mul(kernel, gradients[1]))}
				}, tensors.FromFlatDataAndDimensions(x, batch, h, w, in), tensors.FromFlatDataAndDimensions(kernel, c.height, c.width, in, out))
				if err != nil {
					t.Fatal(err)
				}
				if got := outs[0].Shape().Dimensions; fmt.Sprint(got) != fmt.Sprint(shape) {
					t.Fatalf("shape %v, want %v", got, shape)
				}
				square := 0.0
				for i, got := range tensors.MustCopyFlatData[float64](outs[0]) {
					if math.Abs(got-want[i]) > 1e-12*float64(c.height*c.width*in) {
						t.Fatalf("number %d is %v, want %v", i, got, want[i])
					}
					square += want[i] * want[i]
				}
				for i, of := range []string{"x", "kernel"} {
					if got := tensors.ToScalar[float64](outs[i+1]); math.Abs(got-2*square) > 1e-10*square {
						t.Errorf("%s·gradient is %v, want %v", of, got, 2*square)
					}
				}
			})
		}
	}
}

// sum is the convolution by its definition.
func sum(x, kernel []float64, xs, ks [4]int, stride int, p Padding) (y []float64, shape [4]int) {
	h := (xs[1]+p[0][0]+p[0][1]-ks[0])/stride + 1
	w := (xs[2]+p[1][0]+p[1][1]-ks[1])/stride + 1
	for b := range xs[0] {
		for i := range h {
			for j := range w {
				for o := range ks[3] {
					s := 0.0
					for a := range ks[0] {
						for c := range ks[1] {
							row, column := i*stride+a-p[0][0], j*stride+c-p[1][0]
							if row < 0 || row >= xs[1] || column < 0 || column >= xs[2] {
								continue
							}
							for k := range ks[2] {
								s += x[((b*xs[1]+row)*xs[2]+column)*xs[3]+k] * kernel[((a*ks[1]+c)*ks[2]+k)*ks[3]+o]
							}
						}
					}
					y = append(y, s)
				}
			}
		}
	}
	return y, [4]int{xs[0], h, w, ks[3]}
}
