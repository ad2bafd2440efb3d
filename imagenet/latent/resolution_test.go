package latent

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// At 64 pixels, a row is what the encoder makes of the crop of its image at 64, with noise of its own, in arrays
// [N, 8, 8, 4]; the bytes do not depend on the shards.
func TestResolution(t *testing.T) {
	images := read(t, folder(t, 7))
	e := cheapAt(64)
	whole, row := "", make([]float32, 8*8*4)
	for _, n := range []int{1, 3} {
		cache := filepath.Join(t.TempDir(), "cache")
		for i := range n {
			s := Settings{Seed: 4, Batch: 2, Resolution: 64, Shard: i, Shards: n}
			if err := Prepare(t.Context(), cache, images, e, &s); err != nil {
				t.Fatal(err)
			}
			if list, err := ReadShards(cache); err != nil || len(list) != i+1 || list[i].Resolution != 64 {
				t.Errorf("shards %+v, error %v, want the last of resolution 64", list, err)
			}
		}
		if m, err := Merge(t.Context(), cache, nil); err != nil || m.Resolution != 64 {
			t.Fatalf("%+v, error %v, want a manifest of resolution 64", m, err)
		}
		if _, err := Verify(t.Context(), cache, nil); err != nil {
			t.Error(err)
		}
		if n == 1 {
			whole = cache
			continue
		}
		same(t, fmt.Sprint(n, " shards"), contents(t, cache), contents(t, whole))
	}
	file, err := os.ReadFile(filepath.Join(whole, "train_moments.npy"))
	if err != nil || len(file) != 128+7*4*8*8*4 || !bytes.Contains(file[:128], []byte("'shape': (7, 8, 8, 4), }")) {
		t.Errorf("%d bytes, header %q, error %v, want an array (7, 8, 8, 4)", len(file), file[:128], err)
	}
	for _, s := range splits {
		c, err := Open(whole, s)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.Side() != 8 {
			t.Fatalf("side %d, want 8", c.Side())
		}
		for i, f := range images.Files(s) {
			m, err := ReadImage(images.Path(s, f))
			if err != nil {
				t.Fatal(err)
			}
			noise := make([]float32, len(row))
			for k := range noise {
				noise[k] = float32(stream.New(4, "latent noise "+string(s)).Normal(uint64(i*256 + k)))
			}
			m = m.Crop(64)
			for u, m := range map[float64]*Image{0: m, 0.5: m.Mirror()} {
				want, _ := e.Encode(t.Context(), m.Pix, noise)
				if err := c.Read(i, u, row); err != nil || !slices.Equal(row, want) {
					t.Errorf("%s: row %d, u = %v, error %v: want the latent of %s", s, i, u, err, f.Name)
				}
			}
		}
		if samples, err := c.Sample(2); err != nil || len(samples) != 2 || samples[0].Rows != 2 {
			t.Errorf("%+v, error %v, want samples of two rows", samples, err)
		}
	}
}

// A cache that was begun at one resolution is not gone on with at another, and what does not fit its resolution is named.
func TestResolutionRefused(t *testing.T) {
	images := read(t, folder(t, 6))
	prepared := func(resolution int, finish bool) string {
		cache := filepath.Join(t.TempDir(), "cache")
		if err := Prepare(t.Context(), cache, images, cheapAt(max(resolution, 8)), &Settings{Resolution: resolution, Batch: 8}); err != nil {
			t.Fatal(err)
		}
		if finish {
			if _, err := Merge(t.Context(), cache, nil); err != nil {
				t.Fatal(err)
			}
		}
		return cache
	}
	refused := func(what string, err error, want ...string) {
		t.Helper()
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v, want %q", what, err, w)
			}
		}
	}
	for _, finish := range []bool{false, true} {
		for before, now := range map[int]int{16: 256, 256: 16} {
			cache := prepared(before, finish)
			err := Prepare(t.Context(), cache, images, cheapAt(now), &Settings{Resolution: now})
			refused(fmt.Sprintf("finished %v", finish), err, fmt.Sprintf("it was begun with resolution %d, now %d: use another folder", before, now))
			if err := Prepare(t.Context(), cache, images, cheapAt(before), &Settings{Resolution: before}); err != nil {
				t.Errorf("finished %v, gone on with at its resolution: %v, want no error", finish, err)
			}
		}
	}
	for _, n := range []int{-64, 4, 7, 100, 4104, 1 << 40} {
		err := Prepare(t.Context(), t.TempDir(), images, cheap, &Settings{Resolution: n})
		refused(fmt.Sprint(n), err, fmt.Sprintf("latent: resolution %d, want a multiple of 8 from 8 to 4096", n))
		_, err = CheckShard(t.Context(), t.TempDir(), images, &Settings{Resolution: n}, nil)
		refused(fmt.Sprint("check ", n), err, "want a multiple of 8")
	}

	// The arrays of a finished cache and its manifest belong together, and so do those of a shard and its recipe.
	cache := prepared(16, true)
	m, err := ReadManifest(cache)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []int{0, 24} {
		m.Resolution = of
		if err := writeJSON(filepath.Join(cache, manifestFile), m); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("train_moments.npy: shape [6 2 2 4], want [6 %d %[1]d 4]", m.Side())
		_, err = Verify(t.Context(), cache, nil)
		refused("a manifest of another resolution", err, want)
		_, err = Merge(t.Context(), cache, nil)
		refused("a manifest of another resolution", err, want)
	}
	m.Resolution = 12
	if err := writeJSON(filepath.Join(cache, manifestFile), m); err != nil {
		t.Fatal(err)
	}
	_, err = ReadManifest(cache)
	refused("an impossible manifest", err, "manifest.json is damaged: resolution 12, want a multiple of 8")

	for of, want := range map[int]string{0: "shape [6 2 2 4], want [6 32 32 4]", 12: "recipe.json is damaged: resolution 12"} {
		cache := prepared(16, false)
		r, err := readRecipe(filepath.Join(cache, "shard-0-of-1"))
		if err != nil {
			t.Fatal(err)
		}
		r.Resolution = of
		if err := writeJSON(filepath.Join(cache, "shard-0-of-1", recipeFile), r); err != nil {
			t.Fatal(err)
		}
		_, err = Merge(t.Context(), cache, nil)
		refused("a recipe of another resolution", err, want)
	}
}

