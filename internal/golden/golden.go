// Package golden reads numbers that the reference code of W-Flow gave, for tests. Inputs and weights are not stored. They
// are given by formulas of their names, so that another implementation can be checked without the reference and without
// weight files. wflow/testdata/README.md describes the formulas.
package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// Read decodes a file into what into points to. It takes the file from the folder that the environment variable
// WFLOW_GOLDENS names, or from testdata if the variable is empty or that folder has no such file. A key that into does not
// know is an error, which names the key.
func Read(name string, into any) error { return read("testdata", name, into) }

// read is Read with another folder than testdata.
func read(folder, name string, into any) error {
	text, err := os.ReadFile(filepath.Join(os.Getenv("WFLOW_GOLDENS"), name))
	if os.Getenv("WFLOW_GOLDENS") == "" || errors.Is(err, fs.ErrNotExist) {
		text, err = os.ReadFile(filepath.Join(folder, name))
	}
	if err != nil {
		return err
	}
	if err := Decode(text, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Decode decodes JSON into what into points to. A key that into does not know is an error, which names the key.
func Decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// Tensor is a recorded array: all its values, or samples of them.
type Tensor struct {
	Shape           []int
	Mean, Std, L2   float64
	Values, Samples []float64
	F32MaxAbs       float64 `json:"f32_max_abs"` // largest difference of the reference's own float32 run
	F32RelL2        float64 `json:"f32_rel_l2"`
}

// Compare returns the largest difference between got, row-major, and what is recorded, and the largest recorded entry. The
// Euclidean norm is recorded too, and stands for the entries that are not: its root mean square is compared like an entry.
func (t Tensor) Compare(got []float64) (difference, largest float64, err error) {
	size := 1
	for _, s := range t.Shape {
		size *= s
	}
	if len(got) != size {
		return 0, 0, fmt.Errorf("%d values for shape %v", len(got), t.Shape)
	}
	compare := func(got, want float64) {
		if d := math.Abs(got - want); !(d <= difference) {
			difference = d
		}
		largest = max(largest, math.Abs(want))
	}
	for i, want := range t.Values {
		compare(got[i], want)
	}
	for k, want := range t.Samples {
		compare(got[t.Sample(k)], want)
	}
	if len(t.Values)+len(t.Samples) == 0 {
		return 0, 0, errors.New("nothing recorded")
	}
	if t.L2 > 0 {
		sum := 0.0
		for _, v := range got {
			sum += v * v
		}
		compare(math.Sqrt(sum/float64(size)), t.L2/math.Sqrt(float64(size)))
	}
	return difference, largest, nil
}

// Sample returns the index that the k-th sample was taken from.
func (t Tensor) Sample(k int) int {
	n, ns := 1, len(t.Samples)
	for _, s := range t.Shape {
		n *= s
	}
	return k*n/ns + 37*k%max(1, n/ns)
}

// Hash returns FNV-1a of a name, in 64 bits.
func Hash(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// Mix returns what a bijection of 64 bits makes of x.
func Mix(x uint64) uint64 {
	z := x + 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Uniform returns the i-th number in [0, 1) of a name.
func Uniform(name string, i uint64) float64 { return uniform(Hash(name), i) }

func uniform(hash, i uint64) float64 { return float64(Mix(hash+i)>>11) * 0x1p-53 }

// Normal returns the i-th standard normal number of a name.
func Normal(name string, i uint64) float64 {
	hash := Hash(name)
	r := math.Sqrt(-2 * math.Log(1-uniform(hash, i/2*2)))
	sin, cos := math.Sincos(2 * math.Pi * uniform(hash, i/2*2+1))
	if i%2 == 0 {
		return r * cos
	}
	return r * sin
}

// Integer returns the i-th integer in [0, n) of a name.
func Integer(name string, i uint64, n int) int { return int(Uniform(name, i) * float64(n)) }

// Normals returns the first n normal numbers of a name.
func Normals(name string, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = Normal(name, uint64(i))
	}
	return out
}

// Weight returns the numbers of a parameter by its name, prefix included, and its kind: matrix, bias, norm, table, var or
// zero. Gain scales those of a matrix.
func Weight(name, kind string, shape []int, gain float64) ([]float64, error) {
	size := 1
	for _, d := range shape {
		size *= d
	}
	scale := 0.0
	if kind == "matrix" {
		scale = gain * math.Sqrt(3/float64(size/shape[0]))
	}
	formula := map[string]func(u float64) float64{
		"matrix": func(u float64) float64 { return scale * (2*u - 1) },
		"bias":   func(u float64) float64 { return 0.1 * (2*u - 1) },
		"norm":   func(u float64) float64 { return 1 + 0.1*(2*u-1) },
		"table":  func(u float64) float64 { return 0.5 * (2*u - 1) },
		"var":    func(u float64) float64 { return 1 + 0.5*u },
		"zero":   func(float64) float64 { return 0 },
	}[kind]
	if formula == nil {
		return nil, fmt.Errorf("%s: unknown kind %q", name, kind)
	}
	out, hash := make([]float64, size), Hash(name)
	for i := range out {
		out[i] = formula(uniform(hash, uint64(i)))
	}
	return out, nil
}

// Parameter is an entry of a recorded list of parameters: name, shape and kind.
type Parameter struct {
	Name  string
	Shape []int
	Kind  string
}

func (p *Parameter) UnmarshalJSON(text []byte) error {
	list := []any{&p.Name, &p.Shape, &p.Kind}
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	if len(list) < 2 || len(list) > 3 {
		return fmt.Errorf("a parameter is name, shape and kind: %s", text)
	}
	return nil
}

// Image returns the picture of a name, h × w × 3 bytes.
func Image(name string, h, w int) []byte {
	hash, grain := Hash(name), Hash(name+"/grain")
	gh, gw := h/16+2, w/16+2
	corner := func(c, y, x int) int { return int(Mix(hash+uint64((c*gh+y)*gw+x)) >> 56) }
	out := make([]byte, h*w*3)
	for y := range h {
		for x := range w {
			for c := range 3 {
				gy, dy, gx, dx := y/16, y%16, x/16, x%16
				v := ((16-dy)*(16-dx)*corner(c, gy, gx) + (16-dy)*dx*corner(c, gy, gx+1) +
					dy*(16-dx)*corner(c, gy+1, gx) + dy*dx*corner(c, gy+1, gx+1)) / 256
				v += int(Mix(grain+uint64((c*h+y)*w+x))>>59) - 16
				out[(y*w+x)*3+c] = byte(min(max(v, 0), 255))
			}
		}
	}
	return out
}
