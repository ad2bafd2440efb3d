package viz

import (
	"image/color"
	"math"
)

// A Colors turns values into colours. Lightness falls along Sequential and away from the middle of Diverging, so that
// neither needs hue to be read.
type Colors uint8

const (
	Sequential Colors = iota // light to dark violet over the range of the values
	Diverging                // violet below 0, white at 0, green above
)

var stops = [...][]color.NRGBA{
	Sequential: {rgb(0xFAF8FC), rgb(0xE0D8EA), rgb(0xC4B5D7), rgb(0xA68FC3), rgb(0x876AAC), rgb(0x694692), rgb(0x4B2673)},
	Diverging:  {rgb(0x4B2673), rgb(0x876AAC), rgb(0xC4B5D7), rgb(0xF7F6F7), rgb(0xA6D3B1), rgb(0x4C9C6B), rgb(0x0D5B33)},
}

// colorAt returns the colour of t in [0, 1].
func (m Colors) colorAt(t float64) color.NRGBA {
	s := stops[m]
	k, t := math.Modf(min(1, max(0, t)) * float64(len(s)-1))
	if int(k) == len(s)-1 {
		return s[len(s)-1]
	}
	a, b := s[int(k)], s[int(k)+1]
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-t) + float64(b)*t + 0.5) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xFF}
}
