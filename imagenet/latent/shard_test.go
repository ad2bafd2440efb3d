package latent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// indexNoise begins with the index of the image, counted through both splits: train below 100 000.
func indexNoise(s Split, index int, noise []float32) {
	streamNoise(5)(s, index, noise)
	noise[0] = float32(index)
	if s == Val {
		noise[0] += 100_000
	}
}

// numbers is how many numbers a latent of the side Side has.
const numbers = Side * Side * Channels

// cheap is an encoder of means: what it returns depends on every pixel and on the noise.
var cheap = cheapAt(Size)

// cheapAt is the encoder cheap for crops of another resolution.
func cheapAt(size int) Encoder {
	return Encoder{SHA256: "cheap", Encode: func(_ context.Context, crops []byte, noise []float32) ([]float32, error) {
		latents, side := slices.Clone(noise), size/8
		for i, p := range crops {
			n, y, x, c := i/(3*size*size), i/(3*size)%size, i/3%size, i%3
			latents[n*side*side*4+(y/8*side+x/8)*4+c] += float32(p) / 255
		}
		return latents, nil
	}}
}

// folder writes n images of train and half as many of val, in three classes.
func folder(t testing.TB, n int) string {
	t.Helper()
	root := t.TempDir()
	for i := range n + n/2 {
		split := "train"
		if i >= n {
			split = "val"
		}
		m := noise(fmt.Sprint("latent/folder/", i), 20+i%7, 30-i%5)
		picture := image.NewRGBA(image.Rect(0, 0, m.Width, m.Height))
		for y := range m.Height {
			for x := range m.Width {
				p := m.row(y)[3*x:]
				picture.SetRGBA(x, y, color.RGBA{p[0], p[1], p[2], 255})
			}
		}
		var file bytes.Buffer
		if err := png.Encode(&file, picture); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, split, fmt.Sprintf("n%08d", 7*(i%3)), fmt.Sprintf("%04d.png", i)), file.Bytes())
	}
	return root
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, root string) *Folder {
	t.Helper()
	f, err := ReadFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// contents returns the files of a finished cache, which has no others.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = sum(data)
	}
	if len(files) != 7 {
		t.Fatalf("%s holds %d files, want six arrays and a manifest: %v", folder, len(files), files)
	}
	return files
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s differs, want the same bytes", what, name)
		}
	}
}

