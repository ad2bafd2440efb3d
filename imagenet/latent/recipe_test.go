package latent

import (
	"strings"
	"testing"
)

// A cache from before the decoder was named is not continued with pixels of another one.
func TestRecipeOfAnotherDecoder(t *testing.T) {
	err := Recipe{}.against(Recipe{Decoder: Decoder})
	if err == nil || !strings.Contains(err.Error(), "it was begun with JPEG decoder Go's own, now "+Decoder) {
		t.Errorf("error %v, want one that names both decoders", err)
	}
}
