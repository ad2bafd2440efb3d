package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// merged merges a cache.
func merged(t *testing.T, folder string) string {
	t.Helper()
	if _, err := latent.Merge(t.Context(), folder, nil); err != nil {
		t.Fatal(err)
	}
	return folder
}

// encodedAt makes a cache of a resolution with a small autoencoder of random weights.
func encodedAt(t *testing.T, resolution int) (folder string) {
	t.Helper()
	backend, _, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	a, err := vae.New(backend, vae.Config{Widths: []int{8, 8, 8, 8}, Layers: 1, Latent: latent.Channels, Groups: 4}, resolution,
		func(p weights.Parameter) ([]float32, error) {
			values, s := make([]float32, p.Size()), stream.New(7, p.Name)
			for i := range values {
				values[i] = float32(0.3 * s.Normal(uint64(i)))
			}
			return values, nil
		})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Finalize()
	folder = t.TempDir()
	if err := latent.Prepare(t.Context(), folder, photograph(t, t.TempDir()), latent.Encoder{Encode: a.Encode, SHA256: "small"}, &latent.Settings{Resolution: resolution}); err != nil {
		t.Fatal(err)
	}
	return merged(t, folder)
}

// The presets for ImageNet at 64 pixels, made small, are trained on a cache of latents [8, 8, 4], in the features of an encoder that
// was trained on latents [32, 32, 4], as theirs was; and one may be trained on latents [8, 8, 4] too.
func TestTrainAt64(t *testing.T) {
	if testing.Short() {
		t.Skip("trains two encoders and two generators")
	}
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	caches := map[int]string{64: encodedAt(t, 64), 256: merged(t, noisy(t))}
	encoders := map[int]string{}
	for resolution, cache := range caches {
		p, err := preset.Named("mae/latent_ablation_256")
		if err != nil {
			t.Fatal(err)
		}
		m := p.MAE
		m.Data.Resolution, m.Data.Classes, m.Data.Batch, m.Model.Width, m.Model.Layers = resolution, 2, 2, 40, []int{1, 1, 1, 1}
		m.Train.Steps, m.Optimizer.Rate.Steps, m.Optimizer.Rate.WarmUp, m.Logging.Every = 1, 1, 1, 1
		encoders[resolution] = filepath.Join(t.TempDir(), "encoder")
		if _, said, code := wflow(t.Context(), "encoder", "train", written(t, p), encoders[resolution], "--data", cache); code != 0 {
			t.Fatalf("an encoder at %d: exit code %d: %s", resolution, code, said)
		}
	}
	for name, encoder := range map[string]int{"gen/pilot": 256, "gen/imagenet64": 64} {
		p, err := preset.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		g := p.Generator
		g.Data.Classes, g.Data.Batch = 2, 2
		g.Model.Condition, g.Model.Width, g.Model.Depth, g.Model.Heads, g.Model.Context, g.Model.Entries, g.Model.Codebooks = 8, 8, 1, 2, 1, 3, 2
		g.Train.Classes, g.Train.Chunks, g.Train.Guidance.Particles, g.Train.Real, g.Train.Unconditional, g.Train.Push = 2, 1, 2, 2, 1, 4
		g.Train.Steps, g.Train.SaveEvery, g.Logging.Every, g.Optimizer.Rate.WarmUp = 2, 2, 1, 1
		run := filepath.Join(t.TempDir(), "run")
		if _, said, code := wflow(t.Context(), "train", written(t, p), run, "--data", caches[64], "--encoder", encoders[encoder]); code != 0 {
			t.Fatalf("%s: exit code %d: %s", name, code, said)
		}
		told, err := readLines[metrics](filepath.Join(run, metricsFile))
		if err != nil || len(told) != 2 || !(told[1].MeanSquare["layer4"] > 0) || !(told[1].MeanSquare["conv1"] > 0) || !(told[1].GradientNorm > 0) {
			t.Errorf("%s: %+v, error %v, want two steps with mean V² of the encoder's first and last map", name, told, err)
		}
		if deviation, has := told[1].Scale["layer4_std"]; has != g.Train.Features.Std || deviation != 0 {
			t.Errorf("%s: layer4_std has scale %v, want 0: its map has one position", name, deviation)
		}
		grid, err := png.Decode(bytes.NewReader(content(t, run, "grid-00000002.png")))
		if err != nil || grid.Bounds().Dx() != 8*8 || grid.Bounds().Dy() != 2*8 {
			t.Errorf("%s: a grid of %v, error %v, want eight latents of 8 × 8 of each class", name, grid.Bounds(), err)
		}
		var l latentsOfRun
		if err := json.Unmarshal(content(t, run, latentsFile), &l); err != nil || l.Autoencoder != "small" || len(l.Samples) != 2 || !(l.Samples[0].Deviation > 0) {
			t.Errorf("%s: %+v, error %v, want the scale of the latents and their autoencoder", name, l, err)
		}
		out, said, code := wflow(t.Context(), "info", run)
		for _, want := range []string{"standard deviation ", "of the latents of 32 images", "warning"} { // two steps from zeros
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("%s: info: exit code %d: %s%s, want %q", name, code, out, said, want)
			}
		}
	}
}

