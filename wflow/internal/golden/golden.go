// Package golden reads f3_loss.json: the training loss on random features, from the reference code of W-Flow in
// float64. Inputs are not stored but given by formulas of their names; wflow/testdata/README.md describes the file.
package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"sort"
)

// Config is what a case asks for.
type Config struct {
	B, N, P, U, D int       // problems; particles and second batch; data; unconditional data; dimension
	Cost          string    // quad: ‖x−y‖²/2, l2: ‖x−y‖
	L             int       // Sinkhorn iterations
	SelfTerm      string    `json:"self_term"` // two, single, diag
	Guidance      string    // velo, dist, none
	R             []float64 // regularisations
	Loss          string    // "" for Sinkhorn, else drifting, KL, MMD
	Mult          *float64  // factor of all inputs
	ConstGen      *float64  `json:"const_gen"` // value of the particles and the second batch
	Batched       bool      // the reference's one-call path for several R
}

// Case is one set of inputs with the reference's answers.
type Case struct {
	Name                                          string
	Config                                        Config
	Particles, Second, Data, Unconditional, Alpha []float64 // row-major [B, n, D]; Alpha [B]
	Outputs                                       map[string]Tensor
	Metrics                                       map[string]struct{ Value, F32 float64 }
}

// Tensor is a recorded array: all its values, or samples of them.
type Tensor struct {
	Shape           []int
	Mean, Std, L2   float64
	Values, Samples []float64
	F32MaxAbs       float64 `json:"f32_max_abs"` // largest difference of the reference's own float32 run
	F32RelL2        float64 `json:"f32_rel_l2"`
}

// Compare returns the largest difference of got, row-major, from what is recorded, and the largest recorded entry.
func (t Tensor) Compare(got []float64) (difference, largest float64, err error) {
	size := 1
	for _, s := range t.Shape {
		size *= s
	}
	if len(got) != size {
		return 0, 0, fmt.Errorf("%d values for shape %v", len(got), t.Shape)
	}
	see := func(got, want float64) {
		if d := math.Abs(got - want); !(d <= difference) {
			difference = d
		}
		largest = max(largest, math.Abs(want))
	}
	for i, want := range t.Values {
		see(got[i], want)
	}
	for k, want := range t.Samples {
		n, ns := size, len(t.Samples)
		see(got[k*n/ns+37*k%max(1, n/ns)], want)
	}
	if len(t.Values)+len(t.Samples) == 0 {
		return 0, 0, fmt.Errorf("nothing recorded")
	}
	return difference, largest, nil
}

// Load reads the file from the folder that WFLOW_GOLDENS names, or else from the given one, and returns its cases in
// order of name. Configuration keys that are not known are an error.
func Load(folder string) ([]Case, error) {
	if env := os.Getenv("WFLOW_GOLDENS"); env != "" {
		folder = env
	}
	text, err := os.ReadFile(filepath.Join(folder, "f3_loss.json"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Cases map[string]struct {
			Config  json.RawMessage
			Prefix  string
			Outputs map[string]Tensor
			Metrics map[string]struct{ Value, F32 float64 }
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if len(file.Cases) == 0 {
		return nil, fmt.Errorf("no case in %s", folder)
	}
	var cases []Case
	for name, c := range file.Cases {
		out := Case{Name: name, Outputs: c.Outputs, Metrics: c.Metrics}
		d := json.NewDecoder(bytes.NewReader(c.Config))
		d.DisallowUnknownFields()
		if err := d.Decode(&out.Config); err != nil {
			return nil, fmt.Errorf("case %s: %w", name, err)
		}
		out.inputs(c.Prefix)
		cases = append(cases, out)
	}
	sort.Slice(cases, func(i, j int) bool { return cases[i].Name < cases[j].Name })
	return cases, nil
}

func (c *Case) inputs(prefix string) {
	g := c.Config
	mult := 1.0
	if g.Mult != nil {
		mult = *g.Mult
	}
	normal := func(name string, n int, scale, shift float64) []float64 {
		out := make([]float64, g.B*n*g.D)
		for i := range out {
			out[i] = mult * (scale*gauss(prefix+"input/"+name, uint64(i)) + shift)
		}
		return out
	}
	c.Particles = normal("gen", g.N, 1, 0)
	c.Second = normal("second", g.N, 1, 0)
	c.Data = normal("pos", g.P, 0.8, 0.5)
	c.Unconditional = normal("uncond", g.U, 1.2, -0.3)
	if g.ConstGen != nil {
		for i := range c.Particles {
			c.Particles[i], c.Second[i] = *g.ConstGen, *g.ConstGen
		}
	}
	for b := range g.B {
		c.Alpha = append(c.Alpha, 1+3*uniform(prefix+"input/alpha", uint64(b)))
	}
}

// uniform is the i-th number in [0, 1) of a name, gauss its i-th normal number.
func uniform(name string, i uint64) float64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	z := h.Sum64() + i + 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return float64((z^z>>31)>>11) * 0x1p-53
}

func gauss(name string, i uint64) float64 {
	r := math.Sqrt(-2 * math.Log(1-uniform(name, i/2*2)))
	sin, cos := math.Sincos(2 * math.Pi * uniform(name, i/2*2+1))
	if i%2 == 0 {
		return r * cos
	}
	return r * sin
}
