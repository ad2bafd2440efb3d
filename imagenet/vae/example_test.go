package vae_test

import (
	"context"
	"fmt"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// A tiny autoencoder that was never trained: two images of 8 × 8 pixels to latents of 4 × 4 with 2 channels and back.
// Without weights everything decodes to the colour of the last bias.
func Example() {
	config := vae.Config{Widths: []int{4, 8}, Layers: 1, Latent: 2, Groups: 2}
	untrained := func(p weights.Parameter) ([]float32, error) {
		if p.Name == "decoder.conv_out.bias" {
			return []float32{1, 0.2, -1}, nil // orange in [−1, 1]
		}
		return make([]float32, p.Size()), nil
	}
	backend, _ := must.M2(engine.Find())
	a := must.M1(vae.New(backend, config, 8, untrained))
	defer a.Finalize()

	ctx := context.Background()
	images := make([]byte, 2*8*8*3)
	noise := make([]float32, 2*4*4*2)
	latents := must.M1(a.Encode(ctx, images, noise))
	images = must.M1(a.Decode(ctx, latents))
	fmt.Println(len(latents), "latents;", len(images)/3, "pixels, the first", images[:3])
	fmt.Printf("%d parameters here, %d in sd-vae-ft-mse\n", config.Table().Size(), vae.StableDiffusion().Table().Size())
	// Output:
	// 64 latents; 128 pixels, the first [255 153 0]
	// 11325 parameters here, 83653863 in sd-vae-ft-mse
}