// A latent that is not finite, among those by which the scale is checked, keeps a training from beginning. The error names the file and
// the row.
func TestTrainOnNaN(t *testing.T) {
	t.Setenv(engine.PluginVariable, "")
	cache := merged(t, noisyAt(t, 64))
	for _, name := range []string{"train_moments.npy", "train_moments_flip.npy"} {
		path := filepath.Join(cache, name)
		file := content(t, cache, name)
		binary.LittleEndian.PutUint32(file[len(file)-4:], math.Float32bits(float32(math.NaN())))
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	configuration := smallTraining(t, func(g *preset.Generator) {
		g.Data.Latent, g.Data.Resolution, g.Data.Classes, g.Data.Batch, g.Data.Mirror = true, 64, 2, 2, true
		g.Model.Size, g.Model.Patch, g.Model.InChannels, g.Model.OutChannels = 8, 8, 4, 4
		g.Train.Classes, g.Train.Chunks, g.Train.Real, g.Train.Push = 2, 1, 1, 2
		g.Train.AtOnce = 1
	})
	run := filepath.Join(t.TempDir(), "run")
	_, said, code := wflow(t.Context(), "train", configuration, run, "--data", cache)
	if code != failed || !regexp.MustCompile(`train_moments(_flip)?\.npy: row 2: number 255 is NaN`).MatchString(said) {
		t.Errorf("exit code %d: %s, want the file and the row", code, said)
	}
	if _, err := os.Stat(run); err == nil {
		t.Error("a refused training left a folder")
	}
}

// A cache of another resolution than a preset's is refused with both shapes, and with the command that makes the right one.
func TestDataOfAnotherResolution(t *testing.T) {
	small, large := merged(t, noisyAt(t, 64)), merged(t, noisy(t))
	images := t.TempDir()
	photograph(t, images)
	for _, c := range []struct{ command, preset, data, says string }{
		{"train", "gen/pilot", large, large + " has latents [32, 32, 4], and the configuration wants latents [8, 8, 4]\nnext: wflow data prepare IMAGES CACHE --resolution 64, with another folder"},
		{"train", "gen/imagenet64", large, "next: wflow data prepare IMAGES CACHE --resolution 64, with another folder"},
		{"train", "gen/ablation_ot_1node", small, "has latents [8, 8, 4], and the configuration wants latents [32, 32, 4]\nnext: wflow data prepare IMAGES CACHE, with another folder"},
		{"encoder train", "mae/latent_640", small, "has latents [8, 8, 4], and the configuration wants latents [32, 32, 4]\nnext: wflow data prepare IMAGES CACHE, with"},
		{"train", "gen/mnist_pixels", small, "has latents [8, 8, 4], and the configuration wants pixels [32, 32, 1]\n"},
		{"train", "gen/pilot", images, images + " is no cache of latents\nnext: wflow data prepare " + images + " CACHE --resolution 64\n"},
	} {
		run := filepath.Join(t.TempDir(), "run")
		_, said, code := wflow(t.Context(), append(strings.Fields(c.command), c.preset, run, "--data", c.data)...)
		if code != failed || !strings.Contains(said, c.says) || strings.Contains(c.says, "pixels") && strings.Contains(said, "next:") {
			t.Errorf("%s %s: exit code %d: %s, want %s", c.command, c.preset, code, said, c.says)
		}
		if _, err := os.Stat(run); err == nil {
			t.Errorf("%s %s: a refused training left a folder", c.command, c.preset)
		}
	}
}

// info tells the resolution of a cache, with its manifest and without, finished or not; what comes next keeps to it.
func TestInfoOfResolution(t *testing.T) {
	folder := noisyAt(t, 64)
	says := func(want string, arguments ...string) {
		t.Helper()
		if out, said, _ := wflow(t.Context(), arguments...); !strings.Contains(out+said, want) {
			t.Errorf("wflow %s: %s%s, want %q", strings.Join(arguments, " "), out, said, want)
		}
	}
	says("not finished, of crops of 64 × 64 pixels", "info", folder)
	says(folder+" is not finished", "data", "verify", folder)
	begun := t.TempDir()
	s := latent.Settings{Resolution: 64, Shard: 1, Shards: 2, Batch: 1}
	if err := latent.Prepare(t.Context(), begun, photograph(t, t.TempDir()), encoder, &s); err != nil {
		t.Fatal(err)
	}
	next := "wflow data prepare IMAGES " + begun + " --resolution 64"
	says(next+", for the shards that have not begun: 1", "info", begun)
	says(next+" --shard 0/2", "data", "merge", begun)

	merged(t, folder)
	for _, manifest := range []bool{true, false} {
		if !manifest {
			if err := os.Remove(filepath.Join(folder, "manifest.json")); err != nil {
				t.Fatal(err)
			}
		}
		says("[8, 8, 4], of crops of 64 × 64 pixels", "info", folder)
		out, _, _ := wflow(t.Context(), "info", "--json", folder)
		var r cache
		if err := json.Unmarshal([]byte(out), &r); err != nil || r.Resolution != 64 || r.Train != 3 || len(r.Samples) != 4 {
			t.Errorf("manifest %v: %+v, error %v, want a cache of 3 images at 64", manifest, r, err)
		}
	}
	larger := merged(t, noisy(t))
	for _, name := range []string{"val_moments.npy", "val_moments_flip.npy"} {
		if err := os.Rename(filepath.Join(larger, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	says("latents of side 8 in train and 32 in val, want the same", "info", folder)

	mixed := merged(t, noisyAt(t, 64))
	larger = merged(t, noisy(t))
	if err := errors.Join(os.Remove(filepath.Join(mixed, "manifest.json")), os.Rename(filepath.Join(larger, "manifest.json"), filepath.Join(mixed, "manifest.json"))); err != nil {
		t.Fatal(err)
	}
	says("latents of side 8, want 32 as its manifest says", "info", mixed)
}

// prepare encodes crops of a resolution. An autoencoder whose weights are all 0 has the posterior N(0, 1), so that a latent is its
// noise, times the official scale.
func TestPrepareAtResolution(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the 335 MB of an autoencoder")
	}
	t.Setenv(engine.PluginVariable, "") // XLA compiles the autoencoder for half a minute
	t.Chdir(t.TempDir())
	photograph(t, "images")
	zeros(t, "vae.safetensors", vae.StableDiffusion().Table())
	out, said, code := wflow(t.Context(), "data", "prepare", "images", "latents", "--resolution", "8", "--vae", "vae.safetensors", "--seed", "3", "--json")
	var r cache
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Resolution != 8 || r.Train != 3 {
		t.Fatalf("exit code %d, error %v: %s%s, want a cache at 8", code, err, out, said)
	}
	c, err := latent.Open("latents", latent.Train)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	z := make([]float32, 4)
	for i := range c.Len() {
		if err := c.Read(i, 0.7, z); err != nil {
			t.Fatal(err)
		}
		for k, v := range z {
			if want := 0.18215 * stream.New(3, "latent noise train").Normal(uint64(4*i+k)); math.Abs(float64(v)-want) > 1e-6 {
				t.Fatalf("row %d, number %d is %v, want %v", i, k, v, want)
			}
		}
	}
}
