package viz

import (
	"image"
	"image/color"
	"math"
)

// A palette is a few colours that stand for all the colours of some images. Figures have few colours anyway: a hundred are
// enough to the eye, and the file shrinks to a quarter.
type palette struct {
	colors color.Palette
	index  []uint8 // of every shade
}

// A shade is a colour to six bits a channel.
func shade(r, g, b uint8) int { return int(r>>2)<<12 | int(g>>2)<<6 | int(b>>2) }

// A tint is a shade that occurs: its mean colour, how often, and its weight.
type tint struct {
	shade  int
	c      [3]float64
	n      float64
	weight float64
}

// newPalette chooses at most n colours by splitting the cloud of colours at the mean of its widest box, again and again.
// A colour weighs as much as the root of its count, so that large plain surfaces leave some colours to small things.
func newPalette(n int, images ...*image.RGBA) *palette {
	type sum struct{ r, g, b, n int }
	sums := make([]sum, 1<<18)
	for _, img := range images {
		for i := 0; i < len(img.Pix); i += 4 {
			s := &sums[shade(img.Pix[i], img.Pix[i+1], img.Pix[i+2])]
			s.r, s.g, s.b, s.n = s.r+int(img.Pix[i]), s.g+int(img.Pix[i+1]), s.b+int(img.Pix[i+2]), s.n+1
		}
	}
	var all []tint
	for k, s := range sums {
		if s.n > 0 {
			n := float64(s.n)
			all = append(all, tint{k, [3]float64{float64(s.r) / n, float64(s.g) / n, float64(s.b) / n}, n, math.Sqrt(n)})
		}
	}
	boxes := []box{newBox(all)}
	for len(boxes) < n {
		widest := 0
		for k, b := range boxes {
			if b.spread > boxes[widest].spread {
				widest = k
			}
		}
		if boxes[widest].spread == 0 {
			break
		}
		low, high := boxes[widest].split()
		boxes[widest] = low
		boxes = append(boxes, high)
	}
	p := &palette{index: make([]uint8, 1<<18)}
	for k, b := range boxes {
		most := b.tints[0]
		for _, t := range b.tints {
			p.index[t.shade] = uint8(k)
			if t.n > most.n {
				most = t
			}
		}
		p.colors = append(p.colors, color.RGBA{uint8(most.c[0] + 0.5), uint8(most.c[1] + 0.5), uint8(most.c[2] + 0.5), 0xFF})
	}
	return p
}

// A box is tints with their mean; spread is their weighted squared distance from it along the widest channel.
type box struct {
	tints   []tint
	mean    [3]float64
	channel int
	spread  float64
}

func newBox(tints []tint) box {
	b := box{tints: tints}
	weight := 0.0
	for _, t := range tints {
		weight += t.weight
		for k := range 3 {
			b.mean[k] += t.weight * t.c[k]
		}
	}
	for k := range 3 {
		b.mean[k] /= weight
		spread := 0.0
		for _, t := range tints {
			spread += t.weight * (t.c[k] - b.mean[k]) * (t.c[k] - b.mean[k])
		}
		if len(tints) > 1 && spread > b.spread {
			b.channel, b.spread = k, spread
		}
	}
	return b
}

func (b box) split() (low, high box) {
	k := 0
	for i, t := range b.tints {
		if t.c[b.channel] <= b.mean[b.channel] {
			b.tints[i], b.tints[k] = b.tints[k], t
			k++
		}
	}
	return newBox(b.tints[:k]), newBox(b.tints[k:])
}

// reduce returns the image in the palette's colours.
func (p *palette) reduce(img *image.RGBA) *image.Paletted {
	out := image.NewPaletted(img.Rect, p.colors)
	for i := range out.Pix {
		out.Pix[i] = p.index[shade(img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2])]
	}
	return out
}
