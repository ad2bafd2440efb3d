package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// wflow runs a command line and returns what it printed and its exit code.
func wflow(ctx context.Context, arguments ...string) (out, progress string, code int) {
	var o, p bytes.Buffer
	code = run(ctx, arguments, &o, newClock().log(&p)) // on which no time passes
	return o.String(), p.String(), code
}

// zeros writes a weight file of a table whose numbers are all 0; on most file systems it takes no space.
func zeros(t *testing.T, path string, table weights.Table) {
	t.Helper()
	var entries []safetensors.Entry
	for _, p := range table {
		entries = append(entries, safetensors.Entry{Name: p.Name, Type: string(hub.F32), Shape: p.Shape})
	}
	header, err := safetensors.EncodeHeader(entries, map[string]string{"made": "for a test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, header, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(header)+4*table.Size())); err != nil {
		t.Fatal(err)
	}
}

// A command that does not exist has exit code 2, one that fails has 1, and both errors say what was wrong.
func TestExitCodes(t *testing.T) {
	empty := t.TempDir()
	file := filepath.Join(empty, "a.npy")
	header := "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n"
	if err := os.WriteFile(file, []byte("\x93NUMPY\x01\x00"+string(rune(len(header)))+"\x00"+header+"a"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arguments string
		code      int
		says      string
	}{
		{"", 0, ""},
		{"help data prepare", 0, ""},
		{"info presets", 0, ""},
		{"inform", misused, `unknown command "inform"`},
		{"info", misused, "info takes one argument, WHAT, and got none"},
		{"info --colour presets", misused, "unknown flag --colour"},
		{"data prepair", misused, `unknown command "prepair"`},
		{"data prepare a b --shard 4/4", misused, "--shard 4/4, want i/n"},
		{"data prepare a b --shard 1", misused, "--shard 1, want i/n"},
		{"convert --network dit-xxl a b", misused, "did you mean dit-xl?"},
		{"convert a b", failed, "a: there is no such file"},
		{"info gen/ablation", failed, "did you mean gen/ablation_ot_1node"},
		{"info " + t.TempDir(), failed, "and none of images: it holds nothing, want folders train and val in it"},
		{"data prepare " + empty + " out", failed, "train"},
		{"data merge " + empty, failed, "next: wflow data prepare IMAGES " + empty},
		{"data verify " + empty, failed, empty + " is no cache, and none has been begun in it"},
		{"data prepare a b --resolution 100", misused, "--resolution 100, want a multiple of 8 from 8 to 4096"},
		{"data prepare a b --resolution 0", misused, "--resolution 0, want a multiple of 8 from 8 to 4096"},
		{"data prepare a b --resolution 8192", misused, "--resolution 8192, want a multiple of 8 from 8 to 4096"},
		{"data prepare a b --batch 0", misused, "--batch 0, want 1 or more"},
		{"data prepare " + empty + " " + file, failed, file + " is a file, want a folder for the cache"},
		{"convert " + file + " " + file, failed, "is what it reads"},
		{"convert --force " + file + " " + empty + "/./a.npy", failed, "is what it reads"},
		{"convert --force " + file + " " + empty, failed, empty + " is there and no file"},
		{"convert " + file + " " + empty + "/no/b", failed, "there is no folder " + filepath.Join(empty, "no")},
		{"convert " + file + " " + file + "/b", failed, "not a directory"},
	} {
		_, said, code := wflow(context.Background(), strings.Fields(c.arguments)...)
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("wflow %s: exit code %d, want %d: %s, want %s", c.arguments, code, c.code, said, c.says)
		}
	}
}

// encoder returns the noise.
var encoder = latent.Encoder{SHA256: "none", Encode: func(_ context.Context, _ []byte, noise []float32) ([]float32, error) { return noise, nil }}

// photograph makes a few images in a folder.
func photograph(t *testing.T, images string) *latent.Folder {
	t.Helper()
	for i, file := range []string{"train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "val/cat/1.png", "val/dog/1.png"} {
		path := filepath.Join(images, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 20+i, 30))); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := latent.ReadFolder(images)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// noisy makes a cache of them, not merged yet.
func noisy(t *testing.T) (folder string) {
	t.Helper()
	return noisyAt(t, latent.Size)
}

// noisyAt makes one of another resolution.
func noisyAt(t *testing.T, resolution int) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := latent.Prepare(context.Background(), folder, photograph(t, t.TempDir()), encoder, &latent.Settings{Resolution: resolution}); err != nil {
		t.Fatal(err)
	}
	return folder
}

