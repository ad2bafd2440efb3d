package latent

import "image"

// fromYCbCr interpolates chroma and converts to colours with the arithmetic of libjpeg-turbo.
func (m *Image) fromYCbCr(p *image.YCbCr) {
	// one and half are of 16 fractional bits; green's two summands are rounded together.
	const half = 1 << 15
	fix := func(x float64) int32 { return int32(x*(1<<16) + 0.5) }
	var red, blue, greenRed, greenBlue [256]int32
	for i := range red {
		x := int32(i) - 128
		red[i] = (fix(1.402)*x + half) >> 16
		blue[i] = (fix(1.772)*x + half) >> 16
		greenRed[i] = -fix(0.71414) * x
		greenBlue[i] = -fix(0.34414)*x + half
	}
	cb, cr := newChroma(p, p.Cb), newChroma(p, p.Cr)
	for y := range m.Height {
		to, luma, b, r := m.row(y), p.Y[y*p.YStride:][:m.Width], cb.row(y)[:m.Width], cr.row(y)[:m.Width]
		for x, l := range luma {
			l, pixel := int32(l), to[3*x:3*x+3:3*x+3]
			pixel[0] = clamp(l + red[r[x]])
			pixel[1] = clamp(l + (greenRed[r[x]]+greenBlue[b[x]])>>16)
			pixel[2] = clamp(l + blue[b[x]])
		}
	}
}

func clamp(v int32) byte { return byte(min(max(v, 0), 255)) }

// chroma is a plane of Cb or Cr that is read line by line in the resolution of luma.
type chroma struct {
	plane         []byte
	stride        int
	width, height int // of the plane, without the padding to whole blocks
	ratio         image.YCbCrSubsampleRatio
	line          []byte // of the picture, and a sample more where its width is odd
	sums          []int32
}

func newChroma(p *image.YCbCr, plane []byte) *chroma {
	across, down := 1, 1
	switch p.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		across = 2
	case image.YCbCrSubsampleRatio420:
		across, down = 2, 2
	case image.YCbCrSubsampleRatio440:
		down = 2
	case image.YCbCrSubsampleRatio411:
		across = 4
	case image.YCbCrSubsampleRatio410:
		across, down = 4, 2
	}
	c := &chroma{plane: plane, stride: p.CStride, ratio: p.SubsampleRatio}
	c.width, c.height = (p.Rect.Dx()+across-1)/across, (p.Rect.Dy()+down-1)/down
	c.line, c.sums = make([]byte, across*c.width), make([]int32, c.width)
	return c
}

// at returns a line of the plane, the first or last one beyond its edges.
func (c *chroma) at(y int) []byte {
	return c.plane[min(max(y, 0), c.height-1)*c.stride:][:c.width]
}

// row returns line y of the picture, until the next call: the plane itself where it is full, a triangle filter (¾ of
// the nearer sample, ¼ of the further one, ties rounded up and down alternately) where it is halved, and repeated
// samples where it is quartered, or too narrow for libjpeg-turbo's filter.
func (c *chroma) row(y int) []byte {
	beside := y/2 - 1 + y%2*2 // the second nearest line of a plane of half the height
	switch c.ratio {
	case image.YCbCrSubsampleRatio444:
		return c.at(y)
	case image.YCbCrSubsampleRatio440:
		for x, near := range c.at(y / 2) {
			c.line[x] = byte((3*int32(near) + int32(c.at(beside)[x]) + 1 + int32(y%2)) >> 2)
		}
	case image.YCbCrSubsampleRatio422:
		if c.width < 3 {
			return c.repeat(c.at(y), 2)
		}
		for x, s := range c.at(y) {
			c.sums[x] = int32(s)
		}
		c.interpolate(1, 2, 2)
	case image.YCbCrSubsampleRatio420:
		if c.width < 3 {
			return c.repeat(c.at(y/2), 2)
		}
		far := c.at(beside)
		for x, near := range c.at(y / 2) {
			c.sums[x] = 3*int32(near) + int32(far[x])
		}
		c.interpolate(8, 7, 4)
	case image.YCbCrSubsampleRatio411:
		return c.repeat(c.at(y), 4)
	case image.YCbCrSubsampleRatio410:
		return c.repeat(c.at(y/2), 4)
	}
	return c.line
}

// interpolate doubles the sums across, rounding with one summand on the left of a sample and another on the right.
func (c *chroma) interpolate(left, right int32, shift int) {
	last := len(c.sums) - 1
	for x, s := range c.sums {
		c.line[2*x] = byte((3*s + c.sums[max(x-1, 0)] + left) >> shift)
		c.line[2*x+1] = byte((3*s + c.sums[min(x+1, last)] + right) >> shift)
	}
}

func (c *chroma) repeat(samples []byte, times int) []byte {
	for x := range c.line {
		c.line[x] = samples[x/times]
	}
	return c.line
}

// fromCMYK takes black and the inks away from white, with Pillow's rounding of a product of bytes.
func (m *Image) fromCMYK(p *image.CMYK) {
	for y := range m.Height {
		from, to := p.Pix[y*p.Stride:], m.row(y)
		for x := range m.Width {
			white := 255 - int32(from[4*x+3])
			for c, ink := range from[4*x : 4*x+3] {
				product := int32(ink)*white + 128
				to[3*x+c] = byte(white - (product>>8+product)>>8)
			}
		}
	}
}
