// Package latent turns a folder of images into the latents that a generator is trained on, and reads them again.
//
// A folder root/{train,val}/<class>/<image> becomes a cache: six NumPy files {train,val}_{moments,moments_flip,targets}.npy
// as the official code writes and reads them. Every image is cropped (Crop) and encoded, once as it is and once mirrored,
// with one noise for both.
//
//	images, err := latent.ReadFolder("imagenet-1k")
//	health, err := images.Check(ctx, nil) // the images that cannot be read, before weeks of work
//	err = latent.Prepare(ctx, "cache", images, encoder, nil) // stopped at any moment, it goes on where it was
//	manifest, err := latent.Merge(ctx, "cache", nil)
//	train, err := latent.Open("cache", latent.Train)
//
// Shards prepare parts of a cache in processes of their own, on one machine or on many with a common folder. The bytes
// depend on the images, the decoder of JPEG, the encoder, the seed and the batch size, and on nothing else.
package latent

// Shapes of a crop [Size, Size, 3] and of its latent [Side, Side, Channels].
const (
	Size     = 256
	Side     = 32
	Channels = 4

	pixels  = Size * Size * 3
	numbers = Side * Side * Channels
)

// Split is a part of the data set, and the name of its folder.
type Split string

const (
	Train Split = "train"
	Val   Split = "val"
)

var splits = [2]Split{Train, Val}
