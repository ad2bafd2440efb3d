package viz

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Role is what a cloud or curve is about. It decides the colour, the same in every figure, and the name in the legend
// where the layer has none of its own.
//
// Roles that meet in one picture differ in lightness, not only in hue, so that they stay apart in greyscale and for
// readers with any of the three colour deficiencies; the series differ in their dashes too.
type Role uint8

// The zero Role leaves the choice to the layer: Particles for clouds and trajectories, Velocity for arrows, the series in
// turn for curves and bars.
const (
	_         Role = iota
	Particles      // the cloud that moves or is generated
	Data           // the target
	Self           // what stands for the particles' own distribution
	Noise          // where particles or the generator start
	Flow           // what the flow of many steps arrives at
	Generator      // what the generator makes in one
	Velocity
	Series1 // anything else that wants to be told apart, in this order; Series1 + 4 is Series1 again
	Series2
	Series3
	Series4
)

// String returns the name that legends use.
func (r Role) String() string { return r.look().name }

// Color returns the role's colour, opaque.
func (r Role) Color() color.NRGBA { return r.look().color }

// look returns how the role looks; beyond Series4 the series begin again.
func (r Role) look() look {
	if r > Series4 {
		r = Series1 + (r-Series1)%4
	}
	return looks[r]
}

// or returns r, or instead the layer's own choice where r is zero.
func (r Role) or(own Role) Role {
	if r == 0 {
		return own
	}
	return r
}

// line returns the style of the role's lines.
func (r Role) line(width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: r.Color(), Width: width, Dashes: r.look().dashes}
}

// fade returns c with its opacity multiplied by alpha in [0, 1].
func fade(c color.NRGBA, alpha float64) color.NRGBA {
	c.A = uint8(float64(c.A)*alpha + 0.5)
	return c
}

type look struct {
	name   string
	color  color.NRGBA
	ring   bool // clouds are drawn as rings
	dashes []vg.Length
}

var looks = [...]look{
	Particles: {name: "particles", color: rgb(0x0072B2)},
	Data:      {name: "data", color: rgb(0xE69F00)},
	Self:      {name: "self", color: rgb(0x74C2E6), ring: true},
	Noise:     {name: "noise", color: rgb(0xB4B4B4), ring: true},
	Flow:      {name: "flow", color: rgb(0x039856)},
	Generator: {name: "generator", color: rgb(0x87155D)},
	Velocity:  {name: "velocity", color: rgb(0x2B2B2B)},
	Series1:   {name: "series 1", color: rgb(0x2B2B2B)},
	Series2:   {name: "series 2", color: rgb(0xC53523), dashes: []vg.Length{7, 3}},
	Series3:   {name: "series 3", color: rgb(0xB587C3), dashes: []vg.Length{8, 2.5, 1.5, 2.5}},
	Series4:   {name: "series 4", color: rgb(0x9BBF30), dashes: []vg.Length{2, 2}},
}

// The colours of everything that is not data.
var (
	ink    = rgb(0x222222) // titles
	pencil = rgb(0x555555) // labels, reference lines, couplings
	edge   = rgb(0xBDBDBD) // frames and ticks
	hair   = rgb(0xEDEDED) // grid lines
	paper  = rgb(0xFFFFFF)
)

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xFF}
}