// If a cache is not finished, info tells how far it is and what to do.
func TestUnfinished(t *testing.T) {
	folder, images := t.TempDir(), photograph(t, t.TempDir())
	prepare := func(shard, most int) {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		progress := func(done, total int) {
			if done == most && done < total {
				stop()
			}
		}
		err := latent.Prepare(ctx, folder, images, encoder, &latent.Settings{Shard: shard, Shards: 2, Batch: 1, Progress: progress})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		shard, most int
		want        []latent.Shard
		next        string
	}{
		{1, 2, []latent.Shard{{Shard: 1, Shards: 2, Train: 1, Val: 1, Resolution: 256}}, "for the shards that have not begun: 1"},
		{0, 2, []latent.Shard{{Shard: 0, Shards: 2, Train: 2, Finished: true, Resolution: 256}, {Shard: 1, Shards: 2, Train: 1, Val: 1, Resolution: 256}}, "it goes on where it was"},
		{1, 9, []latent.Shard{{Shard: 0, Shards: 2, Train: 2, Finished: true, Resolution: 256}, {Shard: 1, Shards: 2, Train: 1, Val: 2, Finished: true, Resolution: 256}}, "wflow data merge " + folder},
	} {
		prepare(step.shard, step.most)
		out, said, code := wflow(context.Background(), "info", "--json", folder)
		var r unfinished
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || !cmp.Equal(r.Shards, step.want) {
			t.Errorf("exit code %d, %v: %s%s, want %+v", code, err, out, said, step.want)
		}
		if out, _, _ := wflow(context.Background(), "info", folder); !strings.Contains(out, step.next) {
			t.Errorf("%s, want %s", out, step.next)
		}
	}
	if _, said, code := wflow(context.Background(), "data", "verify", folder); code != failed || !strings.Contains(said, folder+" is not finished: wflow info "+folder) {
		t.Errorf("verify: exit code %d, want %d and that the cache is not finished: %s", code, failed, said)
	}
	if err := os.CopyFS(filepath.Join(folder, "kept"), os.DirFS(filepath.Join(folder, "shard-1-of-2"))); err != nil {
		t.Fatal(err)
	}
	_, said, code := wflow(context.Background(), "data", "merge", folder)
	if err := os.Rename(filepath.Join(folder, "kept"), filepath.Join(folder, "shard-1-of-2")); err != nil || code != 0 { // as a merge that is killed leaves it
		t.Fatalf("error %v, exit code %d, want none and 0: %s", err, code, said)
	}
	for _, command := range []string{"info", "data verify", "data merge"} {
		if out, said, code := wflow(context.Background(), append(strings.Fields(command), folder)...); code != 0 || !strings.Contains(out, "train_moments.npy") {
			t.Errorf("%s of a cache with a shard left: exit code %d, want 0 and the files: %s%s", command, code, out, said)
		}
	}
}

