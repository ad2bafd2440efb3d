package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// write makes files below a folder, with their folders.
func write(t *testing.T, folder string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// info says what a folder is, in sentences and with the next step.
func TestInfoOfFolders(t *testing.T) {
	images := photograph(t, filepath.Join(t.TempDir(), "images")).Root
	write(t, images, map[string]string{"train/cat/._1.png": "x", "train/.ipynb_checkpoints/1.png": "x", "val/dog/Thumbs.db": "x", "old.pt": "x"})
	for name, c := range map[string]struct {
		folder string
		code   int
		want   []string
	}{
		"images": {images, 0, []string{"train    3 images\n", "classes  2, cat to dog\n", "note     left out: what other programs keep among the images, 3 in all: 1 ._*, 1 .ipynb_checkpoints, 1 Thumbs.db\n", "next     wflow data check " + images}},
		"sharded weights": {write(t, t.TempDir(), map[string]string{"model-00001-of-00002.safetensors": "x", "model.safetensors.index.json": "{}", "config.json": "{}"}), failed,
			[]string{"a folder of sharded weights: give its index, ", "model.safetensors.index.json\n"}},
		"a weight file": {write(t, t.TempDir(), map[string]string{"state.pt": "x"}), failed, []string{"a folder with weights: give the file, ", "state.pt\n"}},
		"one split":     {write(t, t.TempDir(), map[string]string{"train/a/1.png": "x"}), failed, []string{"none of images: it holds 1 folder (train), want folders train and val"}},
		"above":         {write(t, t.TempDir(), map[string]string{"in/train/a/1.png": "x", "in/val/a/1.png": "x"}), failed, []string{"train and val lie below it: give "}},
		"in part":       {write(t, t.TempDir(), map[string]string{"train_moments.npy": "x"}), failed, []string{"is a cache of latents that is not whole: it lacks train_moments_flip.npy, train_targets.npy, val_moments.npy"}},
		"checked":       {write(t, t.TempDir(), map[string]string{"check-0-of-1.json": "{}"}), failed, []string{"for which images have been checked and none encoded\nnext: wflow data prepare IMAGES "}},
		"others":        {write(t, t.TempDir(), map[string]string{"a.parquet": "x", "manifest.json": "{}"}), failed, []string{"it holds 2 files (1 .json, 1 .parquet), want"}},
	} {
		out, said, code := wflow(context.Background(), "info", c.folder)
		for _, want := range c.want {
			if code != c.code || !strings.Contains(out+said, want) || strings.Contains(said, "stat ") {
				t.Errorf("%s: exit code %d: %s%s, want %q", name, code, out, said, want)
			}
		}
	}
	out, _, _ := wflow(context.Background(), "info", "--json", images)
	var r struct {
		Kind    string
		Classes int
		First   string `json:"first_class"`
		Last    string `json:"last_class"`
		SHA256  string `json:"images_sha256"`
	}
	f, err := latent.ReadFolder(images)
	if err := errors.Join(err, json.Unmarshal([]byte(out), &r)); err != nil || r.Kind != "images" || r.Classes != 2 || r.First != "cat" || r.Last != "dog" || r.SHA256 != f.SHA256() {
		t.Errorf("%v, want none and the images of cat and dog of checksum %s: %s", err, f.SHA256(), out)
	}
}
