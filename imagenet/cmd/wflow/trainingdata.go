package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/pixels"
	"github.com/wflowlab/wflowlab/imagenet/pixels/digits"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/imagenet/train"
)

// shape is that of an image: [side, side, channels].
type shape struct{ side, channels int }

func (s shape) String() string { return fmt.Sprintf("[%d, %[1]d, %d]", s.side, s.channels) }

// openData opens what a network for images of a shape is trained on: a cache of latents, MNIST's files, a folder of classes, or
// without a name the digits of the program.
func openData(c *cobra.Command, folder string, d preset.Data, wanted shape) (data train.Images, done func(), err error) {
	done = func() {}
	if folder == "" && c.Flags().Changed("data") {
		return nil, nil, misuse{errors.New("--data is empty, want a folder; without --data, presets of digits are trained on those of the program")}
	}
	if folder == "" {
		if d.Latent || wanted != (shape{32, 1}) {
			return nil, nil, misuse{errors.New("--data is missing: want the folder of the images, or of the cache of their latents")}
		}
		set := digits.Train()
		set.Mirror = d.Mirror
		return set, done, nil
	}
	if err := isFolder(folder); err != nil {
		return nil, nil, err
	}
	if is, err := isCache(folder); err != nil {
		return nil, nil, err
	} else if is {
		latents, err := openLatents(c, folder, d, wanted)
		if err != nil {
			return nil, nil, err
		}
		return latents, func() { latents.Close() }, nil
	}
	if d.Latent {
		return nil, nil, fmt.Errorf("%s is no cache of latents\nnext: %s", folder, preparing(folder, "CACHE", d.Resolution))
	}
	set, err := readSet(folder, wanted.channels)
	if err != nil {
		return nil, nil, err
	}
	if found := (shape{set.Side(), set.Channels()}); found != wanted {
		return nil, nil, fmt.Errorf("%s has pixels %v, and the configuration wants %v", folder, found, wanted)
	}
	set.Mirror = d.Mirror
	return set, done, nil
}

// openLatents opens the training latents of a cache, which must have a shape and the scale of an autoencoder's latents. It warns of
// a scale that is odd.
func openLatents(c *cobra.Command, folder string, d preset.Data, wanted shape) (*latent.Cache, error) {
	if d.Latent && !d.Mirror {
		return nil, errors.New("dataset.kwargs.use_flip: trainings on latents take each image and its mirror image, want true")
	}
	latents, err := latent.Open(folder, latent.Train)
	if err != nil {
		return nil, nextStep(folder, err)
	}
	if err = shaped(folder, latents, d, wanted); err == nil {
		err = scaled(c, folder, latents)
	}
	if err != nil {
		latents.Close()
		return nil, err
	}
	return latents, nil
}

// shaped returns an error if the latents of a cache have not the shape of what a configuration is trained on.
func shaped(folder string, latents *latent.Cache, d preset.Data, wanted shape) error {
	found := shape{latents.Side(), latent.Channels}
	if d.Latent && found == wanted {
		return nil
	}
	err := fmt.Errorf("%s has latents %v, and the configuration wants %s %v", folder, found, latentsOrPixels(d.Latent), wanted)
	if d.Latent && wanted.channels == found.channels {
		err = fmt.Errorf("%w\nnext: %s, with another folder as CACHE", err, preparing("IMAGES", "CACHE", d.Resolution))
	}
	return err
}

// scaled returns an error if some rows of a cache are not scaled as the autoencoder unscales them, so that what a generator learns
// from them could not be decoded. It warns of another odd scale, as info does.
func scaled(c *cobra.Command, folder string, latents *latent.Cache) error {
	rows, err := latents.Sample(sampled)
	if err == nil {
		err = sample.Together(rows, "", "")
	}
	if err != nil {
		return fmt.Errorf("cache %s: %w", shown(folder), err)
	}
	for _, s := range rows {
		if odd := s.Odd(); odd != "" {
			fmt.Fprintf(c.ErrOrStderr(), "warning: cache %s: %s\n", shown(folder), odd)
		}
	}
	return nil
}

