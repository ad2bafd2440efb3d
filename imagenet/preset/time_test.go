package preset

import (
	"math"
	"strings"
	"testing"
)

// TestTransformerOperations: the transformers of Scalable Diffusion Models with Transformers (arXiv 2212.09748, Table 4), patch 2 at
// 32 × 32, take the billions of multiplications with additions that are published there.
func TestTransformerOperations(t *testing.T) {
	for _, c := range []struct {
		name                string
		width, depth, heads int
		billions            float64
	}{{"S/2", 384, 12, 6, 6.06}, {"B/2", 768, 12, 12, 23.01}, {"L/2", 1024, 24, 16, 80.71}, {"XL/2", 1152, 28, 16, 118.64}} {
		m := GeneratorModel{Network: "dit", Size: 32, InChannels: 4, OutChannels: 4, Patch: 2, Width: c.width, Depth: c.depth, Heads: c.heads, MLPRatio: 4}
		if got := m.operations() / 2e9; math.Abs(got/c.billions-1) > 0.005 {
			t.Errorf("%s: %.2f billion, want %v", c.name, got, c.billions)
		}
	}
}

// TestOperations: those of a step by hand: of gen/mnist_pixels, whose images are compared as they are, and of mae/mnist, in whose
// encoder and decoder each convolution takes 2·9·in·out at each point of its map, or without the 9 if it is of one point.
func TestOperations(t *testing.T) {
	p, err := Named("gen/mnist_pixels")
	if err != nil {
		t.Fatal(err)
	}
	const image = 2 * (64*256 + 3*(3*256*256+2*256*512) + 2*256*256 + 256*1024)
	if got, ok := p.Generator.Operations(); !ok || got != 10*(128*3+128)*image {
		t.Errorf("gen/mnist_pixels: %v, want %v", got, 10*(128*3+128)*image)
	}
	if p, err = Named("mae/mnist"); err != nil {
		t.Fatal(err)
	}
	w := p.MAE.Model.Width
	encoder := 64 * 9 * 16 * w // the stem, at 8 × 8
	for stage, blocks := range p.MAE.Model.Layers {
		in, out, points := max(w, w<<stage/2), w<<stage, 64>>(2*stage)
		first := 9*in*out + 9*out*out
		if stage > 0 {
			first += in * out
		}
		encoder += points * (first + (blocks-1)*18*out*out)
	}
	decoder := 4*9*(12*w*4*w+16*w*w) + 16*9*(6*w*2*w+4*w*w) + 64*9*(3*w*w+w*w) + 64*9*(2*w*w+w*w) + 64*w*16
	want := float64(3 * p.MAE.Data.Batch * 2 * (encoder + decoder))
	if got := p.MAE.Operations(); got != want {
		t.Errorf("mae/mnist: %v, want %v", got, want)
	}
}

// TestTimes: of every preset it is known how long its training and a step of it take, on which hardware, on which basis, and from where.
func TestTimes(t *testing.T) {
	for _, l := range List() {
		p, err := Named(l.Name)
		if err != nil {
			t.Fatal(err)
		}
		training, step := false, false
		for _, line := range p.Times() {
			if line.What == "" || line.Hardware == "" || line.Source == "" || line.Basis != Measured && line.Basis != Computed && line.Basis != Reported {
				t.Errorf("%s: %+v, want all of it", l.Name, line)
			}
			training = training || strings.Contains(line.What, "training") || strings.Contains(line.What, "steps")
			step = step || strings.Contains(line.What, " s a step")
		}
		if !training || !step {
			t.Errorf("%s: no time of its training, or of a step, in %+v", l.Name, p.Times())
		}
	}
	p, _ := Named("gen/latent_sota_L_ot_1node") // the same step as with 64 GPUs, on an eighth of them
	if got, want := p.Times()[0].What, "about 10 s a step, 24 days for the 200,000 steps"; got != want {
		t.Errorf("L on 8 GPUs: %q, want %q", got, want)
	}
	p, _ = Named("gen/imagenet64")
	p.Listed = nil
	if p.Times() != nil {
		t.Error("a file of one's own has times, want none")
	}
}
