package latent_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// A folder of two classes becomes a cache. The encoder stands for a variational autoencoder: vae.Autoencoder.Encode has
// the type of Encoder.Encode.
func Example() {
	folder := must.M1(os.MkdirTemp("", "latent"))
	defer os.RemoveAll(folder)
	for _, name := range []string{"train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "val/cat/3.png", "val/dog/2.png"} {
		picture := image.NewGray(image.Rect(0, 0, 40, 30))
		picture.SetGray(7, 5, color.Gray{255})
		var file bytes.Buffer
		must.M(png.Encode(&file, picture))
		path := filepath.Join(folder, "images", name)
		must.M(os.MkdirAll(filepath.Dir(path), 0o777))
		must.M(os.WriteFile(path, file.Bytes(), 0o666))
	}
	encoder := latent.Encoder{Encode: func(_ context.Context, crops []byte, noise []float32) ([]float32, error) {
		return noise, nil
	}}

	ctx, cache := context.Background(), filepath.Join(folder, "cache")
	images := must.M1(latent.ReadFolder(filepath.Join(folder, "images")))
	for shard := range 2 { // at the same time, in processes of their own, where there are many
		must.M(latent.Prepare(ctx, cache, images, encoder, &latent.Settings{Seed: 1, Shard: shard, Shards: 2, Batch: 2,
			Progress: func(done, total int) { fmt.Printf("shard %d: %d of %d\n", shard, done, total) }}))
	}
	manifest := must.M1(latent.Merge(ctx, cache, nil))
	fmt.Println(manifest.Classes, manifest.Train, manifest.Val)

	train := must.M1(latent.Open(cache, latent.Train))
	defer train.Close()
	z := make([]float32, train.Side()*train.Side()*latent.Channels)
	for i := range train.Len() {
		must.M(train.Read(i, 0.3, z)) // u < ½: not mirrored
		fmt.Printf("%s %.3f\n", manifest.Classes[train.Label(i)], z[:3])
	}
	// Output:
	// shard 0: 0 of 2
	// shard 0: 2 of 2
	// shard 1: 0 of 3
	// shard 1: 1 of 3
	// shard 1: 3 of 3
	// [cat dog] 3 2
	// cat [-1.467 0.232 -0.940]
	// cat [-0.701 -1.210 0.084]
	// dog [-2.192 -2.720 0.577]
}
