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
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/toy/stream"
)

// TestMain lets the test binary be its own child: a Prepare that is killed, or that fills its disk.
func TestMain(m *testing.M) {
	if folder := os.Getenv("WFLOW_LATENT_CHILD"); folder != "" {
		const fileTooLarge = syscall.Signal(25) // SIGXFSZ, which Windows has not
		signal.Ignore(fileTooLarge)
		if err := child(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child prepares folder/cache from folder/images and logs the indices of the images it encodes in folder/log.
func child(folder string) error {
	images, err := ReadFolder(filepath.Join(folder, "images"))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	e := cheap
	e.Encode = func(ctx context.Context, crops []byte, noise []float32) ([]float32, error) {
		var line strings.Builder
		for i := 0; i < len(noise); i += numbers {
			fmt.Fprintln(&line, noise[i])
		}
		log.WriteString(line.String())
		return cheap.Encode(ctx, crops, noise)
	}
	return Prepare(context.Background(), filepath.Join(folder, "cache"), images, e, &Settings{Batch: 3, Noise: indexNoise})
}

// indexNoise begins with the index of the image, counted through both splits: train below 100 000.
func indexNoise(s Split, index int, noise []float32) {
	streamNoise(5)(s, index, noise)
	noise[0] = float32(index)
	if s == Val {
		noise[0] += 100_000
	}
}

// cheap is an encoder of means: what it returns depends on every pixel and on the noise.
var cheap = Encoder{SHA256: "cheap", Encode: func(_ context.Context, crops []byte, noise []float32) ([]float32, error) {
	latents := slices.Clone(noise)
	for i, p := range crops {
		n, y, x, c := i/pixels, i/(3*Size)%Size, i/3%Size, i%3
		latents[n*numbers+(y/8*Side+x/8)*Channels+c] += float32(p) / 255
	}
	return latents, nil
}}

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
			t.Errorf("%s: %s differs", what, name)
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

// TestKilled kills a process ten times at random moments: no recorded image is encoded again, and the bytes are those
// of a run that nothing stopped. A long test has 1,000 images.
func TestKilled(t *testing.T) {
	n := 134
	switch {
	case golden.Long():
		n = 667
	case testing.Short():
		n = 40
	}
	total := n + n/2
	root := t.TempDir()
	if err := os.Rename(folder(t, n), filepath.Join(root, "images")); err != nil {
		t.Fatal(err)
	}
	whole, _ := prepare(t, read(t, filepath.Join(root, "images")), Settings{Batch: 3, Noise: indexNoise})
	cache := filepath.Join(root, "cache")
	recorded := func() map[string]bool {
		var p progress
		if err := readJSON(filepath.Join(cache, "shard-0-of-1", progressFile), &p); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		images := map[string]bool{}
		for i := range p.Rows[Train] {
			images[strconv.Itoa(i)] = true
		}
		for i := range p.Rows[Val] {
			images[strconv.Itoa(100_000+i)] = true
		}
		return images
	}
	log := func() []string {
		text, err := os.ReadFile(filepath.Join(root, "log"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(text))
	}
	const kills = 10
	rng, logged := rand.New(rand.NewPCG(1, 2)), 0
	for kill := range kills {
		before := recorded()
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "WFLOW_LATENT_CHILD="+root)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// It lives until about a tenth of the images are done, and a moment more.
		target, deadline := min(len(before)+total/(kills+2), total-6), time.Now().Add(time.Minute)
		for len(recorded()) < target && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rng.IntN(20_000)) * time.Microsecond)
		c.Process.Kill()
		if err := c.Wait(); err == nil || stderr.Len() > 0 {
			t.Fatalf("kill %d: the child ended before: %s", kill, stderr.String())
		}
		lines := log()
		for _, image := range lines[logged:] {
			if before[image] {
				t.Errorf("kill %d: image %s was recorded and is encoded again", kill, image)
			}
		}
		logged = len(lines)
	}
	if err := child(root); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	encoded := len(log()) / 2 // plain and mirrored
	if most := total + kills*3; encoded > most {
		t.Errorf("%d images encoded, want at most %d: a batch of 3 more for each kill", encoded, most)
	}
	t.Logf("%d kills: %d images encoded for %d", kills, encoded, total)
	same(t, "killed", contents(t, cache), contents(t, whole))
}

// TestShards prepares shards in another order than theirs; more of them than batches too.
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
				t.Fatalf("merged without shard %d of %d", i, n)
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
			t.Errorf("a finished cache: %v", err)
		}
		if again, err := Merge(t.Context(), cache, nil); err != nil || again.Train != 10 {
			t.Errorf("a finished cache: %v, %v", again, err)
		}
	}
}