func TestCache(t *testing.T) {
	folder := noisy(t)
	for _, command := range []string{"data merge", "data verify", "info"} {
		out, said, code := wflow(context.Background(), append(strings.Fields(command), "--json", folder)...)
		var r cache
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Train != 3 || r.Val != 2 || r.Classes != 2 || len(r.Files) != 6 {
			t.Errorf("%s: exit code %d, %v, want 0, none, and 3 and 2 images of 2 classes in 6 files: %s%s", command, code, err, out, said)
		}
	}
	other := noisy(t)
	if _, said, code := wflow(context.Background(), "data", "merge", other); code != 0 {
		t.Fatalf("merge: exit code %d, want 0: %s", code, said)
	}
	for _, name := range []string{"val_moments.npy", "val_moments_flip.npy", "val_targets.npy"} { // those of train
		if err := errors.Join(os.Remove(filepath.Join(other, name)), os.Link(filepath.Join(other, "train"+name[3:]), filepath.Join(other, name))); err != nil {
			t.Fatal(err)
		}
	}
	if _, said, code := wflow(context.Background(), "info", other); code != failed || !strings.Contains(said, "3 of val, want 3 and 2") {
		t.Errorf("of another length: exit code %d, want %d and both numbers: %s", code, failed, said)
	}
	if err := os.Truncate(filepath.Join(other, "train_targets.npy"), 140); err != nil {
		t.Fatal(err)
	}
	if _, said, code := wflow(context.Background(), "info", other); code != failed || !strings.Contains(said, "train_targets.npy: 12 bytes") {
		t.Errorf("cut off: exit code %d, want %d and the 12 bytes of train_targets.npy: %s", code, failed, said)
	}
	if err := os.Remove(filepath.Join(folder, "manifest.json")); err != nil { // as the official code leaves it
		t.Fatal(err)
	}
	if out, said, code := wflow(context.Background(), "info", folder); code != 0 || !strings.Contains(out, "train_targets.npy") {
		t.Errorf("without a manifest: exit code %d, want 0 and the files: %s%s", code, out, said)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, said, code := wflow(ctx, "info", folder); code != interrupted || said != "wflow: interrupted\n" {
		t.Errorf("interrupted: exit code %d, want %d and no more than that: %s", code, interrupted, said)
	}
}

// Texts in a file do not command the terminal.
func TestPrintable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	header, err := safetensors.EncodeHeader(nil, map[string]string{"title": "\x1b]0;mine\a\nSHA-256  0", "\x1b[2J": "1", "ж\u202e": "日本"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, header, 0o644); err != nil {
		t.Fatal(err)
	}
	out, said, code := wflow(context.Background(), "info", path)
	if code != 0 || strings.ContainsAny(out, "\x1b\a\u202e") || strings.Contains(out, "\nSHA-256  0") || !strings.Contains(out, "日本") {
		t.Errorf("exit code %d, want 0 and names without what commands a terminal: %q, %q", code, out, said)
	}
}

// gate interrupts what writes a certain text to it, and keeps it until the interruption is heard.
type gate struct {
	at        string
	interrupt func()
	said      bytes.Buffer
}

// Write implements io.Writer.
func (g *gate) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(g.at)) {
		running := runtime.NumGoroutine()
		g.interrupt() // which starts those that end the work
		for runtime.NumGoroutine() > running {
			runtime.Gosched()
		}
	}
	return g.said.Write(b)
}

// A command that reads a weight file ends when it is interrupted, and what it was writing is gone.
func TestInterrupted(t *testing.T) {
	folder := t.TempDir()
	from := filepath.Join(folder, "vae.safetensors")
	n, err := networkNamed("vae")
	if err != nil {
		t.Fatal(err)
	}
	zeros(t, from, n.table)
	for _, c := range []struct {
		at        string // while it reads, reads before it writes, and writes
		arguments []string
	}{
		{"1 %", []string{"info", from}},
		{"1 %", []string{"convert", "--network", "vae", from, filepath.Join(folder, "to")}},
		{"55 %", []string{"convert", "--network", "vae", from, filepath.Join(folder, "to")}},
	} {
		if testing.Short() && c.at != "1 %" {
			continue // it writes 33 MB
		}
		ctx, cancel := context.WithCancel(context.Background())
		var out bytes.Buffer
		g, clock := &gate{at: c.at, interrupt: cancel}, newClock()
		hour := func() time.Time { clock.after(time.Hour); return clock.at } // passes between any two looks: every percent is a line
		code := run(ctx, c.arguments, &out, screen{Writer: g, now: hour})
		said := g.said.String()
		if code != interrupted || out.Len() > 0 || strings.Count(said, c.at) != 1 || strings.Count(said, "\n") > 60 || !strings.HasSuffix(said, "wflow: interrupted\n") {
			t.Errorf("%s at %s: exit code %d, want %d, no report, and where it was interrupted: %s%s", c.arguments[0], c.at, code, interrupted, &out, said)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("%v (error %v) are left, want one thing", left, err)
	}
}

func TestInfoListsTensors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	zeros(t, path, weights.Table{{Name: "in.weight", Shape: []int{2, 3}}, {Name: "in.bias", Shape: []int{2}}})
	out, said, code := wflow(context.Background(), "info", "--tensors", path)
	if code != 0 || !strings.Contains(out, "2 of 8 numbers, F32\n") || !strings.Contains(out, "in.weight F32 [2 3]\n") {
		t.Errorf("exit code %d, want 0 and the two tensors: %s%s", code, out, said)
	}
	config := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(config, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"presets", filepath.Dir(path), config} {
		if _, said, code := wflow(context.Background(), "info", "--tensors", other); code != misused || !strings.Contains(said, "want a weight file") {
			t.Errorf("%s: exit code %d, want %d and that a weight file is wanted: %s", other, code, misused, said)
		}
	}
	if out, _, _ := wflow(context.Background(), "info", path); strings.Contains(out, "in.weight") {
		t.Errorf("want no list of tensors, which was not asked for, in\n%s", out)
	}
}