// Arrays of latents are square, with a side that the autoencoder makes of an image that it takes.
func TestLatentsOfAnySide(t *testing.T) {
	for _, c := range []struct {
		shape []int
		side  int // 0: refused
	}{
		{[]int{3, 8, 8, 4}, 8}, {[]int{0, 32, 32, 4}, 32}, {[]int{1, 1, 1, 4}, 1}, {[]int{0, 512, 512, 4}, 512},
		{[]int{0, 513, 513, 4}, 0}, {[]int{0, 1 << 31, 1 << 31, 4}, 0}, {[]int{3, 0, 0, 4}, 0}, {[]int{3, 8, 4, 4}, 0},
		{[]int{3, 8, 8, 3}, 0}, {[]int{3, 256}, 0}, {[]int{3}, 0}, {[]int{}, 0},
	} {
		size := 4
		for _, d := range c.shape {
			size *= min(d, 1000) // of those that are refused, no file is as long
		}
		file := append(npyHeader(float32s, c.shape), make([]byte, size)...)
		a, err := readArray(bytes.NewReader(file), int64(len(file)), parts[0])
		switch {
		case c.side > 0 && (err != nil || a.side != c.side || a.rows != c.shape[0]):
			t.Errorf("%v: %+v, error %v, want latents of side %d", c.shape, a, err, c.side)
		case c.side == 0 && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("shape %v, want \"<f4\" in C order, shape [N S S 4] with S from 1 to 512", c.shape))):
			t.Errorf("%v: error %v, want one that names both shapes", c.shape, err)
		}
	}
}

// Shards of two resolutions make no cache.
func TestMergeOfTwoResolutions(t *testing.T) {
	images, cache := read(t, folder(t, 6)), t.TempDir()
	for i, resolution := range []int{16, 24} {
		other := t.TempDir()
		if err := Prepare(t.Context(), other, images, cheapAt(resolution), &Settings{Resolution: resolution, Batch: 2, Shard: i, Shards: 2}); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf(shardFormat, i, 2)
		if err := os.Rename(filepath.Join(other, name), filepath.Join(cache, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Merge(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), "shard 1/2: it was begun with resolution 24, now 16") {
		t.Errorf("error %v, want one that names both resolutions", err)
	}
}

// A cache from before there were other resolutions does not name its own. It is one of 256, begun or finished, and stays as it
// is.
func TestCacheWithoutResolution(t *testing.T) {
	images := read(t, folder(t, 6))
	older := func(path string) {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		without := bytes.Replace(text, []byte(",\n  \"resolution\": 256"), nil, 1)
		if len(without) == len(text) {
			t.Fatalf("%s says nothing of its resolution: %s", path, text)
		}
		write(t, path, without)
	}
	whole, _ := prepare(t, images, Settings{Batch: 2})
	older(filepath.Join(whole, manifestFile))
	before := contents(t, whole)
	s := &Settings{Batch: 2, Resolution: 256}
	if err := Prepare(t.Context(), whole, images, cheap, s); err != nil {
		t.Error(err)
	}
	if m, err := Merge(t.Context(), whole, nil); err != nil || m.Resolution != 0 {
		t.Errorf("%+v, error %v, want the manifest as it is", m, err)
	}
	if _, err := Verify(t.Context(), whole, nil); err != nil {
		t.Error(err)
	}
	same(t, "a finished cache", contents(t, whole), before)

	cache := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.Progress = func(done, _ int) {
		if done > 0 {
			cancel()
		}
	}
	if err := Prepare(ctx, cache, images, cheap, s); err == nil {
		t.Fatal("not interrupted")
	}
	older(filepath.Join(cache, "shard-0-of-1", recipeFile))
	s.Progress = nil
	if err := Prepare(t.Context(), cache, images, cheap, s); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "a cache that was begun before", contents(t, cache), before)
}
