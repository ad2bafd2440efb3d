package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/internal/npy"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// small returns a preset of a generator that is computed within milliseconds: pixels [4, 4, 1], or latents [1, 1, 4] for images
// of 8 × 8 pixels.
func small(t *testing.T, latents bool, classes int) *preset.Preset {
	t.Helper()
	p, err := preset.Named("gen/ablation_ot_1node")
	if err != nil {
		t.Fatal(err)
	}
	m := &p.Generator.Model
	m.Condition, m.Width, m.Depth, m.Heads, m.Context, m.Entries, m.Codebooks = 8, 8, 1, 2, 1, 3, 2
	m.Size, m.InChannels, m.OutChannels, m.Patch = 4, 1, 1, 2
	p.Generator.Data.Latent, p.Generator.Data.Cached, p.Generator.Data.Resolution, p.Generator.Data.Classes = latents, latents, 4, classes
	if latents {
		m.Size, m.InChannels, m.OutChannels, m.Patch, p.Generator.Data.Resolution = 1, 4, 4, 1, 8
	}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	return p
}

// trainedFiles writes the configuration of a preset and weights for it, by which images differ from one another. The output's
// weights are multiplied by a gain.
func trainedFiles(t *testing.T, p *preset.Preset, configuration, weights string, gain float32) {
	t.Helper()
	text, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	c, err := dit.FromPreset(p.Generator)
	if err != nil {
		t.Fatal(err)
	}
	f := safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	initial := c.Initial(1)
	for _, q := range c.Table() {
		values, err := initial(q)
		if err != nil {
			t.Fatal(err)
		}
		s := stream.New(2, q.Name)
		for i := range values {
			if values[i] += 0.3 * float32(s.Normal(uint64(i))); strings.HasPrefix(q.Name, "model.final_layer.linear") {
				values[i] *= gain
			}
		}
		f.Tensors[q.Name] = safetensors.Tensor{Shape: q.Shape, Data: values}
	}
	for _, path := range []string{configuration, weights} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(configuration, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.WriteFile(weights); err != nil {
		t.Fatal(err)
	}
}

// aRun writes a run with checkpoints of some steps.
func aRun(t *testing.T, p *preset.Preset, run string, steps ...string) {
	t.Helper()
	for i, step := range steps {
		trainedFiles(t, p, filepath.Join(run, "config.yaml"), filepath.Join(run, "checkpoints", step, "generator.safetensors"), float32(1+i))
	}
}

// sampled runs sample and returns its report.
func sampledBy(t *testing.T, arguments ...string) (r samples) {
	t.Helper()
	out, said, code := wflow(t.Context(), append([]string{"sample", "--json"}, arguments...)...)
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
		t.Fatalf("sample %q: exit code %d, %v: %s%s", arguments, code, err, out, said)
	}
	return r
}

