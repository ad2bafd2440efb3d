package train

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestSamples: an epoch of samples holds every image of its whole batches once, as the order deals them; an image that cannot be read
// is named, and fewer images than a batch has are refused.
func TestSamples(t *testing.T) {
	data := small().Data
	const batch = 5
	samples, err := Samples(data, batch, 5, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	order := NewOrder(data.Len(), batch, 5)
	for i := range data.Len() / batch * batch {
		image, want := order.Images(i / batch)[i%batch], make([]float32, 4*4*2)
		u := 0.0
		if image.Mirrored {
			u = 0.5
		}
		if err := data.Read(image.Row, u, want); err != nil {
			t.Fatal(err)
		}
		if s, err := samples(i); err != nil || s.Class != data.Label(image.Row) || !slices.Equal(s.Latent, want) {
			t.Errorf("sample %d is another than image %d, error %v", i, image.Row, err)
		}
	}
	if samples, err = Samples(broken{blobs{50}, errors.New("is damaged")}, batch, 5, 4, 2); err != nil {
		t.Fatal(err)
	}
	found := false
	for i := range data.Len() / batch * batch {
		if _, err := samples(i); err != nil {
			found = strings.Contains(err.Error(), "image 17: is damaged")
		}
	}
	if !found {
		t.Error("the damaged image is not named")
	}
	if _, err := Samples(data, data.Len()+1, 5, 4, 2); err == nil {
		t.Error("fewer images than a batch has are not refused")
	}
}
