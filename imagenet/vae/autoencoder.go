package vae

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/finite"
)

// Autoencoder turns square images of one size into latents and back. It computes one image at a time: it takes the memory of
// one, and the latent of an image does not depend on the other images of a call. Finalize it when done.
type Autoencoder struct {
	pixels, latent []int // shapes of one image and of its latent
	store          *model.Store
	encode, decode *model.Exec
}

// New returns an autoencoder for images of size × size pixels. Read returns its weights, in the way that [weights.Load]
// wants. Each direction is compiled at its first use.
func New(backend compute.Backend, c Config, size int, read func(weights.Parameter) ([]float32, error)) (*Autoencoder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	f := c.Factor()
	if size < f || size%f != 0 {
		return nil, fmt.Errorf("vae: images of %d×%d pixels, want multiples of %d", size, size, f)
	}
	store := model.NewStore()
	if err := weights.Load(store.RootScope(), c.Table(), read); err != nil {
		return nil, fmt.Errorf("vae: %w", err)
	}
	encode, err := model.NewExec(backend, store, func(scope *model.Scope, pixels, noise *graph.Node) *graph.Node {
		image := graph.DivScalar(graph.ConvertDType(pixels, noise.DType()), 255)
		mean, logVariance := c.Encode(scope, graph.DivScalar(graph.SubScalar(image, 0.5), 0.5))
		return Sample(mean, logVariance, noise)
	})
	if err != nil {
		return nil, fmt.Errorf("vae: %w", err)
	}
	decode, err := model.NewExec(backend, store, func(scope *model.Scope, latent *graph.Node) *graph.Node {
		return graph.ConvertDType(graph.Round(graph.MulScalar(Unit(c.Decode(scope, latent)), 255)), dtypes.Uint8)
	})
	if err != nil {
		return nil, fmt.Errorf("vae: %w", err)
	}
	return &Autoencoder{[]int{1, size, size, 3}, []int{1, size / f, size / f, c.Latent}, store, encode, decode}, nil
}

// Finalize releases the weights and the compiled graphs.
func (a *Autoencoder) Finalize() {
	a.encode.Finalize()
	a.decode.Finalize()
	a.store.Finalize()
}

// Encode returns the latents [n, size/Factor, size/Factor, Latent] of images [n, size, size, 3], whose bytes are row by row,
// red first. The latents are samples, as by [Sample]; noise is normal and has their shape. Encode stops between two images
// when the context is done.
func (a *Autoencoder) Encode(ctx context.Context, images []byte, noise []float32) ([]float32, error) {
	n, err := number("images", len(images), a.pixels)
	if err != nil {
		return nil, err
	}
	if m, err := number("noise", len(noise), a.latent); err != nil || m != n {
		return nil, fmt.Errorf("vae: %d numbers of noise, want %d × %v", len(noise), n, a.latent[1:])
	}
	latents := make([]float32, len(noise))
	err = fillEach(ctx, latents, n, func(i int) (*tensors.Tensor, error) {
		image, noise := part(images, i, n, a.pixels), part(noise, i, n, a.latent)
		defer image.MustFinalizeAll()
		defer noise.MustFinalizeAll()
		return a.encode.Call1(image, noise)
	})
	if err != nil {
		return nil, err
	}
	if err := finite.Check(latents); err != nil {
		return nil, fmt.Errorf("vae: latents: %w", err)
	}
	return latents, nil
}

// Decode returns the images [n, size, size, 3] of latents [n, size/Factor, size/Factor, Latent], rounded to the nearest of
// 256 levels. It stops between two images when the context is done.
func (a *Autoencoder) Decode(ctx context.Context, latents []float32) ([]byte, error) {
	n, err := number("latents", len(latents), a.latent)
	if err != nil {
		return nil, err
	}
	if err := finite.Check(latents); err != nil {
		return nil, fmt.Errorf("vae: latents: %w", err)
	}
	images := make([]byte, n*weights.Parameter{Shape: a.pixels}.Size())
	err = fillEach(ctx, images, n, func(i int) (*tensors.Tensor, error) {
		latent := part(latents, i, n, a.latent)
		defer latent.MustFinalizeAll()
		return a.decode.Call1(latent)
	})
	if err != nil {
		return nil, err
	}
	return images, nil
}

// number returns how many values of a shape [1, …] a slice of a length holds. What is their name, for the error.
func number(what string, length int, shape []int) (int, error) {
	size := weights.Parameter{Shape: shape}.Size()
	if length%size != 0 {
		return 0, fmt.Errorf("vae: %d numbers of %s, want a multiple of %v", length, what, shape[1:])
	}
	return length / size, nil
}

// part returns value i of n as a tensor of a shape.
func part[T byte | float32](values []T, i, n int, shape []int) *tensors.Tensor {
	size := len(values) / n
	return tensors.FromFlatDataAndDimensions(values[i*size:(i+1)*size], shape...)
}

// fillEach fills the n values of out, one after another.
func fillEach[T byte | float32](ctx context.Context, out []T, n int, value func(i int) (*tensors.Tensor, error)) error {
	for i := range n {
		if ctx.Err() != nil {
			return fmt.Errorf("vae: stopped after %d of %d images: %w", i, n, context.Cause(ctx))
		}
		t, err := value(i)
		if err != nil {
			return fmt.Errorf("vae: image %d: %w", i, err)
		}
		err = tensors.ConstFlatData(t, func(flat []T) { copy(out[i*len(flat):], flat) })
		if err = errors.Join(err, t.FinalizeAll()); err != nil {
			return fmt.Errorf("vae: image %d: %w", i, err)
		}
	}
	return nil
}
