package preset

// Memory is what a training step takes on a device, in bytes. It is computed, not measured: with numbers of 4 bytes,
// and with as many of them for each image as a plain backward pass keeps. An engine may share or repeat some of them.
type Memory struct {
	Weights     int `json:"weights"`             // 4 bytes a parameter
	Gradients   int `json:"gradients"`           // 4 more
	Moments     int `json:"moments"`             // 8 more: the two of AdamW
	Average     int `json:"average"`             // 4 more: the moving average of the weights
	Encoder     int `json:"encoder,omitempty"`   // 4 bytes for each parameter of the encoder, without its decoder and classifier
	Activations int `json:"activations"`         // of the particles, or of a batch, which the backward pass keeps
	Features    int `json:"features,omitempty"`  // of particles, second batch, data and unconditional data
	Transport   int `json:"transport,omitempty"` // costs and plans
	Banks       int `json:"banks,omitempty"`     // rows of the newest images, in the memory of the process, not of the device: see package bank
}

// Device returns what the device needs: all but the banks.
func (m Memory) Device() int {
	return m.Weights + m.Gradients + m.Moments + m.Average + m.Encoder + m.Activations + m.Features + m.Transport
}

// trained returns the memory that the parameters of a network take which is trained.
func trained(parameters int) Memory {
	return Memory{Weights: 4 * parameters, Gradients: 4 * parameters, Moments: 8 * parameters, Average: 4 * parameters}
}

// Encoder returns the preset of the encoder that a generator's features come from: the one that its Path names, or that of
// the released weights which Path names. It returns nil if there is none, or if its preset is not in the list.
func (g *Generator) Encoder() *MAE {
	name := map[string]string{"hf://mae_latent_256": "mae/latent_ablation_256", "hf://mae_latent_640": "mae/latent_640"}[g.Feature.Path]
	if name == "" {
		name = g.Feature.Path
	}
	if p, err := Named(name); err == nil && g.Feature.MAE {
		return p.MAE
	}
	return nil
}

// Memory returns what a training step takes. The images that are computed at once are those of AtOnce groups of two
// classes. If n of them are particles, and an image has F numbers of features in V vectors (see [MAE.Features]), it
// counts
//
//	activations  n·(a + e) numbers, a of the generator and e of the encoder
//	features     F numbers of each image: of particles, second batch, data and unconditional data
//	transport    3 numbers for each vector, particle of a class, and point that it may go to: cost, logarithm of the coupling, coupling
//
// For each of T tokens of width h, a block of the transformer keeps 11·h + 3·inner + heads·T numbers: its input, and
// what came out of two norms, two modulations, the map to queries, keys and values, the norms of these, the attention
// and its weights, and the feed-forward part. With Recompute only one block keeps them, and the others their input. A
// block of the residual network keeps 6·h + 2·inner. A block of the encoder keeps 6 numbers for each position and
// channel.
//
// With Images, the networks take so many particles of a class at once, and n counts no others. The features are those of all
// images, and the gradient with respect to those of the particles; transport is that of the largest set of features of one shape,
// for it takes one set after the other.
//
// It returns false if the features come from an encoder whose preset is not known.
func (g *Generator) Memory() (Memory, bool) {
	t := g.Train
	classes := min(2*t.AtOnce, t.Classes)
	fixed := t.Real + t.Unconditional
	if t.twoBatches() {
		fixed += t.Guidance.Particles
	}
	image := g.Model.Size * g.Model.Size * g.Model.InChannels
	m := trained(g.Parameters())
	m.Banks = 8 * (g.Data.Classes*t.ClassBank + t.GlobalBank)
	kept, vectors, numbers, largest := g.Model.activations(), 1, image, 1
	if g.Feature.MAE || g.Feature.ConvNeXt {
		encoder := g.Encoder()
		if encoder == nil || g.Feature.ConvNeXt {
			return m, false
		}
		m.Encoder = 4 * encoder.Model.encoder()
		kept += encoder.Model.encoded(g.Model.Size / encoder.Model.InputPatch)
		vectors, numbers = encoder.Features(g.Model.Size, t.Features)
		largest = encoder.largest(g.Model.Size, t.Features)
	}
	particles, compared := t.Guidance.Particles, t.Guidance.Particles+fixed
	if t.Images > 0 && t.Images < particles {
		particles, compared, vectors = t.Images, compared+particles, largest
	}
	m.Activations = 4 * classes * particles * kept
	m.Features = 4 * classes * compared * numbers
	m.Transport = 4 * 3 * classes * vectors * t.Guidance.Particles * fixed
	return m, true
}

