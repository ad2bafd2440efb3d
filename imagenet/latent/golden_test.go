package latent

import (
	"encoding/json"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// f7 is the golden file of the data pipeline. Its cache part is decoded by the test of the cache.
type f7 struct {
	Fixture, Set, Torch, Pillow string
	Crops                       map[string]f7Crop
	Cache                       json.RawMessage
}

type f7Crop struct {
	Image       string        `json:"image_name"`
	ImageSum    string        `json:"image_sha256_hwc"`
	Steps       [][4]any      `json:"steps_wh_crc32"` // filter, width, height, CRC-32
	Sum         string        `json:"crop_sha256_hwc"`
	FlipSum     string        `json:"flip_sha256_hwc"`
	Samples     []int         `json:"samples_hwc"`
	FlipSamples []int         `json:"flip_samples_hwc"`
	Normalized  golden.Tensor `json:"normalized_chw"`
	Row         []int         `json:"row0_first8_rgb"`
}

func readF7(t *testing.T) f7 {
	t.Helper()
	var f f7
	if err := golden.Read("f7_data.json", &f); err != nil {
		t.Fatal(err)
	}
	if f.Fixture != "F7" {
		t.Fatalf("fixture %q, want F7", f.Fixture)
	}
	return f
}
