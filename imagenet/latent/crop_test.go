package latent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
)

func goldenImage(name string, height, width int) *Image {
	return &Image{Width: width, Height: height, Pix: golden.Image(name, height, width)}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// TestGoldenCrops compares every step of the crop with Pillow's, byte for byte.
func TestGoldenCrops(t *testing.T) {
	f := readF7(t)
	if len(f.Crops) == 0 {
		t.Fatal("the file has no crop, want one or more")
	}
	for name, c := range f.Crops {
		var height, width, size int
		if n, err := fmt.Sscanf(name, "%dx%d->%d", &height, &width, &size); n != 3 {
			t.Errorf("case %q (%v), want height x width -> size", name, err)
			continue
		}
		m := goldenImage(c.Image, height, width)
		if got := sum(m.Pix); got != c.ImageSum {
			t.Errorf("%s: SHA-256 of the image is %s, want %s", name, got, c.ImageSum)
		}
		step := m
		for i, s := range c.Steps {
			filter, known := map[any]Filter{"box": Box, "bicubic": Bicubic}[s[0]]
			if !known {
				t.Fatalf("%s: step %d has the filter %v, want BOX or BICUBIC", name, i, s[0])
			}
			step = step.Resize(int(s[1].(float64)), int(s[2].(float64)), filter)
			if got, want := crc32.ChecksumIEEE(step.Pix), uint32(s[3].(float64)); got != want {
				t.Errorf("%s: step %d: CRC-32 is %d, want %d", name, i, got, want)
			}
		}
		crop := m.Crop(size)
		flip := crop.Mirror()
		if got := sum(crop.Pix); got != c.Sum {
			t.Errorf("%s: SHA-256 of the crop is %s, want %s", name, got, c.Sum)
		}
		if got := sum(flip.Pix); got != c.FlipSum {
			t.Errorf("%s: SHA-256 of the mirrored crop is %s, want %s", name, got, c.FlipSum)
		}
		samples := func(what string, pix []byte, want []int, of int) {
			if len(want) == 0 {
				t.Errorf("%s: no %s is recorded, want some", name, what)
			}
			for k, w := range want {
				if i := k*len(pix)/of + 37*k%max(1, len(pix)/of); pix[i] != byte(w) {
					t.Errorf("%s: %s: byte %d is %d, want %d", name, what, i, pix[i], w)
				}
			}
		}
		samples("samples", crop.Pix, c.Samples, len(c.Samples))
		samples("samples of the mirrored crop", flip.Pix, c.FlipSamples, len(c.Samples))
		for i, w := range c.Row {
			if crop.Pix[i] != byte(w) {
				t.Errorf("%s: byte %d is %d, want %d", name, i, crop.Pix[i], w)
			}
		}
		pixels := make([]float32, len(crop.Pix))
		crop.Normalize(pixels)
		chw := make([]float64, len(pixels))
		for i, p := range pixels {
			chw[i%3*size*size+i/3] = float64(p)
		}
		// Exact up to the 12 digits that are recorded, the norm up to the summation.
		if difference, _, err := c.Normalized.Compare(chw); err != nil || difference > 1e-11 || !slices.Equal(c.Normalized.Shape, []int{3, size, size}) {
			t.Errorf("%s: normalised crop %v differs by %g (error %v), want at most 1e-11", name, c.Normalized.Shape, difference, err)
		}
	}
}
