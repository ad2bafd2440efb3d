package train

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestSamples: an epoch of samples holds every image of its whole batches once, as the order deals them; an image that
// cannot be read is named, and fewer images than a batch has are refused. Samples may be asked for in any order.
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
	for _, i := range []int{17, 3, 18, 19, 0, 44, 4} { // in no order
		alone, err := Samples(data, batch, 5, 4, 2)
		if err != nil {
			t.Fatal(err)
		}
		got, err1 := samples(i)
		if want, err2 := alone(i); err1 != nil || err2 != nil || got.Class != want.Class || !slices.Equal(got.Latent, want.Latent) {
			t.Errorf("sample %d behind others is another than alone, errors %v and %v", i, err1, err2)
		}
	}
	image := make([]float32, 4*4*2)
	read := testing.AllocsPerRun(10, func() { data.Read(0, 0, image) })
	if n := testing.AllocsPerRun(10, func() { samples(4) }); n > read+1 {
		t.Errorf("a sample takes memory %v times, want once, and %v times to read: the order of a batch is made once", n, read)
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
