package preset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/internal/thousands"
)

// Line is a line of a report: what it is about, and what there is to say.
type Line struct{ Name, Text string }

// Report returns what a reader wants to know of a configuration, the most telling first. The preset
// must pass [Preset.Check].
func (p *Preset) Report() []Line {
	var lines []Line
	addLine := func(name, format string, args ...any) {
		for i, a := range args {
			if n, ok := a.(int); ok {
				args[i] = thousands.Text(n)
			}
		}
		lines = append(lines, Line{name, fmt.Sprintf(format, args...)})
	}
	if p.MAE != nil {
		p.MAE.report(addLine)
	} else {
		p.Generator.report(addLine)
	}
	if left := p.Defaults(); len(left) > 0 {
		var words []string
		for k := range leaves("", p.config()) {
			if slices.Contains(left, k.path) {
				words = append(words, fmt.Sprintf("%s %v", k.path, k.value))
			}
		}
		addLine("defaults", "%s", strings.Join(words, ", "))
	}
	return lines
}

func (g *Generator) report(addLine func(name, format string, args ...any)) {
	d, m, t := g.Data, g.Model, g.Train
	addLine("kind", "generator")
	if m.Network == "residual" {
		addLine("model", "residual network of width %v, depth %v, inner width %v; noise of %v numbers, %v × %v styles", m.Width, m.Depth, m.inner(), m.Noise, m.Codebooks, m.Entries)
		addLine("parameters", "%v", g.Parameters())
	} else {
		addLine("model", "width %v, depth %v, %v heads of %v, patch %v%s", m.Width, m.Depth, m.Heads, m.Width/m.Heads, m.Patch,
			when(m.QKNorm, "QK norm")+when(m.SwiGLU, "SwiGLU")+when(m.RoPE, "RoPE")+when(m.RMSNorm, "RMS norm"))
		addLine("parameters", "%v", g.Parameters())
		addLine("tokens", "%v + %v in context, %v × %v styles", (m.Size/m.Patch)*(m.Size/m.Patch), m.Context, m.Codebooks, m.Entries)
	}
	addLine("precision", "%s", strings.TrimPrefix(when(!m.BFloat16, "float32")+when(m.BFloat16, "bfloat16")+
		when(m.BFloat16 && m.Float32Attention, "attention in float32")+when(m.Recompute, "blocks recomputed"), ", "))
	addLine("data", "[%v, %v, %v] from images of %v px, %v classes%s", m.Size, m.Size, m.InChannels, d.Resolution, d.Classes,
		d.kind())
	addLine("features", "%s", g.features())
	addLine("batch", "%v classes × (%v particles, %v data, %v unconditional); %v particles a step; chunks a process: %v%s",
		t.Classes, t.Guidance.Particles, t.Real, t.Unconditional, t.Classes*t.Guidance.Particles, t.Chunks,
		when(t.AtOnce > 1, fmt.Sprint("groups of two classes at once: ", t.AtOnce))+
			when(t.Images > 0, fmt.Sprint("images of a class through the networks in parts of at most ", t.Images)))
	addLine("banks", "%v a class, %v of all classes, %v pushed a step and process", t.ClassBank, t.GlobalBank, t.Push)
	v := g.Variant()
	if v.Energy == "drifting" {
		addLine("velocity", "Drifting, temperatures %s%s", list(v.R), t.Loss.falling())
	} else {
		addLine("velocity", "Sinkhorn, %s, %s guidance, cost %s, ε = %s with R = %s%s, L = %v",
			v.SelfTerm, v.Guidance, v.Cost, v.Epsilon, list(v.R), t.Loss.falling(), v.Iterations)
	}
	addLine("guidance", "α in [%v, %v] with density ∝ α^−κ, κ = %v, and 1 with probability %v; to judge at %s",
		t.Guidance.Least, t.Guidance.Most, t.Guidance.Exponent, t.Guidance.Unguided, list(t.Alphas))
	g.Optimizer.report(addLine, t.Steps)
	addLine("average", "EMA %v, gradients clipped to %v", t.Average, t.Clip)
	addLine("checkpoints", "every %v steps, kept every %v and the last %v", t.SaveEvery, t.KeepEvery, t.KeepLast)
}

// kind says what the images are.
func (d Data) kind() string {
	return when(d.Latent, "latents") + when(!d.Latent, "pixels") + when(d.Cached, "from the cache") + when(d.Augment, "random crops") +
		when(!d.Mirror, "not mirrored")
}

// falling says what R fall to.
func (l Loss) falling() string {
	if len(l.Final) == 0 {
		return ""
	}
	return " falling to " + list(l.Final) + " over half of the steps"
}

// features says what the features are in which particles are moved.
func (g *Generator) features() string {
	features := "the latent itself"
	if !g.Data.Latent {
		features = "the pixels themselves"
	}
	if g.Feature.MAE {
		features = g.Feature.Path + ": " + g.Train.Features.text() +
			when(g.Feature.Image != 1, fmt.Sprint("the image counts as ", g.Feature.Image)) +
			when(g.Feature.From > 0, fmt.Sprintf("before step %s the image alone", thousands.Text(g.Feature.From)))
	}
	return features + when(g.Feature.ConvNeXt, "ConvNeXt")
}

func (m *MAE) report(addLine func(name, format string, args ...any)) {
	d, n, t := m.Data, m.Model, m.Train
	addLine("kind", "masked autoencoder")
	addLine("model", "width %v, blocks %s, dropout %v%s", n.Width, list(n.Layers), n.Dropout, when(n.InputPatch > 1, fmt.Sprintf("points of %d × %[1]d", n.InputPatch))+when(n.BFloat16, "bfloat16"))
	addLine("parameters", "%v", m.Parameters())
	addLine("data", "%v channels from images of %v px, %v classes%s", n.Channels, d.Resolution, d.Classes,
		d.kind())
	addLine("batch", "%v images on %v devices a copy", d.Batch, m.Shards)
	addLine("masking", "squares of %v, share in [%v, %v]", n.Patch, t.Masking.Least, t.Masking.Most)
	addLine("classifier", "weight %v", t.Masking.Classification)
	if t.FineTune > 0 {
		addLine("fine-tuning", "the last %v steps, classifier of weight %v after %v of them", t.FineTune, t.FineTuneWeight, t.FineTuneWarmUp)
	}
	m.Optimizer.report(addLine, t.Steps)
	addLine("average", "EMA %v", t.Average)
	addLine("checkpoint", "every %v steps, the last one kept", t.SaveEvery)
}

func (o Optimizer) report(addLine func(name, format string, args ...any), steps int) {
	addLine("optimizer", "AdamW β %v, %v, weight decay %v; %v steps, learning rate %v after %v%s",
		o.Beta1, o.Beta2, o.WeightDecay, steps, o.Rate.Peak, o.Rate.WarmUp, when(o.Rate.Schedule == "cosine", fmt.Sprint("then a cosine to 0 at ", thousands.Text(o.Rate.Steps))))
}

// when returns a word behind a comma if a condition holds, and nothing otherwise.
func when(holds bool, word string) string {
	if holds {
		return ", " + word
	}
	return ""
}

// list returns numbers with commas between.
func list[T int | float64](numbers []T) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}
