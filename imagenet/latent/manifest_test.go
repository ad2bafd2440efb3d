package latent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
			t.Errorf("%s: error of Prepare %v, want one that names val_moments.npy", what, err)
		}
		if _, err := Merge(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), "val_moments.npy") {
			t.Errorf("%s: error of Merge %v, want one that names val_moments.npy", what, err)
		}
	}
}
