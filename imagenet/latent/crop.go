package latent

import "math"

// Filter says how the pixels around a point are weighed when an image is resized.
type Filter int

const (
	Box     Filter = iota // the mean of the pixels within the new pixel
	Bicubic               // Keys's cubic convolution with a = −½, widened when the image shrinks
)

// support returns the distance within which pixels have a weight, in pixels of the coarser grid.
func (f Filter) support() float64 { return []float64{0.5, 2}[f] }

// weight returns the weight of a pixel at a distance x, in pixels of the coarser grid.
func (f Filter) weight(x float64) float64 {
	if f == Box {
		if -0.5 < x && x <= 0.5 {
			return 1
		}
		return 0
	}
	x = math.Abs(x)
	switch { // in the order of Pillow's operations, none of them fused
	case x < 1:
		return float64((float64(1.5*x)-2.5)*x*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * -0.5
	}
	return 0
}

// Crop returns the square [size, size] in the middle of the image. It is made in three steps:
//
//   - While the short side is 2·size or more, both sides are halved by [Box], down to an integer.
//   - [Bicubic] brings the short side to size, and the long side to the nearest integer in proportion, half to even.
//   - What is too long is cut off: half of it, rounded down, at the left or at the top, and the rest at the other end.
//
// This is the crop of ADM and its successors, with the same bytes as by Pillow: see [Image.Resize]. It panics if size < 1.
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

// Resize returns the image with another width and height, with the same bytes as by Pillow 13. There are two passes, each
// rounded to 8 bits, with weights of 22 fractional bits. The pass across comes first, unless the picture loses more than
// twice as many lines as columns. Older versions of Pillow begin across in that case too, which changes the last bit of some
// bytes. (Of crops, it is the case of pictures more than twice as high as wide.) Resize panics if a side is below 1.
func (m *Image) Resize(width, height int, f Filter) *Image {
	return m.resize(f, span{width, 0, width}, span{height, 0, height})
}

// span is the part from first to end (exclusive) of a side of a resized image.
type span struct{ side, first, end int }

// resize returns a window of the resized image. Its first pass computes only what its second pass reads.
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

const fraction = 32 - 8 - 2 // fractional bits of the weights, so that a weighted sum of bytes fits an int32

// taps are the weights of one pass. Pixel i of a span is the sum, over k < count[i], of weights[i·size+k] times pixel
// first[i]+k.
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

// weightsOf returns the weights of pixel i.
func (t *taps) weightsOf(i int) []int32 { return t.weights[i*t.size:][:t.count[i]] }

// reads returns the range of the pixels that have a weight.
func (t *taps) reads() (first, end int) {
	last := len(t.first) - 1
	return t.first[0], t.first[last] + t.count[last]
}

// rows computes the pass across. It reads the lines of in from top on. Pixel 0 of such a line is pixel left of the picture.
func (t *taps) rows(out, in *Image, left, top int) {
	for y := range out.Height {
		to, line := out.row(y), in.row(top+y)
		for i, first := range t.first {
			r, g, b := int32(1<<(fraction-1)), int32(1<<(fraction-1)), int32(1<<(fraction-1))
			from := line[3*(first-left):]
			for k, w := range t.weightsOf(i) {
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

// columns computes the pass down. It reads the pixels of in from left on. Line 0 of in is line top of the picture.
func (t *taps) columns(out, in *Image, left, top int) {
	sums := make([]int32, 3*out.Width)
	for y := range out.Height {
		for x := range sums {
			sums[x] = 1 << (fraction - 1)
		}
		for k, w := range t.weightsOf(y) {
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
