package train

import (
	"github.com/wflowlab/wflowlab/imagenet/bank"
	"github.com/wflowlab/wflowlab/imagenet/mae"
)

// Samples returns the samples of an encoder's pre-training by their numbers, for [mae.Pretraining.Fit]: images
// [side, side, channels] of a data set, in the order in which [Order] deals batches of them. One goroutine may ask for
// them, best one after the other. It is an error if there are not enough for a batch.
func Samples(data Images, batch int, seed uint64, side, channels int) (func(i int) (mae.Sample, error), error) {
	if err := enough(data, batch); err != nil {
		return nil, err
	}
	order, held, images := NewOrder(data.Len(), batch, seed), -1, []bank.Image(nil)
	return func(i int) (mae.Sample, error) {
		if k := i / batch; k != held { // Fit asks batch by batch
			held, images = k, order.Images(k)
		}
		image := images[i%batch]
		s := mae.Sample{Latent: make([]float32, side*side*channels), Class: data.Label(image.Row)}
		return s, read(data, image, s.Latent)
	}, nil
}
