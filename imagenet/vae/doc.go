// Package vae is the autoencoder between pixels and latents: diffusers' AutoencoderKL, the network of
// stabilityai/sd-vae-ft-mse. An image [256, 256, 3] has latents [32, 32, 4].
//
//	a, err := vae.New(backend, vae.StableDiffusion(), 256, file.Read) // weights by diffusers' names
//	latents, err := a.Encode(ctx, images, noise)
//	images, err = a.Decode(ctx, latents)
//
// [Autoencoder] is for images in memory. [Config.Encode], [Sample], [Config.Decode] and [Unit] are the same as graphs,
// for training and for other backends' precisions. Channels come last everywhere. Latents are always scaled, by
// [Scale]; of an image the latents are a sample, and the noise that it is drawn with is an argument.
package vae
