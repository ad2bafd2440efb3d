package latent

import "math"

// Filter weighs the pixels around a point when an image is resized: Box or Bicubic.
type Filter int

const (
	Box     Filter = iota // the mean of the pixels that lie within
	Bicubic               // Keys's cubic convolution with a = −½, widened when the image shrinks
)

// support is how far the weight reaches, weight its value at a distance, both in pixels of the coarser grid.
func (f Filter) support() float64 { return []float64{0.5, 2}[f] }

func (f Filter) weight(x float64) float64 {
	if f == Box {
		if -0.5 < x && x <= 0.5 {
			return 1
		}
		return 0
	}
	x = math.Abs(x)
	switch { // as Pillow orders the operations, and without fused ones
	case x < 1:
		return float64((float64(1.5*x)-2.5)*x*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * -0.5
	}
	return 0
}

// Crop returns the square [size, size] in the middle of the image: while its short side is 2·size or more both sides
// are halved (down to an integer) by Box, then the short side is brought to size by Bicubic, the long side to the
// nearest integer (half to even) of its share, and what is over is cut, half of it, rounded down, at the left or top.
// It is the crop of ADM and its successors, every byte as with Pillow: see Resize. It panics if size < 1.
//
// Source: Dhariwal and Nichol, Diffusion Models Beat GANs on Image Synthesis (2021), its released data loader.
func (m *Image) Crop(size int) *Image {
	for min(m.Width, m.Height) >= 2*size {
		m = m.Resize(m.Width/2, m.Height/2, Box)
	}
	scale := float64(size) / float64(min(m.Width, m.Height))
	width := int(math.RoundToEven(float64(m.Width) * scale))
	height := int(math.RoundToEven(float64(m.Height) * scale))
	left, top := (width-size)/2, (height-size)/2
	return m.resize(Bicubic, span{width, left, left + size}, span{height, top, top + size})
}

// Resize returns the image with another width and height, every byte as Pillow 13 computes it: two passes, each rounded
// to 8 bits, with weights of 22 fractional bits. The pass across comes first, except where the picture loses more than
// twice as many lines as columns; older Pillow begins across there too, which changes the last bit of some bytes (of
// crops, of pictures more than twice as high as wide). It panics where a side is below 1.
func (m *Image) Resize(width, height int, f Filter) *Image {
	return m.resize(f, span{width, 0, width}, span{height, 0, height})
}

// span is the part from first to end (exclusive) of a side of a resized image.
type span struct{ side, first, end int }

// resize computes a window of the resized image, and of the first pass only what the second will read.
func (m *Image) resize(f Filter, x, y span) *Image {
	if x.side < 1 || y.side < 1 {
		panic("latent: an image of no pixels")
	}
	across, down := newTaps(f, m.Width, x), newTaps(f, m.Height, y)
	left, right := across.reads()
	top, bottom := down.reads()
	out := NewImage(x.end-x.first, y.end-y.first)
	if lost := m.Height - y.side; lost > 0 && lost > 2*(m.Width-x.side) {
		half := NewImage(right-left, out.Height)
		down.columns(half, m, left, 0)
		across.rows(out, half, left, 0)
	} else {
		half := NewImage(out.Width, bottom-top)
		across.rows(half, m, 0, top)
		down.columns(out, half, 0, top)
	}
	return out
}

const fraction = 32 - 8 - 2 // fractional bits of the weights: a sum of bytes, negative weights included, fits an int32

// taps are the weights of one pass: pixel i of a span is the sum of weights[i·size+k] times pixel first[i]+k, k < count[i].
type taps struct {
	first, count []int
	weights      []int32
	size         int
}

func newTaps(f Filter, in int, s span) *taps {
	scale := float64(in) / float64(s.side)
	wide := max(scale, 1)
	support := float64(f.support() * wide)
	n := s.end - s.first
	t := &taps{make([]int, n), make([]int, n), nil, int(math.Ceil(support))*2 + 1}
	t.weights = make([]int32, n*t.size)
	exact := make([]float64, t.size)
	for i := range n {
		centre := float64((float64(s.first+i) + 0.5) * scale)
		first := max(int(centre-support+0.5), 0)
		count := min(int(centre+support+0.5), in) - first
		sum := 0.0
		for k := range count {
			exact[k] = f.weight(float64((float64(k+first) - centre + 0.5) * (1 / wide)))
			sum += exact[k]
		}
		t.first[i], t.count[i] = first, count
		for k, w := range exact[:count] {
			t.weights[i*t.size+k] = int32(math.Copysign(0.5, w) + float64(w/sum*(1<<fraction)))
		}
	}
	return t
}

// of returns the weights of pixel i.
func (t *taps) of(i int) []int32 { return t.weights[i*t.size:][:t.count[i]] }

// reads returns the range of pixels that have a weight.
func (t *taps) reads() (first, end int) {
	last := len(t.first) - 1
	return t.first[0], t.first[last] + t.count[last]
}

// rows computes the pass across, from the lines of in below top; its pixel 0 is pixel left of the picture.
func (t *taps) rows(out, in *Image, left, top int) {
	for y := range out.Height {
		to, line := out.row(y), in.row(top+y)
		for i, first := range t.first {
			r, g, b := int32(1<<(fraction-1)), int32(1<<(fraction-1)), int32(1<<(fraction-1))
			from := line[3*(first-left):]
			for k, w := range t.of(i) {
				p := from[3*k : 3*k+3 : 3*k+3]
				r += w * int32(p[0])
				g += w * int32(p[1])
				b += w * int32(p[2])
			}
			p := to[3*i : 3*i+3 : 3*i+3]
			p[0], p[1], p[2] = clamp(r>>fraction), clamp(g>>fraction), clamp(b>>fraction)
		}
	}
}

// columns computes the pass down, from the pixels of in right of left; its line 0 is line top of the picture.
func (t *taps) columns(out, in *Image, left, top int) {
	sums := make([]int32, 3*out.Width)
	for y := range out.Height {
		for x := range sums {
			sums[x] = 1 << (fraction - 1)
		}
		for k, w := range t.of(y) {
			line := in.row(t.first[y] - top + k)[3*left:][:len(sums)]
			for x, p := range line {
				sums[x] += w * int32(p)
			}
		}
		to := out.row(y)
		for x, s := range sums {
			to[x] = clamp(s >> fraction)
		}
	}
}

func clamp(v int32) byte { return byte(min(max(v, 0), 255)) }
