package latent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// damages are ten ways in which a file is no image, with the kind of cause of each.
func damages(photograph, drawing []byte) map[string][]byte {
	flipped := slices.Clone(drawing)
	flipped[len(flipped)/2] ^= 1
	return map[string][]byte{
		"an empty file":                      nil,
		"cut off":                            photograph[:len(photograph)/2],
		"damaged PNG":                        flipped,
		"neither PNG nor JPEG: a BMP image":  append([]byte("BM6$\x00\x00"), make([]byte, 99)...),
		"neither PNG nor JPEG: a GIF image":  []byte("GIF89a\x01\x00\x01\x00"),
		"neither PNG nor JPEG: a WebP image": []byte("RIFF\x24\x00\x00\x00WEBPVP8 "),
		"neither PNG nor JPEG: a TIFF image": []byte("II*\x00\x08\x00\x00\x00"),
		"neither PNG nor JPEG: a HEIC image": []byte("\x00\x00\x00\x18ftypheic"),
		"neither PNG nor JPEG: an HTML page, perhaps a server's error or login page": []byte("<!DOCTYPE html><html><body>404"),
		"neither PNG nor JPEG: a Git LFS pointer, not the file it stands for":        []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
	}
}

// manyImages writes a folder of n small images, a third of them in val, and damages five in each way. It returns the kind of
// cause of those that are damaged, by name.
func manyImages(t testing.TB, n int) (root string, damaged map[string]string) {
	t.Helper()
	root = t.TempDir()
	var photograph, drawing bytes.Buffer
	picture := image.NewGray(image.Rect(0, 0, 24, 20))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i * i)
	}
	if err := errors.Join(jpeg.Encode(&photograph, picture, nil), png.Encode(&drawing, picture)); err != nil {
		t.Fatal(err)
	}
	name := func(i int) string {
		split, ending := "train", "JPEG"
		if i%3 == 2 {
			split = "val"
		}
		if i%10 == 7 {
			ending = "png"
		}
		return fmt.Sprintf("%s/n%08d/%05d.%s", split, i/3%20, i, ending)
	}
	for i := range n {
		data := photograph.Bytes()
		if i%10 == 7 {
			data = drawing.Bytes()
		}
		write(t, filepath.Join(root, filepath.FromSlash(name(i))), data)
	}
	damaged = map[string]string{}
	rng := rand.New(rand.NewPCG(3, 4)).Perm(n)
	ways := damages(photograph.Bytes(), drawing.Bytes())
	for k, kind := range slices.Sorted(maps.Keys(ways)) {
		for _, i := range rng[5*k : 5*k+5] {
			write(t, filepath.Join(root, filepath.FromSlash(name(i))), ways[kind])
			damaged[name(i)] = kind
		}
	}
	return root, damaged
}

// Of 10,000 images every damaged one is named with its cause, before anything is encoded, and once.
func TestCheck(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 600
	}
	root, damaged := manyImages(t, n)
	images := read(t, root)
	seen, begin := -1, time.Now()
	h, err := images.Check(t.Context(), func(done, total int) {
		if seen++; done != seen || total != n {
			t.Errorf("progress %d of %d, want %d of %d", done, total, seen, n)
		}
	})
	if err != nil || h.Images != n || len(h.Corrupt) != 50 || len(h.Closed)+len(h.Mended) > 0 || seen != n {
		t.Fatalf("%+v, %v, want %d images and 50 corrupt", h, err, n)
	}
	t.Logf("%d images in %v", n, time.Since(begin).Round(time.Millisecond))
	last := ""
	for _, c := range h.Corrupt {
		if damaged[c.File] != c.Kind || !strings.HasPrefix(c.Cause, c.Kind) {
			t.Errorf("%+v, want %q", c, damaged[c.File])
		}
		if c.File <= last {
			t.Errorf("%s comes after %s, want them in order", c.File, last)
		}
		last = c.File
	}
	for kind, count := range h.Causes() {
		if count != 5 {
			t.Errorf("%d are %s, want 5", count, kind)
		}
	}
	if got := h.Formats["a BMP image"]; got != 5 || h.Formats["a JPEG image"]+h.Formats["a PNG image"] < n-45 {
		t.Errorf("formats %v, want 5 BMP images and %d or more of JPEG and PNG", h.Formats, n-45)
	}
	if text := (&CorruptError{h.Corrupt}).Error(); !strings.Contains(text, "50 images cannot be read: 5 an empty file, 5 cut off, ") || strings.Count(text, "\n") != 50 {
		t.Errorf("want 50 images with their causes in\n%s", text)
	}
}