// TestMergeStopped stops the merge of a single shard between two of its renames.
func TestMergeStopped(t *testing.T) {
	images := read(t, folder(t, 6))
	whole, _ := prepare(t, images, Settings{})
	cache := t.TempDir()
	for range 2 {
		if err := Prepare(t.Context(), cache, images, cheap, nil); err != nil {
			t.Fatal(err)
		}
		os.Rename(filepath.Join(cache, "shard-0-of-1", "train_moments.npy"), filepath.Join(cache, "train_moments.npy"))
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "stopped", contents(t, cache), contents(t, whole))
}

// TestMergeKilled merges where a merge was killed, and not where one is on its way.
func TestMergeKilled(t *testing.T) {
	images := read(t, folder(t, 6))
	whole, _ := prepare(t, images, Settings{})
	cache := t.TempDir()
	for i := range 2 {
		if err := Prepare(t.Context(), cache, images, cheap, &Settings{Shard: i, Shards: 2}); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(cache, ".train_moments.npy.0123456789abcdef.tmp"), []byte("half"))
	other, err := hold(flock.New(cache, flock.SetFlag(os.O_RDONLY)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), cache+" is in use") {
		t.Errorf("beside another: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "killed", contents(t, cache), contents(t, whole))
	if left, err := os.ReadDir(cache); err != nil || len(left) != 7 {
		t.Errorf("%v, %v are left", left, err)
	}
}

// TestNoise holds the noise of an image to its formula: images share no number.
func TestNoise(t *testing.T) {
	noise := make([]float32, numbers)
	streamNoise(9)(Val, 3, noise)
	for k, v := range noise {
		if want := float32(stream.New(9, "latent noise val").Normal(uint64(3*4096 + k))); v != want {
			t.Fatalf("number %d is %v, want %v", k, v, want)
		}
	}
}

// TestRows holds every row to what the encoder makes of its own image, whatever the batch.
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
					if err := c.Latent(i, u, got); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got, want) || c.Label(i) != f.Class {
						t.Errorf("batch %d: %s: row %d, u = %v, is not the latent of %s", size, s, i, u, f.Name)
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

// TestCorrupt leaves two images out: the first of train and the last of val.
func TestCorrupt(t *testing.T) {
	root := folder(t, 6)
	before := read(t, root)
	first, last := before.Train[0], before.Val[len(before.Val)-1]
	sound, _ := prepare(t, before, Settings{Batch: 2})
	file, err := os.ReadFile(before.Path(Train, first))
	if err != nil {
		t.Fatal(err)
	}
	write(t, before.Path(Train, first), file[:100])
	write(t, before.Path(Val, last), []byte("GIF89a"))
	images := read(t, root)

	var all []map[string]string
	for _, n := range []int{1, 3} {
		cache := t.TempDir()
		for i := range n {
			s := &Settings{Batch: 2, Shard: i, Shards: n}
			encoded := 0
			e := cheap
			e.Encode = func(ctx context.Context, crops []byte, noise []float32) ([]float32, error) {
				encoded++
				return cheap.Encode(ctx, crops, noise)
			}
			err := Prepare(t.Context(), cache, images, e, s)
			var corrupt *CorruptError
			if i == 0 || i == n-1 {
				if !errors.As(err, &corrupt) {
					t.Fatalf("shard %d of %d: %v, want its corrupt images", i, n, err)
				}
				for _, c := range corrupt.Images {
					if c.File == "train/"+first.Name && strings.Contains(c.Cause, "not enough pixel data") || c.File == "val/"+last.Name && strings.Contains(c.Cause, "GIF") {
						continue
					}
					t.Errorf("shard %d of %d: %v", i, n, c)
				}
				if !strings.Contains(err.Error(), corrupt.Images[0].File) || !strings.Contains(err.Error(), corrupt.Images[0].Cause) {
					t.Errorf("%v does not name its images", err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if _, err := Merge(t.Context(), cache, nil); err == nil {
				t.Fatalf("merged with shard %d of %d not finished", i, n)
			}
			encoded = 0
			s.SkipCorrupt = true
			if err := Prepare(t.Context(), cache, images, e, s); err != nil || encoded > 0 {
				t.Fatalf("shard %d of %d, corrupt images left out: %d batches encoded again: %v", i, n, encoded, err)
			}
		}
		var done, total int64
		m, err := Merge(t.Context(), cache, func(d, n int64) { done, total = d, n })
		if err != nil {
			t.Fatal(err)
		}
		if m.Train != 5 || m.Val != 2 || len(m.Skipped) != 2 || m.Skipped[1].File != "val/"+last.Name {
			t.Errorf("%+v, want 5 of train, 2 of val and 2 skipped", m)
		}
		if done != total || total == 0 {
			t.Errorf("progress of merge ended at %d of %d bytes", done, total)
		}
		if _, err := Verify(t.Context(), cache, func(d, n int64) { done, total = d, n }); err != nil || done != total {
			t.Error(err)
		}
		if err := Prepare(t.Context(), cache, images, cheap, &Settings{Batch: 2, Shards: n}); !errors.As(err, new(*CorruptError)) {
			t.Errorf("a finished cache without its corrupt images: %v", err)
		}
		all = append(all, contents(t, cache))

		// The rows of the others are what they were.
		old, err := Open(sound, Train)
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		new, err := Open(cache, Train)
		if err != nil {
			t.Fatal(err)
		}
		defer new.Close()
		a, b := make([]float32, numbers), make([]float32, numbers)
		for i := range new.Len() {
			for _, u := range []float64{0, 0.5} {
				if err := errors.Join(old.Latent(i+1, u, a), new.Latent(i, u, b)); err != nil || !slices.Equal(a, b) || old.Label(i+1) != new.Label(i) {
					t.Errorf("row %d without the first image is not row %d with it: %v", i, i+1, err)
				}
			}
		}
	}
	same(t, "3 shards with corrupt images", all[1], all[0])
}

// TestRefused goes on with something else than what was begun.
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
		t.Errorf("a cache of somebody else: %v", err)
	}
	if _, err := Merge(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), "no shards") {
		t.Errorf("merge without shards: %v", err)
	}
}

// A manifest is believed only with the files that it describes: shards are not removed for it, and images not left out.
func TestManifestWithoutFiles(t *testing.T) {
	images := read(t, folder(t, 6))
	whole, m := prepare(t, images, Settings{})
	begin := func() string {
		cache := filepath.Join(t.TempDir(), "cache")
		if err := Prepare(t.Context(), cache, images, cheap, nil); err != nil {
			t.Fatal(err)
		}
		return cache
	}
	refused := func(what, cache string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
		if left, _ := shards(cache); len(left) != 1 {
			t.Errorf("%s: shards %v, want the one that was there", what, left)
		}
	}
	cache := begin()
	if err := writeJSON(filepath.Join(cache, manifestFile), m); err != nil {
		t.Fatal(err)
	}
	_, err := Merge(t.Context(), cache, nil)
	refused("another's manifest", cache, err, "but not the files that it describes")
	write(t, filepath.Join(cache, manifestFile), []byte("{}"))
	_, err = Merge(t.Context(), cache, nil)
	refused("an empty manifest", cache, err, "manifest.json is damaged")

	cache = begin()
	other := m.Recipe
	other.Seed++
	err = errors.Join(os.CopyFS(filepath.Join(cache, "whole"), os.DirFS(whole)), writeJSON(filepath.Join(cache, "shard-0-of-1", recipeFile), other))
	for name := range m.Files {
		err = errors.Join(err, os.Rename(filepath.Join(cache, "whole", name), filepath.Join(cache, name)))
	}
	if err := errors.Join(err, writeJSON(filepath.Join(cache, manifestFile), m)); err != nil {
		t.Fatal(err)
	}
	_, err = Merge(t.Context(), cache, nil)
	refused("a shard of another recipe", cache, err, "shard-0-of-1 beside a finished cache: it was begun with seed 1, now 0")

	for what, damage := range map[string]func(path string) error{
		"missing": os.Remove,
		"cut off": func(path string) error { return os.Truncate(path, 100) },
	} {
		cache, _ := prepare(t, images, Settings{})
		if err := damage(filepath.Join(cache, "val_moments.npy")); err != nil {
			t.Fatal(err)
		}
		if err := Prepare(t.Context(), cache, images, cheap, nil); err == nil || !strings.Contains(err.Error(), "val_moments.npy") {
			t.Errorf("%s: Prepare said %v", what, err)
		}
		if _, err := Merge(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), "val_moments.npy") {
			t.Errorf("%s: Merge said %v", what, err)
		}
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
		t.Errorf("a second process: %v", second)
	}
}

// TestFullDisk gives a child less room than it needs, and then enough.
func TestFullDisk(t *testing.T) {
	root := t.TempDir()
	if err := os.Rename(folder(t, 12), filepath.Join(root, "images")); err != nil {
		t.Fatal(err)
	}
	whole, _ := prepare(t, read(t, filepath.Join(root, "images")), Settings{Batch: 3, Noise: indexNoise})
	c := exec.Command("sh", "-c", "ulimit -f 200; exec "+os.Args[0]) // 100 kB: six rows
	c.Env = append(os.Environ(), "WFLOW_LATENT_CHILD="+root)
	text, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "train rows 6 to 8") || !strings.Contains(string(text), "train_moments.npy") {
		t.Fatalf("%v: %s, want the rows and the file that did not fit", err, text)
	}
	if err := child(root); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(root, "cache")
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "full disk", contents(t, cache), contents(t, whole))
}

