package viz

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"
)

// lab returns the CIE L*a*b* of a linear colour under D65.
func lab(c [3]float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 0.008856 {
			return math.Cbrt(t)
		}
		return 7.787*t + 16./116
	}
	x := f((0.4124564*c[0] + 0.3575761*c[1] + 0.1804375*c[2]) / 0.95047)
	y := f(0.2126729*c[0] + 0.7151522*c[1] + 0.0721750*c[2])
	z := f((0.0193339*c[0] + 0.1191920*c[1] + 0.9503041*c[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func linear(c color.NRGBA) [3]float64 {
	f := func(v uint8) float64 {
		if t := float64(v) / 255; t > 0.04045 {
			return math.Pow((t+0.055)/1.055, 2.4)
		} else {
			return t / 12.92
		}
	}
	return [3]float64{f(c.R), f(c.G), f(c.B)}
}

// The eyes to see with: normal ones and the three deficiencies in full, after Machado, Oliveira and Fernandes (2009).
var eyes = map[string][9]float64{
	"normal":       {1, 0, 0, 0, 1, 0, 0, 0, 1},
	"protanopia":   {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
	"deuteranopia": {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
	"tritanopia":   {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900},
}

func through(eye [9]float64, c color.NRGBA) [3]float64 {
	in := linear(c)
	var out [3]float64
	for k := range 3 {
		out[k] = min(1, max(0, eye[3*k]*in[0]+eye[3*k+1]*in[1]+eye[3*k+2]*in[2]))
	}
	return lab(out)
}

func TestRolesAreToldApart(t *testing.T) {
	for _, pair := range [][2]Role{
		{Particles, Data}, {Particles, Self}, {Particles, Noise}, {Particles, Velocity}, {Flow, Generator}, {Flow, Data},
		{Generator, Data}, {Flow, Noise}, {Generator, Noise},
		{Series1, Series2}, {Series1, Series3}, {Series1, Series4}, {Series2, Series3}, {Series2, Series4},
	} {
		a, b := pair[0].Color(), pair[1].Color()
		for name, eye := range eyes {
			p, q := through(eye, a), through(eye, b)
			if d := math.Sqrt(math.Pow(p[0]-q[0], 2) + math.Pow(p[1]-q[1], 2) + math.Pow(p[2]-q[2], 2)); d < 20 {
				t.Errorf("%v and %v are %.0f apart to %s, want at least 20", pair[0], pair[1], d, name)
			}
		}
		if p, q := lab(linear(a))[0], lab(linear(b))[0]; math.Abs(p-q) < 12 {
			t.Errorf("%v and %v have lightness %.0f and %.0f, want 12 between them at least", pair[0], pair[1], p, q)
		}
	}
	if Series4+1 == Series1 || (Series4+1).Color() != Series1.Color() {
		t.Error("after the last series the first does not come again")
	}
}

func TestLightnessOrdersValues(t *testing.T) {
	l := func(m Colors, at float64) float64 { return lab(linear(m.colorAt(at)))[0] }
	for k := range 100 {
		a, b := float64(k)/100, float64(k+1)/100
		if l(Sequential, a) <= l(Sequential, b) {
			t.Errorf("sequential: %v is no lighter than %v, want it to be", a, b)
		}
		if l(Diverging, 0.5-a/2) <= l(Diverging, 0.5-b/2) || l(Diverging, 0.5+a/2) <= l(Diverging, 0.5+b/2) {
			t.Errorf("diverging: %v away from the middle is no lighter than %v, want it to be", a/2, b/2)
		}
	}
}

func TestPaletteIsExactWhereItCan(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 64, 64))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for k := range 50 {
		img.Set(k, k, color.RGBA{uint8(4 * k), uint8(200 - 4*k), 64, 255})
	}
	p := newPalette(60, img)
	reduced := p.reduce(img)
	for y := range 64 {
		for x := range 64 {
			r, g, b, _ := reduced.At(x, y).RGBA()
			if want := img.RGBAAt(x, y); uint8(r>>8) != want.R || uint8(g>>8) != want.G || uint8(b>>8) != want.B {
				t.Fatalf("the colour %d %d %d, want %v", r>>8, g>>8, b>>8, want)
			}
		}
	}
}

func TestPaletteKeepsPaperAndInk(t *testing.T) {
	_, img := picture(t, Grid{{{Title: "title", Layers: Layers{Cloud{Points: circle(700, 1, 1)}, Cloud{Points: circle(700, 1.1, 1), Role: Data}}}}})
	p := newPalette(48, img)
	if len(p.colors) > 48 {
		t.Fatalf("%d colours, want at most 48", len(p.colors))
	}
	reduced := p.reduce(img)
	if reduced.At(0, 0) != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("paper is %v, want white", reduced.At(0, 0))
	}
	worst := 0.
	for i := range reduced.Pix {
		c := p.colors[reduced.Pix[i]].(color.RGBA)
		a, b := lab(linear(color.NRGBA(c))), lab(linear(color.NRGBA{img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], 255}))
		worst = max(worst, math.Abs(a[0]-b[0]))
	}
	if worst > 16 {
		t.Errorf("a pixel is %.0f lighter or darker than it was, want at most 16", worst)
	}
}
