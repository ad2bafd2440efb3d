package golden

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
)

// Loss is the configuration of a case.
type Loss struct {
	B, N, P, U, D int       // problems; particles, as many in the second batch; data; unconditional data; dimension
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

// LossCase is one set of inputs with the reference's answers.
type LossCase struct {
	Name                                          string
	Config                                        Loss
	Particles, Second, Data, Unconditional, Alpha []float64 // row-major [B, n, D]; Alpha [B]
	Outputs                                       map[string]Tensor
	Metrics                                       map[string]struct{ Value, F32 float64 }
}

// Losses reads f3_loss.json, the training loss on random features, and returns its cases in the order of their names. It
// finds the file as [Read] does, with folder in the place of testdata. A key that is not known is an error, which names the
// key.
func Losses(folder string) ([]LossCase, error) {
	var file struct {
		Fixture, Set, Torch string
		InputRule           string `json:"input_rule"`
		Cases               map[string]struct {
			Config  json.RawMessage
			Prefix  string
			Source  string // of the values: the reference or a formula
			Outputs map[string]Tensor
			Metrics map[string]struct{ Value, F32 float64 }
		}
	}
	if err := read(folder, "f3_loss.json", &file); err != nil {
		return nil, err
	}
	if len(file.Cases) == 0 {
		return nil, errors.New("f3_loss.json has no case, want one or more")
	}
	var cases []LossCase
	for name, c := range file.Cases {
		out := LossCase{Name: name, Outputs: c.Outputs, Metrics: c.Metrics}
		if err := Decode(c.Config, &out.Config); err != nil {
			return nil, fmt.Errorf("case %s: %w", name, err)
		}
		out.inputs(c.Prefix)
		cases = append(cases, out)
	}
	sort.Slice(cases, func(i, j int) bool { return cases[i].Name < cases[j].Name })
	return cases, nil
}

func (c *LossCase) inputs(prefix string) {
	g := c.Config
	mult := 1.0
	if g.Mult != nil {
		mult = *g.Mult
	}
	normal := func(name string, n int, scale, shift float64) []float64 {
		out := make([]float64, g.B*n*g.D)
		for i := range out {
			out[i] = mult * (scale*Normal(prefix+"input/"+name, uint64(i)) + shift)
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
		c.Alpha = append(c.Alpha, 1+3*Uniform(prefix+"input/alpha", uint64(b)))
	}
}
