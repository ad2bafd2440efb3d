package latent

import (
	"fmt"
	"strings"
)

// Corrupt is an image that cannot be decoded.
type Corrupt struct {
	File  string `json:"file"` // with its split: train/n01440764/n01440764_10026.JPEG
	Cause string `json:"cause"`
}

// CorruptError lists the corrupt images of a shard whose other images are done.
type CorruptError struct{ Images []Corrupt }

func (e *CorruptError) Error() string {
	const most = 20
	var b strings.Builder
	fmt.Fprintf(&b, "latent: %d corrupt images:", len(e.Images))
	for i, c := range e.Images {
		if i == most {
			fmt.Fprintf(&b, "\n\tand %d more", len(e.Images)-most)
			break
		}
		fmt.Fprintf(&b, "\n\t%s: %s", c.File, c.Cause)
	}
	return b.String()
}
