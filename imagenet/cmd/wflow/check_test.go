package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// damagedPhotographs makes a folder of images of which three cannot be read.
func damagedPhotographs(t *testing.T) string {
	t.Helper()
	return write(t, photograph(t, filepath.Join(t.TempDir(), "images")).Root, map[string]string{
		"train/cat/3.jpg":  "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
		"train/dog/2.jpeg": "BM6$\x00\x00",
		"val/cat/2.JPEG":   "BM6$\x00\x00",
		"val/cat/._1.png":  "\x00\x05\x16\x07",
	})
}

func TestDataCheck(t *testing.T) {
	whole := photograph(t, filepath.Join(t.TempDir(), "images")).Root
	out, said, code := wflow(context.Background(), "data", "check", whole)
	if code != 0 || !strings.Contains(out, "all 5 images can be read") || !strings.Contains(out, "PNG image: 5") {
		t.Errorf("exit code %d, want 0 and that all 5 PNG images can be read: %s%s", code, out, said)
	}
	folder := damagedPhotographs(t)
	out, said, code = wflow(context.Background(), "data", "check", folder)
	for _, want := range []string{
		"classes         2, cat to dog\n", "BMP image: 2\n", "neither PNG nor JPEG: a BMP image: 2\n", "neither PNG nor JPEG: a Git LFS pointer, not the file it stands for: 1\n",
		"train/cat/3.jpg: neither PNG nor JPEG: a Git LFS pointer, not the file it stands for: git lfs pull\n", "train/dog/2.jpeg: ", "val/cat/2.JPEG: ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s, want %q", out, want)
		}
	}
	if code != failed || !strings.HasPrefix(said, "left out: what other programs keep among the images, 1 in all: 1 ._*\n") || !strings.Contains(said, "wflow: 3 of 8 images cannot be read: ") {
		t.Errorf("exit code %d, want %d, what was left out, and that 3 of 8 images cannot be read: %s", code, failed, said)
	}
	out, _, code = wflow(context.Background(), "data", "check", "--json", folder)
	var r struct {
		Kind    string
		Images  int
		Causes  map[string]int
		Formats map[string]int
		Corrupt []struct{ File, Kind, Cause string }
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != failed || r.Kind != "check" || r.Images != 8 || len(r.Corrupt) != 3 || r.Causes["neither PNG nor JPEG: a BMP image"] != 2 || r.Formats["a PNG image"] != 5 {
		t.Errorf("exit code %d, %v, want %d and a report of 8 images, 3 of them corrupt: %s", code, err, failed, out)
	}
	if _, said, code := wflow(context.Background(), "data", "check", filepath.Join(folder, "tran")); code != failed || !strings.Contains(said, "there is no such file or folder: did you mean") {
		t.Errorf("exit code %d, want %d and which folder may be meant: %s", code, failed, said)
	}
}

// prepare names what cannot be read before it encodes, and begins nothing.
func TestPrepareChecks(t *testing.T) {
	n, err := networkNamed("vae")
	if err != nil {
		t.Fatal(err)
	}
	weights, folder, cache := filepath.Join(t.TempDir(), "vae.safetensors"), damagedPhotographs(t), filepath.Join(t.TempDir(), "cache")
	zeros(t, weights, n.table)
	for range 2 {
		_, said, code := wflow(context.Background(), "data", "prepare", folder, cache, "--vae", weights, "--shard", "0/2", "--batch", "3")
		if code != failed || !strings.Contains(said, "1 image cannot be read") || !strings.Contains(said, "train/cat/3.jpg: ") || !strings.Contains(said, "wflow data check "+folder+" lists those of all shards") {
			t.Fatalf("exit code %d, want %d, the image that cannot be read, and how to find all: %s", code, failed, said)
		}
		entries, err := os.ReadDir(cache)
		if err != nil || len(entries) != 1 || entries[0].Name() != "check-0-of-2.json" {
			t.Errorf("%v (error %v), want check-0-of-2.json alone", entries, err)
		}
	}
}
