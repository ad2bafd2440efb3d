package train

import (
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/bank"
	"github.com/wflowlab/wflowlab/imagenet/mae"
)

// Samples returns the samples of an encoder's pre-training by their numbers, for [mae.Pretraining.Fit]: images [Side, Side, Channels]
// of a data set, in the order in which [Order] deals batches of them. It is an error if there are not enough for one.
func Samples(data Images, batch int, seed uint64, side, channels int) (func(i int) (mae.Sample, error), error) {
	if data.Len() < batch {
		return nil, fmt.Errorf("train: %d images make no batch of %d: an epoch has no step", data.Len(), batch)
	}
	order, held, images := NewOrder(data.Len(), batch, seed), -1, []bank.Image(nil)
	return func(i int) (mae.Sample, error) {
		if k := i / batch; k != held { // Fit asks batch by batch
			held, images = k, order.Images(k)
		}
		image := images[i%batch]
		u := 0.0
		if image.Mirrored {
			u = 0.5
		}
		s := mae.Sample{Latent: make([]float32, side*side*channels), Class: data.Label(image.Row)}
		if err := data.Read(image.Row, u, s.Latent); err != nil {
			return s, fmt.Errorf("image %d: %w", image.Row, err)
		}
		return s, nil
	}, nil
}