// TestNoFolder prepares where nothing can be written.
func TestNoFolder(t *testing.T) {
	images := read(t, folder(t, 6))
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	if err := Prepare(t.Context(), filepath.Join(file, "cache"), images, cheap, nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("below a file: %v", err)
	}
	if os.Getuid() == 0 {
		t.Skip("root writes everywhere")
	}
	closed := t.TempDir()
	os.Chmod(closed, 0o500)
	if err := Prepare(t.Context(), filepath.Join(closed, "cache"), images, cheap, nil); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), closed) {
		t.Errorf("a read-only folder: %v", err)
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
		t.Error(err)
	}
	if err := fail(func(_ context.Context, _ []byte, noise []float32) ([]float32, error) { return noise[1:], nil }); err == nil || !strings.Contains(err.Error(), "12287 numbers, want 3 × 4096") {
		t.Error(err)
	}
	if err := fail(func(_ context.Context, _ []byte, noise []float32) ([]float32, error) {
		noise[numbers+7] /= 0
		return noise, nil
	}); err == nil || !strings.Contains(err.Error(), images.Train[1].Name) || !strings.Contains(err.Error(), "number 7") {
		t.Error(err)
	}
	os.Remove(images.Path(Train, images.Train[2]))
	if err := fail(cheap.Encode); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), images.Train[2].Name) {
		t.Error(err)
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
