package train

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/internal/steps"
	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// TestBFloat16: a generator that computes in bfloat16 (8 bits) has a gradient that is off by some 2⁻⁸, and its weights,
// their gradient, moments and moving average stay in float32.
func TestBFloat16(t *testing.T) {
	backend := pureGo(t)
	if golden.Long() { // XLA compiles for long
		var err error
		if backend, _, err = engine.Find(); err != nil {
			t.Fatal(err)
		}
	}
	gradient := func(rounded bool) (all []float32) {
		s := small().Step
		g := s.Generator.(dit.Config)
		g.BFloat16 = rounded
		s.Generator = g
		stepper, err := NewStepper(backend, 1, s, alive)
		if err != nil {
			t.Fatal(err)
		}
		defer stepper.Finalize()
		batch := random(s)
		for c := range batch.Labels {
			batch.Labels[c] %= int32(g.Classes)
		}
		if _, err := stepper.Take(batch); err != nil {
			t.Fatal(err)
		}
		for v := range stepper.store.IterVariables() {
			if v.DType().IsFloat() && v.DType() != dtypes.Float32 {
				t.Errorf("BFloat16 %v: variable %s is of %v, want float32", rounded, v.Path(), v.DType())
			}
		}
		for _, p := range g.Table() {
			for _, scope := range []string{generatorScope, descent.AverageScope + generatorScope} {
				if stepper.store.GetVariable(scope+"/"+p.Name) == nil {
					t.Errorf("BFloat16 %v: no %s/%s", rounded, scope, p.Name)
				}
			}
			v := stepper.store.GetVariable(steps.GradientScope + generatorScope + "/" + p.Name)
			all = append(all, tensors.MustCopyFlatData[float32](v.MustValue())...)
		}
		return all
	}
	want, got := gradient(false), gradient(true)
	difference, norm := 0.0, 0.0
	for i, w := range want {
		difference += math.Pow(float64(got[i]-w), 2)
		norm += math.Pow(float64(w), 2)
	}
	off := math.Sqrt(difference / norm)
	t.Logf("the gradient in bfloat16 is off by %.2g", off)
	if !(off > 0x1p-12 && off < 0.05) {
		t.Errorf("the gradient in bfloat16 is off by %v of its norm, want between 2⁻¹² and 0.05", off)
	}
}
