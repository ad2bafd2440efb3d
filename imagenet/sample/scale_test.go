package sample

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// Measured latents of standard normal noise have the mean 0 and the deviation 1. A generator whose latents were never
// multiplied by the autoencoder's factor is refused before anything is written; so is a cache of another scale.
func TestScale(t *testing.T) {
	q := Sequence{Classes: []int{500}, Each: 200, Alpha: 1, Temperature: 1, Seed: 1}
	for _, c := range []struct {
		deviation float64
		odd, want string
	}{
		{1, "", ""},
		{latent.Scale, "twice", ""}, // as early in a training
		{1 / latent.Scale, "had not been multiplied", "the generator was trained on a cache of another scale"},
		{2, "not the latents of photographs", ""},
	} {
		p := pictures(t, flat{4, 4, c.deviation}, q)
		measured, err := p.Sampler.Measure(t.Context(), "generator.safetensors", 40)
		// The classes are spread over 0 to 999, so that their levels have the variance 1/3.
		if want := math.Sqrt(c.deviation*c.deviation + 1/3.); err != nil || math.Abs(measured.Deviation/want-1) > 0.1 || measured.Rows != 40 || measured.File != "generator.safetensors" {
			t.Errorf("%+v, %v, want the deviation %v of 40 rows", measured, err, want)
		}
		p.Decoder = Decoder{Side: 1, Channels: 3, Latents: true, Decode: func(_ context.Context, made []float32) ([]byte, error) {
			return make([]byte, len(made)*3/64), nil
		}}
		folder := t.TempDir()
		err = p.WriteFolder(t.Context(), folder, 0, 200, nil)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || len(files(t, folder)) > 1) {
			t.Errorf("deviation %v: %v, %d files, want %q", c.deviation, err, len(files(t, folder)), c.want)
		}
		scale := p.Scale()
		if math.Abs(scale.Deviation/c.deviation-1) > 0.1 || math.Abs(scale.Mean) > 0.2*c.deviation {
			t.Errorf("%+v, want the deviation %v and the mean 0", scale, c.deviation)
		}
		if odd := scale.Odd(); (odd == "") != (c.odd == "") || !strings.Contains(odd, c.odd) {
			t.Errorf("%q, want %q", odd, c.odd)
		}
	}
	var m moments
	m.add([]float32{1, 2})
	m.add([]float32{3, 6}) // whose squared differences from 3 are 4, 1, 0 and 9
	if got, want := m.sample("four", 2), (latent.Sample{File: "four", Rows: 2, Mean: 3, Deviation: math.Sqrt(3.5)}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	right := latent.Sample{File: "train_moments.npy", Deviation: 0.9}
	raw := latent.Sample{File: "train_moments.npy", Deviation: 5}
	for _, c := range []struct {
		cache         latent.Sample
		made, decodes string
		want          string
	}{
		{right, "a", "a", ""}, {right, "", "a", ""}, {right, "a", "", ""},
		{raw, "a", "a", "train_moments.npy: standard deviation 5, want 0.6 to 1.4: it looks as if its latents had not been multiplied"},
		{right, "a", "b", "made with an autoencoder with SHA-256 a, and that which decodes has b"},
	} {
		if err := Together([]latent.Sample{right, c.cache}, c.made, c.decodes); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c, err, c.want)
		}
	}
}