// preparing returns the command that prepares a cache of a resolution.
func preparing(images, cache string, resolution int) string {
	command := fmt.Sprintf("wflow data prepare %s %s", argument(images), argument(cache))
	if resolution != latent.Size {
		command += fmt.Sprint(" --resolution ", resolution)
	}
	return command
}

// latentsOrPixels says what the images of a network are.
func latentsOrPixels(latents bool) string {
	if latents {
		return "latents"
	}
	return "pixels"
}

// readSet reads MNIST's files in a folder, or its folders of classes.
func readSet(folder string, channels int) (*pixels.Set, error) {
	if files, _ := fs.Glob(os.DirFS(folder), "*idx3*"); len(files) > 0 {
		return pixels.ReadMNIST(folder, latent.Train)
	}
	return pixels.ReadFolder(folder, channels)
}

// openEncoder opens the weights of the encoder in whose features a generator's images are compared: a file, or the folder of the
// encoder's run.
func openEncoder(c *cobra.Command, path string, g *preset.Generator) (e *train.Encoder, done func(), err error) {
	if _, err := os.Stat(path); err != nil {
		switch name, released := strings.CutPrefix(path, "hf://"); {
		case slices.Contains(preset.Names(), path):
			return nil, nil, misuse{fmt.Errorf("--encoder is missing: train one by wflow encoder train %s ENCODER, and give --encoder ENCODER", path)}
		case released:
			return nil, nil, misuse{fmt.Errorf("--encoder is missing: want the file ema_params.msgpack of models/mae/jax/%s of Goodeat/drifting on Hugging Face", name)}
		}
		return nil, nil, missing(path, err)
	}
	config, file, err := encoderAt(path)
	if err != nil {
		return nil, nil, err
	}
	f, release, err := open(c.Context(), file)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	var v *hub.View
	if config == nil {
		var n network
		if n, v, _ = recognise(f); v == nil || !strings.HasPrefix(n.name, "mae-") {
			return nil, nil, fmt.Errorf("%s: no weights of a released encoder; of one of your own, give the folder of its run", path)
		}
		var width int
		fmt.Sscanf(n.name, "mae-%d", &width)
		released := mae.Released(width)
		released.BFloat16 = true // as the official training uses it
		config = &released
	} else if v, err = f.View(hub.Official, config.Table()); err != nil {
		return nil, nil, err
	}
	if config.Channels != g.Model.InChannels {
		return nil, nil, fmt.Errorf("%s: an encoder of images with %d channels, and the generator makes %d", path, config.Channels, g.Model.InChannels)
	}
	return &train.Encoder{Config: *config, Features: g.Train.Features, Weights: v.Read}, release, nil
}

// encoderFile has the weights of an encoder in the folder of its run.
const encoderFile = "encoder.safetensors"

// encoderAt returns the configuration and the file of an encoder's run; a file has no configuration.
func encoderAt(path string) (*mae.Config, string, error) {
	if s, err := os.Stat(path); err != nil || !s.IsDir() {
		return nil, path, err
	}
	p, err := preset.ReadFile(filepath.Join(path, configurationFile))
	if err != nil {
		return nil, "", fmt.Errorf("%s is no run of an encoder: %w", path, err)
	}
	if p.MAE == nil {
		return nil, "", fmt.Errorf("%s is the run of a generator, want that of an encoder", path)
	}
	config, _, err := mae.FromPreset(p.MAE)
	if err != nil {
		return nil, "", err
	}
	finished, err := encoderFinished(path, p.MAE)
	if err == nil && !finished {
		err = fmt.Errorf("%s has not been trained to its end: start its training again", path)
	}
	return &config, filepath.Join(path, encoderFile), err
}
