package latent

import (
	"fmt"
	"strings"
)

// Corrupt is an image that cannot be decoded.
type Corrupt struct {
	File  string `json:"file"`           // with its split: train/n01440764/n01440764_10026.JPEG
	Kind  string `json:"kind,omitempty"` // by which such images are counted, see Cause
	Cause string `json:"cause"`
}

// CorruptError lists images that cannot be read.
type CorruptError struct{ Images []Corrupt }

func (e *CorruptError) Error() string {
	const most = 100
	var b strings.Builder
	fmt.Fprintf(&b, "latent: %s cannot be read: %v", plural(len(e.Images), "image"), kinds(e.Images))
	for i, c := range e.Images {
		if i == most {
			fmt.Fprintf(&b, "\n\tand %d more", len(e.Images)-most)
			break
		}
		fmt.Fprintf(&b, "\n\t%s: %s", c.File, c.Cause)
	}
	return b.String()
}

// kinds counts images by what is wrong with them.
func kinds(images []Corrupt) tally {
	t := tally{}
	for _, c := range images {
		t[c.Kind]++
	}
	return t
}
