package residual_test

import (
	"fmt"
	"testing"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/residual"
)

// What the preset of the digits asks for.
func ExampleFromPreset() {
	p := must.M1(preset.Named("gen/mnist_pixels"))
	c := must.M1(residual.FromPreset(p.Generator))
	fmt.Println(c == residual.Digits(), c.Table().Size(), "parameters")
	// Output:
	// true 2058752 parameters
}

// The network has as many parameters as the preset says, at other sizes too, and another network is refused.
func TestFromPreset(t *testing.T) {
	g := must.M1(preset.Named("gen/mnist_pixels")).Generator
	for _, change := range []func(){
		func() {},
		func() { g.Model.Width, g.Model.Condition, g.Model.MLPRatio = 384, 384, 1.5 },
		func() { g.Model.Depth, g.Model.Noise, g.Data.Classes = 5, 7, 3 },
		func() { g.Model.Codebooks = 0 },
		func() { g.Model.Size, g.Model.Patch, g.Model.InChannels, g.Model.OutChannels = 16, 16, 3, 3 },
	} {
		change()
		c, err := residual.FromPreset(g)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := c.Table().Size(), g.Parameters(); got != want {
			t.Errorf("%+v: %d parameters, want the %d of the preset", c, got, want)
		}
	}
	g.Model.Noise = 0
	if _, err := residual.FromPreset(g); err == nil {
		t.Error("no noise: no error, want one")
	}
	if _, err := residual.FromPreset(must.M1(preset.Named("gen/mnist")).Generator); err == nil {
		t.Error("gen/mnist: no error, want one: it asks for a transformer")
	}
}
