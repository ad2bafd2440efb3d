// Package latent turns a folder of images into the latents that a generator is trained on, and reads them again.
//
// A folder root/{train,val}/<class>/<image> becomes a cache of six NumPy files, {train,val}_{moments,moments_flip,targets}.npy.
// The official code writes and reads the same files. Every image is cropped to a square as by [Image.Crop], and encoded
// twice, as it is and mirrored, with the same noise. A crop of r × r pixels has a latent of r/8 × r/8 × 4 numbers, where r
// is the resolution of the cache: that of its [Recipe], 256 unless [Settings] ask for another.
//
//	images, err := latent.ReadFolder("imagenet-1k")
//	health, err := images.Check(ctx, nil) // the images that cannot be read, before weeks of work
//	err = latent.Prepare(ctx, "cache", images, encoder, nil) // stopped at any moment, it goes on where it was
//	manifest, err := latent.Merge(ctx, "cache", nil)
//	train, err := latent.Open("cache", latent.Train)
//
// A cache can be prepared in shards: parts that processes of their own prepare, on one machine or on many with a common
// folder. The bytes of the cache depend on the images, the resolution, the decoder of JPEG, the encoder, the seed and the
// batch size, and on nothing else.
package latent

// A crop [r, r, 3] has the latent [r/Factor, r/Factor, Channels]: the autoencoder makes it so.
const (
	Factor   = 8
	Channels = 4
)

// Size is the resolution of a cache for which no other is asked, as the official code has it, and Side is the side of its
// latents. That of any cache is [Cache.Side].
const (
	Size = 256
	Side = Size / Factor
)

// Split is a part of the data set, and the name of its folder.
type Split string

const (
	Train Split = "train"
	Val   Split = "val"
)

var splits = [2]Split{Train, Val}
