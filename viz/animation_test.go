package viz

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/png"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// turning is n particles on their way around, over a still cloud.
func turning(n, frames int) Animation {
	var a Animation
	for k := range frames {
		x := mat.NewDense(n, 2, nil)
		for i := range n {
			r, at := 0.2+float64(i%31)/31, float64(i)*2.4+float64(k)/10
			x.SetRow(i, []float64{r * math.Cos(at), r * math.Sin(at)})
		}
		a = append(a, Panel{Title: fmt.Sprintf("step %d", k), Layers: Layers{Cloud{Points: circle(n, 2, 2), Role: Data}, Cloud{Points: x}}})
	}
	return a
}

func TestAnimationIsSmallAndPlays(t *testing.T) {
	r, err := turning(1000, 30).render()
	if err != nil {
		t.Fatal(err)
	}
	if r.format != "gif" || len(r.data) > 300_000 || r.width > 440 {
		t.Errorf("a %s of %d bytes, %d wide, want a gif of at most 300,000, 440 wide", r.format, len(r.data), r.width)
	}
	g, err := gif.DecodeAll(bytes.NewReader(r.data))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 30 || g.LoopCount != 0 || g.Delay[29] <= g.Delay[0] {
		t.Errorf("%d frames, loop %d, delays %v, want 30 frames, 0 (for ever) and a rest on the last",
			len(g.Image), g.LoopCount, g.Delay)
	}
	poster, err := png.DecodeConfig(bytes.NewReader(r.poster))
	if err != nil || poster.Width != r.width*density {
		t.Errorf("poster %d wide, error %v, want %d", poster.Width, err, r.width*density)
	}
}

// Played, the frames are those drawn, to the palette.
func TestFramesHoldOnlyWhatChanges(t *testing.T) {
	layouts, err := arrange(Grid{{turning(50, 3)[0].(Panel)}}, Grid{{turning(50, 3)[1].(Panel)}}, Grid{{turning(50, 3)[1].(Panel)}})
	if err != nil {
		t.Fatal(err)
	}
	var frames []*image.RGBA
	for _, l := range layouts {
		f, err := l.draw(filmDensity)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
	}
	data, err := film(layouts)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	palette, shown := newPalette(filmColors, frames...), image.NewRGBA(frames[0].Rect)
	for k, f := range frames {
		draw.Draw(shown, g.Image[k].Rect, g.Image[k], g.Image[k].Rect.Min, draw.Over)
		want := image.NewRGBA(f.Rect)
		draw.Draw(want, f.Rect, palette.reduce(f), image.Point{}, draw.Src)
		if !bytes.Equal(shown.Pix, want.Pix) {
			t.Errorf("frame %d is not what was drawn", k)
		}
	}
	if r := g.Image[2].Rect; r.Dx() != 1 {
		t.Errorf("a frame equal to the last holds %v, want one pixel", r)
	}
}

func TestAxesHoldForAllFrames(t *testing.T) {
	layouts, err := arrange(
		Grid{{{Title: "small", Layers: Layers{Cloud{Points: circle(4, 1, 1)}}}}},
		Grid{{{Title: "large", Layers: Layers{Cloud{Points: circle(4, 3, 3), Role: Data}}}}})
	if err != nil {
		t.Fatal(err)
	}
	a, b := layouts[0].cells[0][0], layouts[1].cells[0][0]
	if a.frame != b.frame || a.plot.X.Min != b.plot.X.Min || a.plot.X.Min > -3 || len(b.keys) != 2 {
		t.Errorf("frames %v and %v, axes from %v and %v, %d keys; want the same frame, the same axis from −3 or below, and 2 keys",
			a.frame, b.frame, a.plot.X.Min, b.plot.X.Min, len(b.keys))
	}
	if b.head.title[0] != "large" {
		t.Errorf("the second frame is called %q, want large", b.head.title)
	}
}

func BenchmarkAnimation(b *testing.B) {
	a := turning(1000, 30)
	for b.Loop() {
		r, err := a.render()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(r.data)), "bytes/film")
	}
}
