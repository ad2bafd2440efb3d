package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

// newDecoder returns the autoencoder that decodes a generator's latents, of weights in a file or, without one, of those that are
// fetched. If a cache is given, it must be one of the autoencoder, and so must be that which the generator's run was trained on.
func newDecoder(c *cobra.Command, backend compute.Backend, t trained, path, cache string) (*vae.Autoencoder, sample.Decoder, error) {
	config, m := vae.StableDiffusion(), t.preset.Model
	if side := m.Size * config.Factor(); m.OutChannels != config.Latent || side != t.preset.Data.Resolution {
		return nil, sample.Decoder{}, fmt.Errorf("%s: latents [%d, %d, %d] for images of %d pixels, and the autoencoder makes images of %d pixels from latents of %d channels", t.configuration, m.Size, m.Size, m.OutChannels, t.preset.Data.Resolution, side, config.Latent)
	}
	path, err := autoencoderFile(c, path)
	if err != nil {
		return nil, sample.Decoder{}, err
	}
	f, v, done, err := autoencoder(c, path)
	if err != nil {
		return nil, sample.Decoder{}, err
	}
	defer done()
	sum, err := checksum(c, path, f)
	if err != nil {
		return nil, sample.Decoder{}, err
	}
	if err := t.togetherWith(sum); err != nil {
		return nil, sample.Decoder{}, err
	}
	if cache != "" {
		if err := together(cache, shape{m.Size, m.OutChannels}, sum); err != nil {
			return nil, sample.Decoder{}, err
		}
	}
	a, err := vae.New(backend, config, t.preset.Data.Resolution, v.Read)
	if err != nil {
		return nil, sample.Decoder{}, err
	}
	return a, sample.Decoder{Side: t.preset.Data.Resolution, Channels: 3, Decode: a.Decode, Latents: true, SHA256: sum}, nil
}

// together returns an error if the latents of a cache have not the shape that a generator makes, if they are not scaled as
// the autoencoder wants them, or if the cache was made with another one. A cache of the official code does not say which
// autoencoder made it.
func together(folder string, made shape, autoencoder string) error {
	if err := isFolder(folder); err != nil {
		return err
	}
	c, err := latent.Open(folder, latent.Train)
	if err != nil {
		return nextStep(folder, err)
	}
	defer c.Close()
	if found := (shape{c.Side(), latent.Channels}); found != made {
		return fmt.Errorf("cache %s has latents %v, and the generator makes %v", shown(folder), found, made)
	}
	l, err := latentsOf(folder, c)
	if err != nil {
		return err
	}
	if err := sample.Together(l.Samples, l.Autoencoder, autoencoder); err != nil {
		return fmt.Errorf("cache %s: %w", shown(folder), err)
	}
	return nil
}

// latentsFile says in the folder of a run what latents it was trained on.
const latentsFile = "latents.json"

// latentsOfRun is what a run keeps of the latents that it was trained on.
type latentsOfRun struct {
	Autoencoder string          `json:"autoencoder_sha256,omitempty"` // that made them, if it is known
	Samples     []latent.Sample `json:"samples"`
}

// latentsOf returns what is kept of a cache.
func latentsOf(folder string, c *latent.Cache) (l latentsOfRun, err error) {
	if m, err := latent.ReadManifest(folder); err == nil {
		l.Autoencoder = m.Encoder
	}
	l.Samples, err = c.Sample(sampled)
	return l, err
}

// write writes it into the folder of a run.
func (l latentsOfRun) write(run string) error {
	text, err := json.MarshalIndent(l, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(run, latentsFile), append(text, '\n'))
}

// togetherWith returns an error if a generator's run was trained on latents that are not those of an autoencoder.
func (t trained) togetherWith(autoencoder string) error {
	if t.run == "" {
		return nil
	}
	path := filepath.Join(t.run, latentsFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) { // of pixels, or an older run
		return nil
	}
	var l latentsOfRun
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err == nil {
		err = sample.Together(l.Samples, l.Autoencoder, autoencoder)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
