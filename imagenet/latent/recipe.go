package latent

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// Recipe is all that the bytes of a cache depend on.
type Recipe struct {
	Images  string   `json:"images"`  // Folder.SHA256
	Classes []string `json:"classes"` // by label
	Decoder string   `json:"decoder"` // of JPEG files; "" stands for Go's own, which older caches were made with
	Encoder string   `json:"encoder"` // Encoder.SHA256
	Seed    uint64   `json:"seed"`
	Batch   int      `json:"batch"` // an encoder may round differently in batches of another size

	// Resolution is the height and the width of the crops, in pixels; 0 stands for 256, the only one of older caches.
	Resolution int `json:"resolution,omitzero"`
}

// MaxResolution is the largest resolution of a cache.
const MaxResolution = 4096

// resolution returns the height and the width of the crops, in pixels.
func (r Recipe) resolution() int { return cmp.Or(r.Resolution, Size) }

// Side returns the height and the width of a latent.
func (r Recipe) Side() int { return r.resolution() / Factor }

// check returns an error if the autoencoder takes no crops of the resolution.
func (r Recipe) check() error {
	if n := r.resolution(); n < Factor || n > MaxResolution || n%Factor != 0 {
		return fmt.Errorf("resolution %d, want a multiple of %d from %d to %d", n, Factor, Factor, MaxResolution)
	}
	return nil
}

// readRecipe reads the recipe of a shard.
func readRecipe(shard string) (r Recipe, err error) {
	path := filepath.Join(shard, recipeFile)
	if err := readJSON(path, &r); err != nil {
		return Recipe{}, err
	}
	if err := r.check(); err != nil {
		return Recipe{}, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return r, nil
}

// against returns an error that names what differs from the recipe that is wanted.
func (r Recipe) against(want Recipe) error {
	for _, f := range []struct {
		name      string
		got, want any
	}{
		{"images (their names or sizes) of checksum", r.Images, want.Images},
		{"classes, so many:", len(r.Classes), len(want.Classes)},
		{"JPEG decoder", cmp.Or(r.Decoder, "Go's own"), cmp.Or(want.Decoder, "Go's own")},
		{"an encoder of checksum", r.Encoder, want.Encoder},
		{"seed", r.Seed, want.Seed},
		{"batch", r.Batch, want.Batch},
		{"resolution", r.resolution(), want.resolution()},
	} {
		if f.got != f.want {
			return fmt.Errorf("it was begun with %s %v, now %v: %s", f.name, f.got, f.want, anew)
		}
	}
	if !slices.Equal(r.Classes, want.Classes) {
		return errors.New("it was begun with other classes: " + anew)
	}
	return nil
}