// prepare makes a cache in one go.
func prepare(t *testing.T, images *Folder, s Settings) (folder string, m *Manifest) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "cache")
	if err := Prepare(t.Context(), folder, images, cheap, &s); err != nil {
		t.Fatal(err)
	}
	m, err := Merge(t.Context(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	return folder, m
}

// TestShards prepares shards in another order than their own, and also more shards than there are batches.
func TestShards(t *testing.T) {
	images := read(t, folder(t, 10))
	whole, m := prepare(t, images, Settings{Batch: 2})
	if m.Train != 10 || m.Val != 5 || len(m.Classes) != 3 {
		t.Errorf("%d of train, %d of val, %d classes, want 10, 5, 3", m.Train, m.Val, len(m.Classes))
	}
	for _, n := range []int{2, 3, 11} {
		cache := t.TempDir()
		for i := n - 1; i >= 0; i-- {
			if _, err := Merge(t.Context(), cache, nil); err == nil {
				t.Fatalf("merged without shard %d of %d, want an error", i, n)
			}
			if err := Prepare(t.Context(), cache, images, cheap, &Settings{Batch: 2, Shard: i, Shards: n}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Merge(t.Context(), cache, nil); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("%d shards", n), contents(t, cache), contents(t, whole))
		if err := Prepare(t.Context(), cache, images, cheap, &Settings{Batch: 2, Shard: 1, Shards: n}); err != nil {
			t.Errorf("a finished cache: %v, want no error", err)
		}
		if again, err := Merge(t.Context(), cache, nil); err != nil || again.Train != 10 {
			t.Errorf("a finished cache: %v, error %v, want 10 images of train and none", again, err)
		}
	}
}

// TestNoise: the noise of an image is that of the formula, and no two images share a number.
func TestNoise(t *testing.T) {
	noise := make([]float32, numbers)
	streamNoise(9)(Val, 3, noise)
	for k, v := range noise {
		if want := float32(stream.New(9, "latent noise val").Normal(uint64(3*4096 + k))); v != want {
			t.Fatalf("number %d is %v, want %v", k, v, want)
		}
	}
}

// TestRows: every row is what the encoder makes of its own image, whatever the batch size.
func TestRows(t *testing.T) {
	images := read(t, folder(t, 7))
	for _, size := range []int{1, 4, 100} {
		cache, m := prepare(t, images, Settings{Batch: size, Seed: 3})
		if m.Seed != 3 || m.Batch != size {
			t.Errorf("the manifest has seed %d and batch %d, want 3 and %d", m.Seed, m.Batch, size)
		}
		for _, s := range splits {
			c, err := Open(cache, s)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.Len() != len(images.Files(s)) {
				t.Fatalf("%s: %d rows, want %d", s, c.Len(), len(images.Files(s)))
			}
			noise, got := make([]float32, numbers), make([]float32, numbers)
			for i, f := range images.Files(s) {
				m, err := ReadImage(images.Path(s, f))
				if err != nil {
					t.Fatal(err)
				}
				m = m.Crop(Size)
				streamNoise(3)(s, i, noise)
				for u, m := range map[float64]*Image{0: m, 0.4999: m, 0.5: m.Mirror(), 0.9999: m.Mirror()} {
					want, _ := cheap.Encode(t.Context(), m.Pix, noise)
					if err := c.Read(i, u, got); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got, want) || c.Label(i) != f.Class {
						t.Errorf("batch %d: %s: row %d, u = %v, want the latent of %s and its class %d, not %d", size, s, i, u, f.Name, f.Class, c.Label(i))
					}
				}
			}
		}
	}
}

// TestCancel stops at every batch, by the context, and goes on.
func TestCancel(t *testing.T) {
	images := read(t, folder(t, 8))
	whole, _ := prepare(t, images, Settings{Batch: 3})
	cache, runs := t.TempDir(), 0
	for first := 0; ; runs++ {
		ctx, cancel := context.WithCancel(t.Context())
		seen := 0
		err := Prepare(ctx, cache, images, cheap, &Settings{Batch: 3, Progress: func(done, total int) {
			if total != 12 || seen == 0 && done != first {
				t.Errorf("progress %d of %d, want %d of 12 at first", done, total, first)
			}
			if seen++; seen == 2 {
				first = done
				cancel()
			}
		}})
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || runs > 9 {
			t.Fatal(err)
		}
	}
	if runs != 5 { // 3 + 3 + 2 of train, 3 + 1 of val: the last call has the last batch behind it
		t.Errorf("stopped %d times, want 5", runs)
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "stopped", contents(t, cache), contents(t, whole))
}

// TestRefused goes on with another recipe than the one that was begun with.
func TestRefused(t *testing.T) {
	root := folder(t, 6)
	images := read(t, root)
	other := cheap
	other.SHA256 = "another"
	begun := func(t *testing.T, finish bool) string {
		cache := filepath.Join(t.TempDir(), "cache")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := &Settings{Batch: 2, Progress: func(done, _ int) {
			if done > 0 && !finish {
				cancel()
			}
		}}
		if err := Prepare(ctx, cache, images, cheap, s); (err == nil) != finish {
			t.Fatal(err)
		}
		if finish {
			if _, err := Merge(t.Context(), cache, nil); err != nil {
				t.Fatal(err)
			}
		}
		return cache
	}
	write(t, filepath.Join(root, "train", "n00000000", "more.png"), []byte("more"))
	more := read(t, root)
	renamed := *images
	renamed.Classes = []string{"a", "b", "c"}
	for name, c := range map[string]struct {
		images   *Folder
		e        Encoder
		settings Settings
		want     string
	}{
		"images":          {more, cheap, Settings{Batch: 2}, "images"},
		"classes":         {&renamed, cheap, Settings{Batch: 2}, "classes"},
		"encoder":         {images, other, Settings{Batch: 2}, "an encoder of checksum cheap, now another"},
		"seed":            {images, cheap, Settings{Batch: 2, Seed: 1}, "seed 0, now 1"},
		"batch":           {images, cheap, Settings{}, "batch 2, now 8"},
		"shards":          {images, cheap, Settings{Batch: 2, Shards: 2}, "1 shards, now 2"},
		"shard":           {images, cheap, Settings{Shard: 1}, "shard 1 of"},
		"shards too many": {images, cheap, Settings{Shard: math.MaxInt/2 - 1, Shards: math.MaxInt / 2}, "shards ≤ 1000000"},
		"negative batch":  {images, cheap, Settings{Batch: -1}, "batch -1"},
	} {
		for _, finish := range []bool{false, true} {
			err := Prepare(t.Context(), begun(t, finish), c.images, c.e, &c.settings)
			if name == "shards" && finish {
				continue // how it was divided does not matter any more
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, finished %v: %v, want %q", name, finish, err, c.want)
			}
		}
	}

	for name, damage := range map[string]func(shard string){
		"train_moments.npy: truncated": func(shard string) { os.Truncate(filepath.Join(shard, "train_moments.npy"), 200) },
		"progress.json: not JSON":      func(shard string) { write(t, filepath.Join(shard, progressFile), []byte("{")) },
		"progress.json: unknown key":   func(shard string) { write(t, filepath.Join(shard, progressFile), []byte(`{"rows": {}, "more": 1}`)) },
		"progress.json: too many":      func(shard string) { write(t, filepath.Join(shard, progressFile), []byte(`{"batches": 99}`)) },
		"progress.json: negative":      func(shard string) { write(t, filepath.Join(shard, progressFile), []byte(`{"batches": -1}`)) },
		"progress.json: other rows": func(shard string) {
			write(t, filepath.Join(shard, progressFile), []byte(`{"batches": 1, "rows": {"train": 1}}`))
		},
		"progress.json: negative split": func(shard string) {
			write(t, filepath.Join(shard, progressFile), []byte(`{"batches": 1, "rows": {"train": -1, "val": 3}}`))
		},
		"recipe.json: empty": func(shard string) { write(t, filepath.Join(shard, recipeFile), nil) },
	} {
		cache := begun(t, false)
		damage(filepath.Join(cache, "shard-0-of-1"))
		file, _, _ := strings.Cut(name, ":")
		if err := Prepare(t.Context(), cache, images, cheap, &Settings{Batch: 2}); err == nil || !strings.Contains(err.Error(), file+" is damaged") {
			t.Errorf("%s: %v, want %q", name, err, file+" is damaged")
		}
	}

	cache := begun(t, true)
	os.Remove(filepath.Join(cache, manifestFile))
	if err := Prepare(t.Context(), cache, images, cheap, nil); err == nil || !strings.Contains(err.Error(), "holds train_moments.npy") {
		t.Errorf("a cache of somebody else: error %v, want that it holds train_moments.npy", err)
	}
	if _, err := Merge(t.Context(), cache, nil); !errors.Is(err, ErrNoShards) {
		t.Errorf("merge without shards: error %v, want %v", err, ErrNoShards)
	}
}

// TestInUse runs two calls on one shard.
func TestInUse(t *testing.T) {
	images, cache := read(t, folder(t, 6)), t.TempDir()
	var second error
	err := Prepare(t.Context(), cache, images, cheap, &Settings{Batch: 4, Progress: func(done, _ int) {
		if done == 0 {
			second = Prepare(t.Context(), cache, images, cheap, &Settings{Batch: 4})
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if second == nil || !strings.Contains(second.Error(), "in use") {
		t.Errorf("a second process: error %v, want that the shard is in use", second)
	}
}

// TestNoFolder prepares where nothing can be written.
func TestNoFolder(t *testing.T) {
	images := read(t, folder(t, 6))
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	if err := Prepare(t.Context(), filepath.Join(file, "cache"), images, cheap, nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("below a file: error %v, want one that names %s", err, file)
	}
	if os.Getuid() == 0 {
		t.Skip("root writes everywhere")
	}
	closed := t.TempDir()
	os.Chmod(closed, 0o500)
	if err := Prepare(t.Context(), filepath.Join(closed, "cache"), images, cheap, nil); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), closed) {
		t.Errorf("a read-only folder: error %v, want %v of %s", err, os.ErrPermission, closed)
	}
}

// TestEncoder fails in the encoder, and at an image that has gone.
func TestEncoder(t *testing.T) {
	root := folder(t, 6)
	images := read(t, root)
	fail := func(encode func(ctx context.Context, crops []byte, noise []float32) ([]float32, error)) error {
		return Prepare(t.Context(), t.TempDir(), images, Encoder{Encode: encode}, &Settings{Batch: 3})
	}
	if err := fail(func(context.Context, []byte, []float32) ([]float32, error) { return nil, errors.New("no memory") }); err == nil || !strings.Contains(err.Error(), "train images 0 to 2: no memory") {
		t.Errorf("error %v, want one that names train images 0 to 2", err)
	}
	if err := fail(func(_ context.Context, _ []byte, noise []float32) ([]float32, error) { return noise[1:], nil }); err == nil || !strings.Contains(err.Error(), "12287 numbers, want 3 × 4096") {
		t.Errorf("error %v, want one that names 3 × 4096 numbers", err)
	}
	if err := fail(func(_ context.Context, _ []byte, noise []float32) ([]float32, error) {
		noise[numbers+7] /= 0
		return noise, nil
	}); err == nil || !strings.Contains(err.Error(), images.Train[1].Name) || !strings.Contains(err.Error(), "number 7") {
		t.Errorf("error %v, want one that names the number that is not finite", err)
	}
	os.Remove(images.Path(Train, images.Train[2]))
	if err := fail(cheap.Encode); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), images.Train[2].Name) {
		t.Errorf("error %v, want %v of %s", err, os.ErrNotExist, images.Train[2].Name)
	}
}

func BenchmarkPrepare(b *testing.B) {
	images := read(b, folder(b, 40))
	e := Encoder{Encode: func(_ context.Context, _ []byte, noise []float32) ([]float32, error) { return noise, nil }}
	for b.Loop() {
		if err := Prepare(b.Context(), b.TempDir(), images, e, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(60*float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