func TestInfoOfPreset(t *testing.T) {
	out, _, code := wflow(context.Background(), "info", "gen/latent_sota_B_ot_1node")
	if code != 0 || !strings.Contains(out, "132,708,880") {
		t.Errorf("exit code %d, want 0 and 132,708,880 parameters:\n%s", code, out)
	}
	out, _, code = wflow(context.Background(), "info", "--json", "gen/latent_sota_B_ot_1node")
	var r struct {
		Parameters int `json:"parameters"`
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Parameters != 132_708_880 {
		t.Errorf("exit code %d, %v, %d parameters, want 0, none and 132708880:\n%s", code, err, r.Parameters, out)
	}
}

// info says what a training step takes, as computed, and how long a training takes, where others report it. For
// machines it has the same figures.
func TestInfoOfMemory(t *testing.T) {
	for name, want := range map[string][]string{
		"gen/imagenet64": {"computed: 5.2 GB a device: weights, gradients, moments and average 505 MB, encoder 1.4 GB", "; banks 1.0 MB a process",
			"reported: 5.64 hours for 10,000 steps", "computed: 2.03 s a step"},
		"gen/latent_sota_L_ot_8node": {"reported: about 3 days for the whole training on 64 H100"},
		"gen/mnist_pixels":           {"average 41 MB, activations 45 MB, features 21 MB, transport 5.9 MB"},
		"mae/mnist":                  {"a device that takes the whole batch: weights, gradients, moments and average 82 MB, activations"},
	} {
		out, said, code := wflow(context.Background(), "info", name)
		for _, words := range want {
			if code != 0 || !strings.Contains(out, words) {
				t.Errorf("wflow info %s: exit code %d: %s%s, want %q", name, code, out, said, words)
			}
		}
	}
	var r struct {
		Memory preset.Memory
		Times  []preset.Time
	}
	out, _, code := wflow(context.Background(), "info", "--json", "gen/imagenet64")
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Memory.Weights != 4*25_254_916 || len(r.Times) != 2 || r.Times[0].Basis != preset.Reported {
		t.Errorf("exit code %d, %v, %+v, want the memory and two times:\n%s", code, err, r, out)
	}
}

// A file of a released network is recognised, converted under its official names, and refused where it is something else.
func TestConvert(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 335 MB")
	}
	folder := t.TempDir()
	from, to := filepath.Join(folder, "vae.safetensors"), filepath.Join(folder, "official.safetensors")
	n, err := networkNamed("vae")
	if err != nil {
		t.Fatal(err)
	}
	zeros(t, from, n.table)
	out, said, code := wflow(context.Background(), "convert", "--json", from, to)
	var r conversion
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Parameters != 83_653_863 || r.Network != n.what {
		t.Fatalf("exit code %d, %v, want 0, none and the 83653863 parameters of %s: %s%s", code, err, n.what, out, said)
	}
	out, _, _ = wflow(context.Background(), "info", "--json", to)
	var i checkpoint
	if err := json.Unmarshal([]byte(out), &i); err != nil || i.Network != n.what || i.SHA256 != r.ToSHA256 || i.Meta["source_sha256"] != r.FromSHA256 {
		t.Errorf("%v, want none, %s and the checksums %s and %s: %s", err, n.what, r.ToSHA256, r.FromSHA256, out)
	}
	if _, said, code := wflow(context.Background(), "convert", from, to); code != failed || !strings.Contains(said, "--force") {
		t.Errorf("over a file that is there: exit code %d, want %d and --force: %s", code, failed, said)
	}
	if _, said, code := wflow(context.Background(), "convert", "--network", "dit-b", "--force", from, to); code != failed || !strings.Contains(said, "class_embed.weight") || !strings.Contains(said, "248 left over") {
		t.Errorf("of another network: exit code %d, want %d and what differs: %s", code, failed, said)
	}
	other := filepath.Join(folder, "other.safetensors")
	zeros(t, other, n.table[1:])
	if _, said, code := wflow(context.Background(), "convert", other, to+"2"); code != failed || !strings.Contains(said, "the weights of none of") {
		t.Errorf("a tensor is missing: exit code %d, want %d and that it is no known network: %s", code, failed, said)
	}
}
