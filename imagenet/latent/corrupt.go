package latent

import (
	"fmt"
	"strings"
)

// Corrupt is an image with a fault.
type Corrupt struct {
	File  string `json:"file"`           // with its split: train/n01440764/n01440764_10026.JPEG
	Kind  string `json:"kind,omitempty"` // of the fault, as the function Cause returns it
	Cause string `json:"cause"`          // the whole error
}

// CorruptError is the error of images that cannot be read. It lists them.
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

// kinds counts images by the kind of their fault.
func kinds(images []Corrupt) tally {
	t := tally{}
	for _, c := range images {
		t[c.Kind]++
	}
	return t
}
