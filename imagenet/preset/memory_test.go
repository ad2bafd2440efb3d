package preset

import (
	"math"
	"testing"
)

// memoryOf returns the memory of a generator's step.
func memoryOf(t *testing.T, name string, change func(*Generator)) Memory {
	t.Helper()
	p, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	change(p.Generator)
	m, known := p.Memory()
	if !known {
		t.Fatalf("%s: the memory is not known, want it known", name)
	}
	return m
}

func unchanged(*Generator) {}

// Features agrees with what is known of the released encoders: 6,734 vectors of an image at 32 × 32, with 6.18 million
// numbers at width 640 and 2.47 million at width 256, and 1,702 vectors at 16 × 16. (Method, 6.4.) At 8 × 8 its formulas count
// 2 + 3·106 + 3·28 + 4·8 + 2·3 vectors.
func TestFeatures(t *testing.T) {
	for _, c := range []struct {
		name          string
		side, vectors int
		millions      float64
	}{{"mae/latent_640", 32, 6734, 6.18}, {"mae/latent_ablation_256", 32, 6734, 2.47}, {"mae/latent_640", 16, 1702, 0}, {"mae/latent_640", 8, 442, 0}} {
		p, err := Named(c.name)
		if err != nil {
			t.Fatal(err)
		}
		vectors, numbers := p.MAE.Features(c.side, ReleasedFeatures())
		if vectors != c.vectors || c.millions > 0 && math.Abs(float64(numbers)/1e6-c.millions) > 0.005 {
			t.Errorf("%s at %d: %d vectors of %d numbers, want %d of %v million", c.name, c.side, vectors, numbers, c.vectors, c.millions)
		}
	}
}

// The memory of a step of gen/mnist_pixels by hand: ten classes at once, of 128 particles, which are compared with
// 128 data, 128 unconditional data and 128 particles of a second batch, in one vector of 1,024 numbers.
func TestMemory(t *testing.T) {
	const p = 4 * 2_058_752
	want := Memory{
		Weights: p, Gradients: p, Moments: 2 * p, Average: p,
		Activations: 4 * 10 * 128 * (3*(6*256+2*512) + 1024),
		Features:    4 * 10 * (128 + 128 + 128 + 128) * 1024,
		Transport:   4 * 3 * 10 * 128 * (128 + 128 + 128),
		Banks:       8 * (10*512 + 1000),
	}
	got := memoryOf(t, pixels, unchanged)
	if got != want || got.Device() != 5*p+want.Activations+want.Features+want.Transport {
		t.Errorf("%+v, of which %d on the device, want %+v", got, got.Device(), want)
	}

	// Banks hold rows, of 8 bytes; encoders have as many parameters as PyTorch counts.
	released := memoryOf(t, ablation, unchanged)
	if released.Banks != 8*(1000*128+1000) || released.Encoder != 4*340_216_832 {
		t.Errorf("banks %d and encoder %d bytes, want %d and %d", released.Banks, released.Encoder, 8*(1000*128+1000), 4*340_216_832)
	}
	if large := memoryOf(t, "gen/latent_sota_L_ot_1node", unchanged); large.Encoder != 4*2_126_036_480 {
		t.Errorf("encoder of width 640: %d bytes, want %d", large.Encoder, 4*2_126_036_480)
	}

	// A block more keeps as much more: 272 tokens of width 768, inner width 2,048, 12 heads. With recomputing only its input.
	const block, particles = 272 * (11*768 + 3*2048 + 12*272), 2 * 64
	for recompute, each := range map[bool]int{false: block, true: 272 * 768} {
		depth := func(more int) Memory {
			return memoryOf(t, ablation, func(g *Generator) { g.Model.Depth, g.Model.Recompute = 12+more, recompute })
		}
		if got := depth(1).Activations - depth(0).Activations; got != 4*particles*each {
			t.Errorf("recomputed %v: a block takes %d bytes, want %d", recompute, got, 4*particles*each)
		}
	}

	// Twice the groups at once take twice what depends on images, and nothing more of the rest.
	twice := memoryOf(t, ablation, func(g *Generator) { g.Train.AtOnce = 2 })
	released.Activations, released.Features, released.Transport = 2*released.Activations, 2*released.Features, 2*released.Transport
	if twice != released {
		t.Errorf("two groups at once take %+v, want %+v", twice, released)
	}
	// Eight images of a class at once keep an eighth of what 64 particles keep. The features of 64 particles are there twice, beside
	// those of 64 + 64 + 16 others. The largest set is that of three maps of 32 × 32 positions, of 6,734 vectors.
	whole, parts := memoryOf(t, ablation, unchanged), memoryOf(t, ablation, func(g *Generator) { g.Train.Images = 8 })
	if parts.Activations*8 != whole.Activations || parts.Features*208 != whole.Features*272 || parts.Transport*6734 != whole.Transport*3072 {
		t.Errorf("eight images at once take %+v, want less than %+v", parts, whole)
	}
	unknown, err := Named(ablation)
	if err != nil {
		t.Fatal(err)
	}
	unknown.Generator.Feature.Path = "a/file.msgpack"
	if _, known := unknown.Memory(); known {
		t.Error("the memory with an unknown encoder is known, want it unknown")
	}
}

// An encoder's pre-training keeps 20 bytes a parameter, and activations in proportion to its batch.
func TestMAEMemory(t *testing.T) {
	p, err := Named("mae/mnist")
	if err != nil {
		t.Fatal(err)
	}
	m, known := p.Memory()
	p.MAE.Data.Batch *= 3
	more, _ := p.Memory()
	if n := p.MAE.Parameters(); !known || m.Weights+m.Gradients+m.Moments+m.Average != 20*n || m.Activations <= 0 || more.Activations != 3*m.Activations {
		t.Errorf("%+v, and with three times the batch %+v, of %d parameters", m, more, n)
	}
}