// content returns the bytes of a file.
func content(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// From a run, images are made with the weights of the newest step, or of another: as a folder, of which parts may be made one by
// one, as an array and as a grid.
func TestSampleRun(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // XLA compiles for a second each time
	t.Chdir(t.TempDir())
	aRun(t, small(t, false, 5), "run", "step-00001000", "step-00002000", "step-99", "step-00003000-new")
	if err := os.MkdirAll("run/checkpoints/step-00009000", 0o755); err != nil { // being written
		t.Fatal(err)
	}
	r := sampledBy(t, "run", "--to", "all", "--each", "3", "--alpha", "2")
	if r.Step != 2000 || r.Images != 15 || r.Classes != 5 || r.Each != 3 || r.Alpha != 2 || r.Numbers.Rows != 15 || r.Generator == "" || len(r.Warnings) != 0 {
		t.Errorf("%+v, want 15 images of step 2000 and no warning", r)
	}
	for _, part := range [][2]string{{"0", "7"}, {"7", "8"}} {
		sampledBy(t, "run", "--to", "parts", "--each", "3", "--alpha", "2", "--first", part[0], "--images", part[1])
	}
	entries, err := os.ReadDir("all")
	if err != nil || len(entries) != 16 || entries[0].Name() != "00000.png" || entries[14].Name() != "00014.png" {
		t.Errorf("%v, %d files, want 15 images and what they are", err, len(entries))
	}
	for _, e := range entries {
		if !bytes.Equal(content(t, "all", e.Name()), content(t, "parts", e.Name())) {
			t.Errorf("%s made in parts differs", e.Name())
		}
	}
	if r := sampledBy(t, "run", "--to", "all", "--each", "3", "--alpha", "2"); r.Numbers != nil || r.Images != 15 {
		t.Errorf("%+v, want no images made again", r)
	}
	if _, said, code := wflow(t.Context(), "sample", "run", "--to", "all", "--each", "3", "--alpha", "2", "--step", "1000"); code != failed || !strings.Contains(said, "has images of a generator with SHA-256 ") {
		t.Errorf("exit code %d, want %d and that the folder has images of another step: %s", code, failed, said)
	}

	sampledBy(t, "run", "--to", "a.npz", "--each", "3", "--alpha", "2")
	z, err := zip.OpenReader("a.npz")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("arr_0.npy")
	if err != nil {
		t.Fatal(err)
	}
	array, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	h, begin, err := npy.Read(bytes.NewReader(array), int64(len(array)))
	if err != nil || !slices.Equal(h.Shape, []int{15, 4, 4, 1}) {
		t.Fatalf("%v, shape %v, want none and [15 4 4 1]", err, h.Shape)
	}
	sampledBy(t, "run", "--to", "grid.png", "--each", "3", "--alpha", "2")
	grid, err := png.Decode(bytes.NewReader(content(t, "grid.png")))
	if err != nil {
		t.Fatal(err)
	}
	if s := grid.Bounds().Size(); s.X != 12 || s.Y != 20 {
		t.Errorf("the grid is %v, want a row of 3 images for each of 5 classes", s)
	}
	for i := range 15 {
		m, err := png.Decode(bytes.NewReader(content(t, "all", entries[i].Name())))
		if err != nil {
			t.Fatal(err)
		}
		for k := range 16 {
			v, _, _, _ := m.At(k%4, k/4).RGBA()
			if g, _, _, _ := grid.At(i%3*4+k%4, i/3*4+k/4).RGBA(); g != v || byte(v) != array[begin:][16*i+k] {
				t.Fatalf("image %d, pixel %d: %d in the folder, %d in the grid, %d in the array", i, k, byte(v), byte(g), array[begin:][16*i+k])
			}
		}
	}

	if r := sampledBy(t, "run", "--to", "warned", "--alpha", "5", "--each", "1"); len(r.Warnings) != 1 || r.Warnings[0] != "α 5 is outside 1 to 4, with which the generator was trained" {
		t.Errorf("%q, want a warning of α", r.Warnings)
	}
	if r := sampledBy(t, "run", "--time", "--repeats", "2"); r.Kind != "rate" || r.Batch != 4 || r.Rate.WarmUp != 2 || r.Rate.Repeats != 2 || !(r.Rate.Decoded > 0) || r.To != "" {
		t.Errorf("%+v, %+v, want a rate with batches of 4", r, r.Rate)
	}
	out, _, code := wflow(t.Context(), "sample", "run", "--time", "--repeats", "1", "--batch", "3")
	for _, want := range []string{"images/s, without decoding", "images/s, with decoding", "over 1 batch after 2 to warm up", "batches of 3 on 1 device"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want %s in\n%s", code, want, out)
		}
	}
	for _, folder := range []string{"run", "run/checkpoints/step-00001000"} {
		out, said, code := wflow(t.Context(), "info", folder)
		for _, want := range []string{"of the pixels of 32 images, with seed 0 and α 1", filepath.Join("run", "config.yaml"), " parameters"} {
			if code != 0 || !strings.Contains(out, want) || strings.Contains(out, "warning") {
				t.Errorf("info %s: exit code %d, want %s and no warning in\n%s%s", folder, code, want, out, said)
			}
		}
	}
}

