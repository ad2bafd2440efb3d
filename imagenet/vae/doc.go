// Package vae is the autoencoder between pixels and latents: diffusers' AutoencoderKL, the network of
// stabilityai/sd-vae-ft-mse. An image [256, 256, 3] has latents [32, 32, 4].
//
//	backend, _, err := engine.Find()                             // XLA, or pure Go
//	file, err := hub.Open("diffusion_pytorch_model.safetensors")
//	view, err := file.View(hub.SDVAE, vae.StableDiffusion().Table())
//	a, err := vae.New(backend, vae.StableDiffusion(), 256, view.Read)
//	latents, err := a.Encode(ctx, images, noise) // [n, 32, 32, 4] of bytes [n, 256, 256, 3]
//	images, err = a.Decode(ctx, latents)
//
// [Autoencoder] works on images in memory. On two cores and XLA, an image of 256 × 256 pixels takes 1.5 s to encode and 3 s
// to decode (imagenet/BENCHMARKS.md). [Config.Encode], [Sample], [Config.Decode] and [Unit] build the same as graphs, for
// training. Channels come last everywhere. The latents of an image are a sample, drawn with noise that is an argument. They
// are always scaled by [Scale].
package vae