// A shard checks its own images. The second time it looks only at those that had a fault.
func TestCheckShard(t *testing.T) {
	root := folder(t, 12)
	images := read(t, root)
	whole, _ := prepare(t, images, Settings{Batch: 2})
	first, last := images.Path(Train, images.Train[1]), images.Path(Val, images.Val[5])
	sound, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	broken := slices.Clone(sound)
	broken[len(broken)/2] ^= 1
	write(t, first, broken)
	write(t, last, nil)
	images = read(t, root)
	cache := filepath.Join(t.TempDir(), "cache")
	check := func(shard int) (h *Health, looked int) {
		t.Helper()
		h, err := CheckShard(t.Context(), cache, images, &Settings{Batch: 2, Shard: shard, Shards: 2}, func(done, _ int) { looked = done })
		if err != nil {
			t.Fatal(err)
		}
		return h, looked
	}
	for shard, want := range []string{"train/" + images.Train[1].Name, "val/" + images.Val[5].Name} {
		for _, look := range []int{imagesOf(shard), 1, 1} {
			h, looked := check(shard)
			if h.Images != imagesOf(shard) || looked != look || len(h.Corrupt) != 1 || h.Corrupt[0].File != want || h.Formats["a PNG image"] < 7 {
				t.Errorf("shard %d: %d of %d looked at, %+v, want %d and %s", shard, looked, h.Images, h, look, want)
			}
		}
	}
	if there, err := ReadShards(cache); err != nil || len(there) > 0 {
		t.Errorf("a check has begun the shards %v (error %v), want none", there, err)
	}
	write(t, first, sound) // of the same size
	if h, looked := check(0); looked != 1 || len(h.Corrupt) != 0 {
		t.Errorf("mended: %d looked at, want 1, and %+v, want none corrupt", looked, h)
	}
	if _, looked := check(0); looked != 0 {
		t.Errorf("sound: %d looked at, want none", looked)
	}
	write(t, filepath.Join(cache, "check-0-of-2.json"), []byte(`{"images":"`+images.SHA256()+`","batch":2,"health":null}`))
	if _, looked := check(0); looked != imagesOf(0) {
		t.Errorf("a damaged record: %d looked at, want all", looked)
	}
	for shard := range 2 {
		if err := Prepare(t.Context(), cache, images, cheap, &Settings{Batch: 2, Shard: shard, Shards: 2, SkipCorrupt: true}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Merge(t.Context(), cache, nil)
	if err != nil || m.Train != 12 || m.Val != 5 {
		t.Fatalf("%+v, error %v, want 12 and 5 images and none", m, err)
	}
	if len(contents(t, cache)) != len(contents(t, whole)) {
		t.Errorf("%d files, want %d without the check", len(contents(t, cache)), len(contents(t, whole)))
	}
}

// imagesOf returns how many of 18 images in batches of two a shard of two has.
func imagesOf(shard int) int { return []int{8, 10}[shard] }

// An image that cannot be opened is told apart from one that is damaged. In a split without folders of classes, an image is
// named by where it lies.
func TestCheckPlaces(t *testing.T) {
	classes := folder(t, 6)
	root := flat(t, classes, "", filepath.Join("val", "images"), func(root string, of map[string]string) { solution(t, filepath.Join(root, kaggle), of) })
	images := read(t, root)
	gone, cut := filepath.Base(images.Val[0].Name), filepath.Base(images.Val[1].Name)
	if err := os.Remove(filepath.Join(root, "val", "images", gone)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "val", "images", cut), []byte("x"))
	h, err := images.Check(t.Context(), nil)
	if err != nil || len(h.Closed) != 1 || len(h.Corrupt) != 1 || h.Closed[0].File != "val/images/"+gone || h.Corrupt[0].File != "val/images/"+cut {
		t.Errorf("%+v, error %v, want %s closed and %s corrupt", h, err, gone, cut)
	}
	if got := h.Causes(); got["not readable"] != 1 || len(got) != 2 {
		t.Errorf("causes %v, want two, one of them not readable", got)
	}
	text, err := json.Marshal(h)
	if err != nil || !bytes.Contains(text, []byte(`"mended":[]`)) {
		t.Errorf("%s, error %v, want an empty list of mended images", text, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := images.Check(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// BenchmarkCheck checks 10,000 small files, 50 of them damaged in ten ways.
func BenchmarkCheck(b *testing.B) {
	const n = 10_000
	root, _ := manyImages(b, n)
	images := read(b, root)
	for b.Loop() {
		if h, err := images.Check(b.Context(), nil); err != nil || len(h.Corrupt) != 50 {
			b.Fatal(h, err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
