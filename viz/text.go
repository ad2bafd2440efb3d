package viz

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// lettering is a size, weight and colour of Liberation Sans. Superscripts and subscripts are set as small figures, since
// the font has only some of them.
type lettering struct {
	size  vg.Length
	bold  bool
	color color.NRGBA
}

// The three letterings of a figure.
var (
	titleText = lettering{13, true, ink}
	labelText = lettering{12, false, pencil}
	tickText  = lettering{11, false, pencil}
)

const (
	superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺"
	subscripts   = "₀₁₂₃₄₅₆₇₈₉₋₊"
	plain        = "0123456789−+"
)

func (l lettering) face(size vg.Length) font.Face {
	f := font.Font{Typeface: "Liberation", Variant: "Sans"}
	if l.bold {
		f.Weight = 3 // bold, counted from regular
	}
	return font.DefaultCache.Lookup(f, size)
}

// height returns the distance between lines.
func (l lettering) height() vg.Length { return l.size * 1.25 }

// width returns the advance of s, one line.
func (l lettering) width(s string) vg.Length { return l.typeset(nil, 0, 0, s) }

// typeset draws s from x on the baseline y and returns its width; a nil canvas only measures.
func (l lettering) typeset(c vg.Canvas, x, y vg.Length, s string) vg.Length {
	start := x
	base, small := l.face(l.size), l.face(l.size*0.7)
	for s != "" {
		end := strings.IndexAny(s, superscripts+subscripts)
		if end < 0 {
			end = len(s)
		}
		face, rise := base, vg.Length(0)
		if end == 0 {
			kind := superscripts
			face, rise = small, l.size*0.36
			if first, _ := utf8.DecodeRuneInString(s); !strings.ContainsRune(kind, first) {
				kind, rise = subscripts, -l.size*0.18
			}
			end = len(s) - len(strings.TrimLeft(s, kind))
		}
		run := strings.Map(lower, s[:end])
		if c != nil {
			c.SetColor(l.color)
			c.FillString(face, vg.Point{X: x, Y: y + rise}, run)
		}
		x += face.Width(run)
		s = s[end:]
	}
	return x - start
}

// draw writes s, one line, with the fraction align of its width left of x: 0 begins at x, ½ is centred, 1 ends there.
func (l lettering) draw(c vg.Canvas, x, y vg.Length, align vg.Length, s string) {
	l.typeset(c, x-align*l.width(s), y, s)
}

// drawUp writes s upwards, centred at y, with its baseline at x.
func (l lettering) drawUp(c vg.Canvas, x, y vg.Length, s string) {
	c.Push()
	c.Rotate(math.Pi / 2)
	l.draw(c, y, -x, 0.5, s)
	c.Pop()
}

// wrap breaks s into lines no wider than width where words allow it.
func (l lettering) wrap(s string, width vg.Length) []string {
	var lines []string
	for _, word := range strings.Fields(s) {
		if n := len(lines); n > 0 && l.width(lines[n-1]+" "+word) <= width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// check returns an error for the first letter of s that the font has not.
func (l lettering) check(s string) error {
	face := l.face(l.size).Face
	for _, r := range strings.Map(lower, s) {
		if i, err := face.GlyphIndex(nil, r); err != nil || i == 0 {
			return fmt.Errorf("%q: the font has no %q", s, r)
		}
	}
	return nil
}

// lower returns the figure of a superscript or subscript.
func lower(r rune) rune {
	for _, small := range []string{superscripts, subscripts} {
		if i := strings.IndexRune(small, r); i >= 0 {
			return []rune(plain)[utf8.RuneCountInString(small[:i])]
		}
	}
	return r
}
