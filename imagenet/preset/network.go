package preset

// Parameters returns how many numbers the generator has. It is the size of the table that dit.FromPreset or
// residual.FromPreset leads to: tests of these packages compare the two.
func (g *Generator) Parameters() int {
	m, h := g.Model, g.Model.Width
	n := g.Data.Classes*h + m.Codebooks*m.Entries*h
	n += linear(256, h) + linear(h, h) + h // the guidance scale
	if m.Network == "residual" {
		return n + m.residual()
	}
	return n + m.transformer()
}

// linear returns how many numbers a linear map has.
func linear(in, out int) int { return in*out + out }

// residual returns how many numbers the residual network has beside its condition.
func (m GeneratorModel) residual() int {
	h := m.Width
	inner := m.inner()
	block := h + linear(h, 3*h) + linear(h, inner) + linear(inner, h)
	return linear(m.Noise, h) + m.Depth*block + h + linear(h, 2*h) + linear(h, m.Size*m.Size*m.OutChannels)
}

// inner returns the inner width of the feed-forward part of a block.
func (m GeneratorModel) inner() int {
	inner := int(float64(m.Width) * m.MLPRatio)
	if m.SwiGLU {
		return (int(2./3*float64(inner)) + 31) / 32 * 32
	}
	return inner
}

// transformer returns how many numbers the transformer has beside its condition.
func (m GeneratorModel) transformer() int {
	h := m.Width
	norm, headNorm := 0, 2*h/m.Heads // weight and bias
	if m.RMSNorm {
		norm, headNorm = h, h/m.Heads
	}
	feedForward, inner := 2, m.inner()
	if m.SwiGLU {
		feedForward = 3
	}
	tokens, token := (m.Size/m.Patch)*(m.Size/m.Patch), m.Patch*m.Patch

	block := 2*norm + linear(h, 3*h) + linear(h, h) + linear(h, 6*h)
	block += (feedForward-1)*linear(h, inner) + linear(inner, h)
	if m.QKNorm {
		block += 2 * headNorm
	}
	n := linear(token*m.InChannels, h) + tokens*h
	if m.Context > 0 {
		n += linear(h, h) + m.Context*h
	}
	return n + m.Depth*block + norm + linear(h, 2*h) + linear(h, token*m.OutChannels)
}

// check reports what the network cannot have.
func (m GeneratorModel) check(fault func(path, format string, args ...any)) {
	if m.Condition != m.Width {
		fault("model.cond_dim", "%d, want hidden_size %d", m.Condition, m.Width)
	}
	if m.OutChannels != m.InChannels {
		fault("model.out_channels", "%d, want in_channels %d", m.OutChannels, m.InChannels)
	}
	if m.Size%m.Patch != 0 {
		fault("model.patch_size", "%d does not divide input_size %d", m.Patch, m.Size)
	}
	if m.Width%4 != 0 {
		fault("model.hidden_size", "%d, want a multiple of 4: sines and cosines of rows and columns", m.Width)
	}
	if m.Width%m.Heads != 0 {
		fault("model.num_heads", "%d does not divide hidden_size %d", m.Heads, m.Width)
	} else if m.RoPE && m.Width/m.Heads%2 != 0 {
		fault("model.num_heads", "%d leaves heads of width %d, which use_rope wants even", m.Heads, m.Width/m.Heads)
	}
	if m.Network != "residual" {
		if m.Noise != 0 {
			fault("model.noise_size", "%d, want 0: the noise of a transformer has the shape of what it makes", m.Noise)
		}
		return
	}
	if m.Noise == 0 {
		fault("model.noise_size", "0, want at least 1 for network residual")
	}
	for _, k := range []struct {
		key         string
		value, want any
	}{
		{"patch_size", m.Patch, m.Size}, {"num_heads", m.Heads, 1}, {"n_cls_tokens", m.Context, 0},
		{"use_qknorm", m.QKNorm, false}, {"use_swiglu", m.SwiGLU, false}, {"use_rope", m.RoPE, false}, {"use_rmsnorm", m.RMSNorm, true},
		{"use_bf16", m.BFloat16, false}, {"attn_fp32", m.Float32Attention, false}, {"use_remat", m.Recompute, false},
	} {
		if k.value != k.want {
			fault("model."+k.key, "%v, want %v for network residual, which has one token", k.value, k.want)
		}
	}
}
