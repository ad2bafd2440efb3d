package generator

import (
	"runtime"
	"slices"
	"testing"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

var shape = Shape{Side: 4, Channels: 3, Noise: []int{4, 4, 3}, Classes: 2, Codebooks: 5, Entries: 7}

// TestDraw: noise and styles of an image are numbers of its own, whatever it is drawn with, on any number of cores.
func TestDraw(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	normal, style := stream.New(3, "noise"), stream.New(3, "noise styles")
	for _, cores := range []int{1, 3, 16} {
		runtime.GOMAXPROCS(cores)
		noise, styles := shape.Draw(3, "noise", 100, 9)
		if len(noise) != 9*48 || len(styles) != 9*5 {
			t.Fatalf("%d numbers and %d styles of 9 images, want 432 and 45", len(noise), len(styles))
		}
		for i, x := range noise {
			if want := float32(normal.Normal(uint64(100*48 + i))); x != want {
				t.Fatalf("%d cores: number %d is %v, want %v", cores, i, x, want)
			}
		}
		for i, s := range styles {
			if want := int32(style.Intn(uint64(100*5+i), 7)); s != want {
				t.Fatalf("%d cores: style %d is %d, want %d", cores, i, s, want)
			}
		}
		alone, own := shape.Draw(3, "noise", 104, 1)
		if !slices.Equal(alone, noise[4*48:5*48]) || !slices.Equal(own, styles[4*5:5*5]) {
			t.Errorf("%d cores: image 104 is another alone", cores)
		}
	}
}

// TestWithoutStyles: a network without codebooks takes noise alone.
func TestWithoutStyles(t *testing.T) {
	plain := shape
	plain.Codebooks, plain.Entries = 0, 0
	noise, styles := plain.Draw(3, "noise", 0, 2)
	if styles != nil || len(noise) != 2*48 {
		t.Errorf("%d numbers and styles %v, want 96 and none", len(noise), styles)
	}
	if list := plain.Tensors(noise, styles, 2); len(list) != 1 || !slices.Equal(list[0].Shape().Dimensions, []int{2, 4, 4, 3}) {
		t.Errorf("%d inputs, want the noise alone, [2, 4, 4, 3]", len(list))
	}
	noise, styles = shape.Draw(3, "noise", 0, 6)
	if list := shape.Tensors(noise, styles, 2, 3); len(list) != 2 || !slices.Equal(list[1].Shape().Dimensions, []int{2, 3, 5}) {
		t.Errorf("%d inputs, want noise and styles [2, 3, 5]", len(list))
	}
}

func BenchmarkDraw(b *testing.B) {
	const images = 64
	for b.Loop() {
		shape.Draw(1, "noise", 0, images)
	}
	b.ReportMetric(float64(b.N)*images*48/b.Elapsed().Seconds(), "normals/s")
}
