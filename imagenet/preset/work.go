package preset

// Operations returns how many floating-point operations the matrix products and convolutions of a training step take: two for a
// multiplication with its addition. Norms, activations and transport are not counted. For each image of a class it counts
//
//	particles      the generator and its backward pass, three times what it takes forward, or four with Recompute; the encoder
//	               and its backward pass, twice, for its weights are fixed; with Images, both once more
//	second batch   generator and encoder forward
//	data           the encoder forward, unconditional data too
//
// It returns false if the features come from an encoder whose preset is not known.
func (g *Generator) Operations() (float64, bool) {
	t, encoded := g.Train, 0.
	if g.Feature.MAE || g.Feature.ConvNeXt {
		encoder := g.Encoder()
		if encoder == nil || g.Feature.ConvNeXt {
			return 0, false
		}
		encoded = encoder.Model.encoding(g.Model.Size)
	}
	generated, n := g.Model.operations(), float64(t.Guidance.Particles)
	particle := 3*generated + 2*encoded
	if g.Model.Recompute {
		particle += generated
	}
	if t.Images > 0 && t.Images < t.Guidance.Particles {
		particle += generated + encoded
	}
	class := n*particle + float64(t.Real+t.Unconditional)*encoded
	if t.twoBatches() {
		class += n * (generated + encoded)
	}
	return float64(t.Classes) * class, true
}

// Operations returns how many floating-point operations the convolutions of a training step take, forward and backward, in encoder
// and decoder: see [Generator.Operations].
func (m *MAE) Operations() float64 {
	side := m.Data.Resolution
	if m.Data.Latent {
		side /= 8
	}
	return 3 * float64(m.Data.Batch) * (m.Model.encoding(side) + m.Model.decoding(side/m.Model.InputPatch))
}

// operations returns those of an image, forward. The condition is not counted, but for what each block makes of it.
func (m GeneratorModel) operations() float64 {
	h, inner := m.Width, m.inner()
	if m.Network == "residual" {
		return 2 * float64(m.Noise*h+m.Depth*(3*h*h+2*h*inner)+2*h*h+h*m.Size*m.Size*m.OutChannels)
	}
	feedForward := 2
	if m.SwiGLU {
		feedForward = 3
	}
	patches, token := (m.Size/m.Patch)*(m.Size/m.Patch), m.Patch*m.Patch
	tokens := patches + m.Context
	block := tokens*(4*h*h+feedForward*h*inner) + 2*tokens*tokens*h + 6*h*h
	return 2 * float64(m.Depth*block+patches*token*(m.InChannels+m.OutChannels)*h+2*h*h)
}

// encoding returns the operations of the encoder for an image of some side, forward.
func (m MAEModel) encoding(side int) float64 {
	side /= m.InputPatch
	n, in := side*side*9*m.point()*m.Width, m.Width
	for stage, blocks := range m.Layers {
		out, s := m.Width<<stage, side>>stage
		for range blocks {
			n += s * s * 9 * (in*out + out*out)
			if in != out {
				n += s * s * in * out
			}
			in = out
		}
	}
	return 2 * float64(n)
}

// decoding returns the operations of the decoder for an image that the encoder sees as a grid of some side, forward.
func (m MAEModel) decoding(side int) float64 {
	n, in := side*side*m.Width*m.point(), 8*m.Width
	for step, out := range []int{4 * m.Width, 2 * m.Width, m.Width, m.Width} {
		s := side >> max(2-step, 0)
		n += s * s * 9 * ((in+out)*out + out*out)
		in = out
	}
	return 2 * float64(n)
}
