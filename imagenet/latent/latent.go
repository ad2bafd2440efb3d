// Package latent turns a folder of images into the latents that a generator is trained on, and reads them again.
//
// A folder root/{train,val}/<class>/<image> becomes a cache of six NumPy files, {train,val}_{moments,moments_flip,targets}.npy.
// The official code writes and reads the same files. Every image is cropped as by [Image.Crop], and encoded twice, as it is
// and mirrored, with the same noise.
//
//	images, err := latent.ReadFolder("imagenet-1k")
//	health, err := images.Check(ctx, nil) // the images that cannot be read, before weeks of work
//	err = latent.Prepare(ctx, "cache", images, encoder, nil) // stopped at any moment, it goes on where it was
//	manifest, err := latent.Merge(ctx, "cache", nil)
//	train, err := latent.Open("cache", latent.Train)
//
// A cache can be prepared in shards: parts that processes of their own prepare, on one machine or on many with a common
// folder. The bytes of the cache depend on the images, the decoder of JPEG, the encoder, the seed and the batch size, and on
// nothing else.
package latent

// A crop is [Size, Size, 3], and its latent is [Side, Side, Channels].
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
