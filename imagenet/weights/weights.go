// Package weights names the parameters of a network as the official PyTorch code does, and moves them into GoMLX.
//
// A [Table] is the contract between a network and a weight file: every parameter with its name and shape, none missing
// and none left over. Two implementations with the same checksum of their tables mean the same network. In a scope, a
// parameter is a variable by its official name. Linear weights keep their layout [out, in]. Convolution kernels, the only
// parameters of four dimensions, become [height, width, in, out], which convolutions read without a copy.
package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/internal/finite"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// Parameter is one tensor of a network, by its name and shape in the official code.
type Parameter struct {
	Name  string
	Shape []int
}

// Size returns how many numbers the parameter has.
func (p Parameter) Size() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// kernel tells whether the parameter is a convolution kernel [out, in, height, width].
func (p Parameter) kernel() bool { return len(p.Shape) == 4 }

// Table lists all parameters of a network, in the order of the official code.
type Table []Parameter

// Add appends a parameter.
func (t *Table) Add(name string, shape ...int) { *t = append(*t, Parameter{name, shape}) }

// Size returns how many numbers all parameters have together.
func (t Table) Size() (n int) {
	for _, p := range t {
		n += p.Size()
	}
	return n
}

// Under returns the parameters whose name begins with a prefix.
func (t Table) Under(prefix string) (under Table) {
	for _, p := range t {
		if strings.HasPrefix(p.Name, prefix) {
			under = append(under, p)
		}
	}
	return under
}

// SHA256 returns the checksum, in hexadecimal, of the lines "name d0xd1x…\n", sorted by name.
func (t Table) SHA256() string {
	lines := make([]string, len(t))
	for i, p := range t {
		dims := make([]string, len(p.Shape))
		for k, d := range p.Shape {
			dims[k] = strconv.Itoa(d)
		}
		lines[i] = p.Name + " " + strings.Join(dims, "x") + "\n"
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

// Load makes every parameter of the table a variable of the scope. Read returns a parameter's numbers in the official
// layout, row-major, and may overwrite them in its next call. The error names the parameter.
func Load[T float32 | float64](scope *model.Scope, t Table, read func(Parameter) ([]T, error)) error {
	for _, p := range t {
		values, err := read(p)
		if err != nil {
			return fmt.Errorf("weights: %q: %w", p.Name, err)
		}
		if len(values) != p.Size() {
			return fmt.Errorf("weights: %q: %d numbers, want %d for shape %v", p.Name, len(values), p.Size(), p.Shape)
		}
		shape := p.Shape
		if p.kernel() {
			shape = []int{p.Shape[2], p.Shape[3], p.Shape[1], p.Shape[0]}
		}
		tensor := tensors.FromShape(shapes.Make(dtypes.FromGenericsType[T](), shape...))
		err = tensors.MutableFlatData(tensor, func(flat []T) { lay(p, values, flat) })
		if err == nil {
			_, err = scope.CreateVariable(p.Name, tensor)
		}
		if err != nil {
			return fmt.Errorf("weights: %q: %w", p.Name, err)
		}
	}
	return nil
}

// lay puts the numbers of a parameter, in the official layout, into flat, which has the layout of its variable. Networks are
// large, so it makes no other copy of a kernel.
func lay[T any](p Parameter, values, flat []T) {
	if !p.kernel() {
		copy(flat, values)
		return
	}
	out, in, area := p.Shape[0], p.Shape[1], p.Shape[2]*p.Shape[3]
	for i := range in {
		for a := range area {
			row := flat[(a*in+i)*out:][:out]
			for o := range row {
				row[o] = values[(o*in+i)*area+a]
			}
		}
	}
}

// Values returns the numbers of a variable in the official layout, row-major.
func Values[T float32 | float64](scope *model.Scope, p Parameter) ([]T, error) {
	v := scope.GetVariable(p.Name)
	if v == nil {
		return nil, fmt.Errorf("weights: %q is not in scope %q", p.Name, scope.Scope())
	}
	tensor, err := v.Value()
	if err != nil {
		return nil, fmt.Errorf("weights: %q: %w", p.Name, err)
	}
	values, err := tensors.CopyFlatData[T](tensor)
	if err != nil {
		return nil, fmt.Errorf("weights: %q: %w", p.Name, err)
	}
	return Official(p, values), nil
}

// All returns the numbers of all parameters by their names, as [Values] does. A number that is NaN or infinite, which a
// training that failed leaves, is an error.
func All[T float32 | float64](scope *model.Scope, t Table) (map[string][]T, error) {
	all := make(map[string][]T, len(t))
	for _, p := range t {
		values, err := Values[T](scope, p)
		if err != nil {
			return nil, err
		}
		if err := finite.Check(values); err != nil {
			return nil, fmt.Errorf("weights: %q: %w", p.Name, err)
		}
		all[p.Name] = values
	}
	return all, nil
}

// File returns the numbers of all parameters, by their names and in the official layout, as a file under the official names.
func (t Table) File(values map[string][]float32) *safetensors.File {
	f := &safetensors.File{Meta: map[string]string{}, Tensors: map[string]safetensors.Tensor{}}
	for _, p := range t {
		f.Tensors[p.Name] = safetensors.Tensor{Shape: p.Shape, Data: values[p.Name]}
	}
	return f
}

// Official returns numbers in the official layout. It takes them in the layout of the parameter's variable, as its gradient
// has them.
func Official[T float32 | float64](p Parameter, values []T) []T {
	if !p.kernel() {
		return values
	}
	out, in, area := p.Shape[0], p.Shape[1], p.Shape[2]*p.Shape[3]
	return transpose(swap(values, area, in, out), in*area, out)
}

// transpose returns an array [n, m] as [m, n].
func transpose[T any](v []T, n, m int) []T { return swap(v, n, m, 1) }

// swap returns an array [n, m, k] as [m, n, k].
func swap[T any](v []T, n, m, k int) []T {
	out := make([]T, len(v))
	for i := range n {
		for j := range m {
			copy(out[(j*n+i)*k:(j*n+i+1)*k], v[(i*m+j)*k:])
		}
	}
	return out
}

// Node returns the value of a parameter in a graph. It panics, as graph building does, if the scope lacks the parameter.
func Node(scope *model.Scope, g *graph.Graph, name string) *graph.Node {
	v := scope.GetVariable(name)
	if v == nil {
		exceptions.Panicf("weights: %q is not in scope %q: Load it first", name, scope.Scope())
	}
	return v.NodeValue(g)
}
