package latent

import (
	"cmp"
	"errors"
	"fmt"
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