// The demo needs the classes of ImageNet, and is a grid of 3 rows of 4.
func TestSampleDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	trainedFiles(t, small(t, false, 1000), "c.yaml", "w.safetensors", 1)
	r := sampledBy(t, "--demo", "--preset", "c.yaml", "--weights", "w.safetensors")
	m, err := png.Decode(bytes.NewReader(content(t, "demo.png")))
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Bounds().Size(); s.X != 16 || s.Y != 12 || r.Alpha != 3 || r.Seed != 42 || r.Images != 12 || r.Each != 1 {
		t.Errorf("%v pixels, %+v, want 4 × 3 images with α 3 and seed 42", s, r)
	}
	if _, said, code := wflow(t.Context(), "sample", "--demo", "--preset", "c.yaml", "--weights", "w.safetensors", "--to", "demo.png"); code != failed || !strings.Contains(said, "demo.png is there already: --force writes over it") {
		t.Errorf("exit code %d: %s, want that the file is there", code, said)
	}
	sampledBy(t, "--demo", "--force", "--preset", "c.yaml", "--weights", "w.safetensors", "--to", "demo.png")
}

// Errors name what is wrong and what is wanted.
func TestSampleRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	p := small(t, false, 10)
	aRun(t, p, "run", "step-00001000", "step-00002000")
	trainedFiles(t, small(t, false, 7), "c.yaml", "seven.safetensors", 1)
	zeros(t, "b.safetensors", dit.B().Table())
	if err := os.MkdirAll("young/checkpoints", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("young/config.yaml", content(t, "run", "config.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arguments string
		code      int
		says      string
	}{
		{"", misused, "want a RUN to sample from, or --preset and --weights"},
		{"--preset c.yaml --to a", misused, "want a RUN to sample from, or --preset and --weights"},
		{"run --weights b.safetensors --to a", misused, "RUN run and --weights: want a run, or a preset with weights"},
		{"run other --to a", misused, "sample takes one argument, [RUN], and got 2"},
		{"run", misused, "--to is missing: want a folder, a file NAME.npz or a file NAME.png"},
		{"run --demo --alpha 2 --classes 1 --to a.png", misused, "--demo sets --classes and --alpha itself"},
		{"run --time --to a", misused, "--time writes no images: it wants no --to"},
		{"run --to a --columns 2", misused, "--columns are those of a grid"},
		{"run --to a --each 0", misused, "--each 0, want 1 or more"},
		{"run --to a --batch -1", misused, "--batch -1, want 1 or more"},
		{"run --to a --first -1", misused, "--first -1, want 0 or more"},
		{"run --to a.jpg", misused, "a file NAME.png to write, not a file .jpg"},
		{"run --to a --alpha 0", misused, "--alpha 0, want a number above 0"},
		{"run --to a --temperature NaN", misused, "--temperature NaN, want a number above 0"},
		{"run --to a --alpha much", misused, "--alpha much, want a number"},
		{"run --to a --classes 3,10", misused, "--classes 3,10: class 10, want 0 to 9, which the generator has"},
		{"run --to a --classes 5-3", misused, `"5-3", want numbers and ranges, such as 207,829 or 0-9`},
		{"run --to a --classes cat", misused, `"cat", want numbers and ranges`},
		{"run --to a --classes 1,,2", misused, `"", want numbers and ranges`},
		{"run --to a --classes -1", misused, `"-1", want numbers and ranges`},
		{"run --to a --first 490 --images 11", misused, "--first 490 and --images 11: want some of the images 0 to 499"},
		{"run --to a --first 500", misused, "want some of the images 0 to 499"},
		{"run --to a.png --each 1000", misused, "a grid of 10,000 images, want at most 4,096"},
		{"run --to a.png --demo", failed, "class 207, want 0 to 9"},
		{"run --to a --vae v.safetensors", misused, "--vae and --cache are for latents, and the generator of "},
		{"run --to a --cache latents", misused, "--vae and --cache are for latents, and the generator of "},
		{"run --to a --step 1500", failed, "run has no checkpoint of step 1,500, only of 1,000 and 2,000"},
		{"run --to no/a.png", failed, "there is no folder no"},
		{"ran --to a", failed, "ran: there is no such file or folder: did you mean run?"},
		{"run/checkpoints --to a", failed, "run/checkpoints is no run of wflow train"},
		{"young --to a", failed, "young has no checkpoint yet"},
		{"--preset c.yaml --weights lost.pt --to a", failed, "lost.pt: there is no such file"},
		{"--preset d.yaml --weights b.safetensors --to a", failed, "d.yaml: there is no such file or folder: did you mean c.yaml?"},
		{"--preset gen/ablation --weights b.safetensors --to a", failed, "did you mean gen/ablation_ot_1node"},
		{"--preset mae/latent_640 --weights b.safetensors --to a", failed, "the configuration of an encoder, want that of a generator"},
		{"--preset c.yaml --weights b.safetensors --to a", failed, "the file holds the generator B/2"},
		{"--preset run/config.yaml --weights seven.safetensors --to a", failed, `"class_embed.weight": shape [7 8], want [10 8]`},
		{"run --to a --devices 3 --batch 8", failed, " devices"},
		{"run --to a --devices 99 --batch 99", failed, "99 devices, want 1 to "},
	} {
		out, said, code := wflow(t.Context(), append([]string{"sample"}, strings.Fields(c.arguments)...)...)
		if code != c.code || out != "" || !strings.Contains(said, c.says) {
			t.Errorf("sample %s: exit code %d, want %d: %s%s, want %s", c.arguments, code, c.code, out, said, c.says)
		}
		if _, err := os.Stat("a"); err == nil {
			t.Fatalf("sample %s: it made a folder", c.arguments)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, said, code := wflow(ctx, "sample", "run", "--to", "b"); code != interrupted || !strings.Contains(said, "wflow: interrupted") {
		t.Errorf("exit code %d: %s, want %d", code, said, interrupted)
	}
}

// Latents are decoded by the autoencoder. Those that were never scaled are refused, and so is a cache of another autoencoder.
func TestSampleLatents(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the 335 MB of an autoencoder")
	}
	t.Setenv(engine.PluginVariable, "") // XLA compiles the autoencoder for half a minute
	t.Chdir(t.TempDir())
	p := small(t, true, 10)
	zeros(t, "vae.safetensors", vae.StableDiffusion().Table())
	zeros(t, "other.safetensors", vae.StableDiffusion().Table()[1:])
	aRun(t, p, "run", "step-00001000")
	common := []string{"run", "--vae", "vae.safetensors", "--classes", "3,1", "--each", "2"}
	r := sampledBy(t, append(slices.Clip(common), "--to", "a.png")...)
	m, err := png.Decode(bytes.NewReader(content(t, "a.png")))
	if err != nil {
		t.Fatal(err)
	}
	// An autoencoder whose weights are all 0 decodes to 0, which is 127.5 of 255, and rounds to 128.
	if c, _, _, _ := m.At(9, 9).RGBA(); m.Bounds().Dx() != 16 || m.Bounds().Dy() != 16 || byte(c) != 128 || r.Autoencoder == "" {
		t.Errorf("%v pixels of level %d, %+v, want 16 × 16 of 128", m.Bounds(), byte(c), r)
	}
	photograph(t, "images")
	latents, larger := noisyAt(t, 8), noisy(t)
	for _, folder := range []string{latents, larger} {
		if _, err := latent.Merge(t.Context(), folder, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		arguments []string
		says      string
	}{
		{append(slices.Clip(common), "--to", "b", "--vae", "other.safetensors"), `1 missing: "encoder.conv_in.weight"`},
		{append(slices.Clip(common), "--to", "b", "--cache", latents), "the cache was made with an autoencoder with SHA-256 none, and that which decodes has "},
		{append(slices.Clip(common), "--to", "b", "--cache", larger), "has latents [32, 32, 4], and the generator makes [1, 1, 4]"},
		{append(slices.Clip(common), "--to", "b", "--cache", "images"), "images is no cache"},
	} {
		_, said, code := wflow(t.Context(), append([]string{"sample"}, c.arguments...)...)
		if code != failed || !strings.Contains(said, c.says) {
			t.Errorf("sample %q: exit code %d: %s, want %s", c.arguments, code, said, c.says)
		}
	}
	if err := (latentsOfRun{Autoencoder: "none"}).write("run"); err != nil { // as if it had been trained on these latents
		t.Fatal(err)
	}
	_, said, code := wflow(t.Context(), append([]string{"sample", "--to", "b"}, common...)...)
	if want := filepath.Join("run", latentsFile) + ": sample: the cache was made with an autoencoder with SHA-256 none, "; code != failed || !strings.Contains(said, want) {
		t.Errorf("sample: exit code %d: %s, want %s", code, said, want)
	}
}