// Memory returns what a training step takes if one device takes the whole batch; of d devices, each takes a dth of the
// activations, which are those of encoder and decoder.
func (m *MAE) Memory() Memory {
	side := m.Data.Resolution / m.Model.InputPatch
	if m.Data.Latent {
		side /= 8
	}
	memory := trained(m.Parameters())
	memory.Activations = 4 * m.Data.Batch * (m.Model.encoded(side) + m.Model.decoded(side))
	return memory
}

// activations returns how many numbers the backward pass keeps of an image.
func (m GeneratorModel) activations() int {
	if m.Network == "residual" {
		return m.Depth*(6*m.Width+2*m.inner()) + m.Size*m.Size*m.OutChannels
	}
	tokens := (m.Size/m.Patch)*(m.Size/m.Patch) + m.Context
	block := tokens * (11*m.Width + 3*m.inner() + m.Heads*tokens)
	if m.Recompute {
		return block + m.Depth*tokens*m.Width
	}
	return m.Depth * block
}

// encoded returns how many numbers the backward pass keeps of an image of some side in the encoder: of each block 6
// numbers for each position and channel (two convolutions, two norms, an activation and the sum), of the stem 3, of the
// norm behind a stage 2.
func (m MAEModel) encoded(side int) int {
	n := 3 * side * side * m.Width
	for stage, blocks := range m.Layers {
		s := side >> stage
		n += s * s * (m.Width << stage) * (6*blocks + 2)
	}
	return n
}

// decoded returns how many numbers the backward pass keeps of an image in the decoder: of each of its four steps what
// is resized and joined with the map of the encoder, twice, and 6 numbers for each position and channel that come out.
func (m MAEModel) decoded(side int) int {
	width := m.Width
	n, in := (side>>3)*(side>>3)*8*width*3, 8*width
	for step, out := range []int{4 * width, 2 * width, width, width} {
		s := side >> max(2-step, 0)
		n += s * s * (2*(in+out) + 6*out)
		in = out
	}
	return n
}

// Features returns how many feature vectors mae.Config.Features makes of an image of some side, and how many numbers they
// have together.
func (m *MAE) Features(side int, f Features) (vectors, numbers int) {
	addMap := func(side, channels int) {
		n := side * side
		if f.Mean {
			n++
		}
		if f.Std {
			n++
		}
		for _, squares := range [][]int{f.MeanPatches, f.StdPatches} {
			for _, p := range squares {
				if side%p == 0 {
					n += (side / p) * (side / p)
				}
			}
		}
		vectors, numbers = vectors+n, numbers+n*channels
	}
	width := m.Model.Width
	vectors, numbers = 2, (side*side+1)*m.Model.Channels // the image itself, and the norms of its channels
	side /= m.Model.InputPatch
	addMap(side, width)
	for stage := range m.Model.Layers {
		for range m.maps(stage, f) {
			addMap(side>>stage, width<<stage)
		}
	}
	return vectors, numbers
}

// maps returns how many maps of a stage have features: its last, and those of some of its blocks.
func (m *MAE) maps(stage int, f Features) int {
	if f.EveryBlock == 0 {
		return 1
	}
	return 1 + m.Model.Layers[stage]/int(f.EveryBlock)
}

// largest returns how many vectors the largest set of features of one shape has: all positions of the maps of a stage. Those of the
// stem have the shape of the first stage's.
func (m *MAE) largest(side int, f Features) int {
	most := 0
	for stage := range m.Model.Layers {
		maps := m.maps(stage, f)
		if stage == 0 {
			maps++
		}
		most = max(most, maps*(side>>stage)*(side>>stage))
	}
	return most
}
