package fid

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
)

// An image that has one colour is resized to that colour. One of 299 × 299 stays as it is.
func TestResize(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {64, 48}, {299, 1}, {1000, 700}} {
		pixels := make([]byte, size[0]*size[1]*3)
		for i := range pixels {
			pixels[i] = byte(10 + 100*(i%3))
		}
		for i, v := range resize(pixels, size[0], size[1]) {
			if v != float32(10+100*(i%3)) {
				t.Fatalf("%v: number %d is %v, want one colour", size, i, v)
			}
		}
	}
	image := golden.Image("same", side, side)
	for i, v := range resize(image, side, side) {
		if v != float32(image[i]) {
			t.Fatalf("number %d is %v, want %d", i, v, image[i])
		}
	}
}

// What is seen in an image does not depend on what else is looked at, before or at the same time.
func TestSeeAlone(t *testing.T) {
	b, _ := backend(t)
	g := readGolden(t).Network
	formula := g.formula(t)
	e, err := New(b, func(p weights.Parameter) ([]float32, error) { return as32(formula(p)), nil })
	if err != nil {
		t.Fatal(err)
	}
	defer e.Finalize()
	const n = 4
	look := func(i int) Seen {
		s, err := e.See(golden.Image(string(rune('a'+i)), 40+i, 50), 40+i, 50)
		if err != nil {
			t.Error(err)
		}
		return s
	}
	var together [n]Seen
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { together[i] = look(i) })
	}
	wait.Wait()
	for i := range n {
		alone := look(i)
		if !slices.Equal(alone.Unbiased, together[i].Unbiased) || !slices.Equal(alone.Features[3], together[i].Features[3]) {
			t.Errorf("image %d has other features alone", i)
		}
	}

	for want, call := range map[string]func() error{
		"11 bytes of an image of 2 × 2":  func() error { _, err := e.See(make([]byte, 11), 2, 2); return err },
		"0 bytes of an image of 5 × 0":   func() error { _, err := e.See(nil, 0, 5); return err },
		"3 bytes of an image of -1 × -1": func() error { _, err := e.See(make([]byte, 3), -1, -1); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func as32(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

func TestNewRefuses(t *testing.T) {
	b, _ := backend(t)
	missing := errors.New("not in the file")
	for want, read := range map[string]func(weights.Parameter) ([]float32, error){
		"not in the file": func(weights.Parameter) ([]float32, error) { return nil, missing },
		"Conv2d_1a_3x3.bn.weight: 1 numbers, want 32": func(weights.Parameter) ([]float32, error) { return make([]float32, 1), nil },
		"Conv2d_1a_3x3.conv.weight: 32 numbers, want 864": func(p weights.Parameter) ([]float32, error) {
			return make([]float32, p.Shape[0]), nil
		},
	} {
		if _, err := New(b, read); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// Weights that are no numbers make no features.
func TestSeeRefusesNaN(t *testing.T) {
	b, _ := backend(t)
	e, err := New(b, func(p weights.Parameter) ([]float32, error) {
		values := make([]float32, p.Size())
		if p.Name == "fc.bias" {
			values[7] = float32(math.NaN())
		}
		return values, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Finalize()
	if _, err := e.See(make([]byte, 3), 1, 1); err == nil || !strings.Contains(err.Error(), "number 7 is NaN") {
		t.Errorf("error %v, want one with number 7", err)
	}
}
