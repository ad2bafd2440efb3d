package vae

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

func TestMain(m *testing.M) { golden.Main(m) }

// small is fast on every backend.
var small = Config{Widths: []int{4, 8}, Layers: 1, Latent: 2, Groups: 2}

// formula returns weights that keep activations alive.
func formula(p weights.Parameter) ([]float32, error) {
	kind := "bias"
	if len(p.Shape) > 1 {
		kind = "matrix"
	} else if strings.Contains(p.Name, "norm") && strings.HasSuffix(p.Name, "weight") {
		kind = "norm"
	}
	values, err := golden.Weight(p.Name, kind, p.Shape, 1)
	return numbers[float32](values), err
}

func backend(t testing.TB) (compute.Backend, string) {
	t.Helper()
	b, line, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b, line
}

// Without kernels and gains the last bias is all there is: decoded colours −1, 0.2 and 3 are bytes 0, 153 and 255, and
// means (0.5, −2) with log-variances (2, 100), of which 20 remain, are latents (m + exp(v/2)·noise)·Scale.
func TestAutoencoderOfBiases(t *testing.T) {
	b, _ := backend(t)
	a, err := New(b, small, 6, func(p weights.Parameter) ([]float32, error) {
		switch p.Name {
		case "decoder.conv_out.bias":
			return []float32{-1, 0.2, 3}, nil
		case "quant_conv.bias":
			return []float32{0.5, -2, 2, 100}, nil
		}
		return make([]float32, p.Size()), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Finalize()

	const n = 2
	images, err := a.Decode(context.Background(), make([]float32, n*3*3*2))
	if want := bytes.Repeat([]byte{0, 153, 255}, n*6*6); err != nil || !bytes.Equal(images, want) {
		t.Errorf("images %v, error %v, want %v", images, err, want)
	}
	noise := make([]float32, n*3*3*2)
	for i := range noise {
		noise[i] = float32(i) - 10
	}
	latents, err := a.Encode(context.Background(), images, noise)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range latents {
		want := (0.5 + math.E*float64(noise[i])) * Scale
		if i%2 == 1 {
			want = (-2 + math.Exp(10)*float64(noise[i])) * Scale
		}
		if math.Abs(float64(got)-want) > 1e-6*(1+math.Abs(want)) {
			t.Errorf("latent %d: %v, want %v", i, got, want)
		}
	}
}

// The latent of an image does not depend on the other images of a call.
func TestAutoencoderRunsImagesAlone(t *testing.T) {
	b, _ := backend(t)
	a, err := New(b, small, 8, formula)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Finalize()
	ctx := context.Background()
	const n, pixels, numbersOf = 3, 8 * 8 * 3, 4 * 4 * 2
	images, noise := golden.Image("images", n*8, 8), numbers[float32](golden.Normals("noise", n*numbersOf))
	latents, err := a.Encode(ctx, images, noise)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := a.Decode(ctx, latents)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		one, err := a.Encode(ctx, images[i*pixels:(i+1)*pixels], noise[i*numbersOf:(i+1)*numbersOf])
		if err != nil || !slices.Equal(one, latents[i*numbersOf:(i+1)*numbersOf]) {
			t.Errorf("image %d alone has other latents (error %v), want the same", i, err)
		}
		back, err := a.Decode(ctx, one)
		if err != nil || !bytes.Equal(back, decoded[i*pixels:(i+1)*pixels]) {
			t.Errorf("latent %d alone has another image (error %v), want the same", i, err)
		}
	}
	if slices.Equal(latents[:numbersOf], latents[numbersOf:2*numbersOf]) {
		t.Error("two images have the same latents, want others")
	}
}

func TestAutoencoderRefuses(t *testing.T) {
	b, _ := backend(t)
	missing := errors.New("not in the file")
	for want, build := range map[string]func() (*Autoencoder, error){
		"5×5":      func() (*Autoencoder, error) { return New(b, small, 5, formula) },
		"0×0":      func() (*Autoencoder, error) { return New(b, small, 0, formula) },
		"width 3":  func() (*Autoencoder, error) { return New(b, Config{[]int{3}, 1, 1, 2}, 8, formula) },
		"positive": func() (*Autoencoder, error) { return New(b, Config{}, 8, formula) },
		`"encoder.conv_in.weight": not in`: func() (*Autoencoder, error) {
			return New(b, small, 8, func(weights.Parameter) ([]float32, error) { return nil, missing })
		},
		"0 numbers, want": func() (*Autoencoder, error) {
			return New(b, small, 8, func(weights.Parameter) ([]float32, error) { return nil, nil })
		},
	} {
		if _, err := build(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}

	a, err := New(b, small, 8, formula)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Finalize()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	nan := make([]float32, 3*32)
	nan[40] = float32(math.NaN())
	for want, call := range map[string]func() error{
		"191 numbers of images": func() error {
			_, err := a.Encode(context.Background(), make([]byte, 191), make([]float32, 32))
			return err
		},
		"64 numbers of noise": func() error {
			_, err := a.Encode(context.Background(), make([]byte, 192), make([]float32, 64))
			return err
		},
		"33 numbers of latents":   func() error { _, err := a.Decode(context.Background(), make([]float32, 33)); return err },
		"number 40 is NaN":        func() error { _, err := a.Decode(context.Background(), nan); return err },
		"number 8 is NaN":         func() error { _, err := a.Encode(context.Background(), make([]byte, 192), nan[32:64]); return err },
		"stopped after 0 of 3 im": func() error { _, err := a.Decode(cancelled, make([]float32, 3*32)); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := a.Decode(cancelled, make([]float32, 32)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v, want %v", err, context.Canceled)
	}
}

// The released network on images of 256 × 256, random weights. ../peers/vae.py is the same in PyTorch.
func BenchmarkAutoencoder(b *testing.B) {
	engine, name := backend(b)
	if !strings.HasPrefix(name, "XLA") {
		b.Skip("minutes an image on ", name)
	}
	a, err := New(engine, StableDiffusion(), 256, formula)
	if err != nil {
		b.Fatal(err)
	}
	defer a.Finalize()
	ctx := context.Background()
	images, latents := golden.Image("image", 256, 256), numbers[float32](golden.Normals("latent", 32*32*4))
	for what, call := range map[string]func() error{
		"encode": func() error { _, err := a.Encode(ctx, images, latents); return err },
		"decode": func() error { _, err := a.Decode(ctx, latents); return err },
	} {
		b.Run(what, func(b *testing.B) {
			if err := call(); err != nil { // compiles
				b.Fatal(err)
			}
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
