package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/internal/thousands"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// preparation is what data prepare is asked for.
type preparation struct {
	images, cache string
	weights       string
	shard         string
	batch         int
	resolution    int
	seed          uint64
	skip          bool
}

func prepareCommand() *cobra.Command {
	p := preparation{}
	c := &cobra.Command{
		Use:   "prepare IMAGES CACHE",
		Short: "encode the images into the six files that training reads",
		Long: `prepare crops the images of IMAGES/{train,val}/<class>/* to 256 × 256 as
ADM does, to the bytes that Pillow gives. It writes a sample of the
autoencoder's posterior for each, plain and mirrored with the same noise, into
the six .npy files of the official code. Classes are the folders of train,
sorted by name.

With --resolution the crops are of another size, and their latents of an eighth
of it: 64 pixels give the latents [8, 8, 4] of gen/pilot and gen/imagenet64.
wflow info PRESET tells the resolution that a preset wants.

It encodes on XLA if WFLOW_XLA_PLUGIN is the path of an XLA plugin, otherwise in
pure Go, which takes many times as long: wflow version says which it would be.
On two processor cores XLA takes three seconds for an image and its mirror
image: seven weeks for the 1.3 million of ImageNet.

It can be stopped at any moment, by Ctrl-C, a crash or a full disk. Started
again, it goes on where it was, to the same bytes. With --shard it encodes one
part of n, from 0, for the tasks of a Slurm or Kubernetes array that share a
file system; wflow data merge then makes the cache, again of the same bytes.

Before it encodes, it checks once that all images can be read, and lists those
that cannot. It then encodes nothing, unless --skip-corrupt leaves them out.
Files that other programs keep among the images (._*, Thumbs.db,
.ipynb_checkpoints and the like) are left out, and counted at the start.
Kaggle's val without folders of classes is read if LOC_val_solution.csv lies in
it or in a folder around it, and Tiny ImageNet's with its val_annotations.txt.`,
		Example: `  wflow data prepare imagenet-1k latents
  wflow data prepare imagenet-1k latents64 --resolution 64
  wflow data prepare imagenet-1k latents --shard $SLURM_ARRAY_TASK_ID/16
  wflow data prepare imagenet-1k latents --vae vae.safetensors`,
		Args:              exactly(2),
		ValidArgsFunction: completeFiles(2, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(c *cobra.Command, arguments []string) error {
			p.images, p.cache = arguments[0], arguments[1]
			return p.run(c)
		},
	}
	c.Flags().StringVar(&p.weights, "vae", "", "the autoencoder's weights, a `file` (default: those of stabilityai/sd-vae-ft-mse, fetched once)")
	c.Flags().StringVar(&p.shard, "shard", "0/1", "which part of how many, from 0: `i/n`")
	c.Flags().IntVar(&p.batch, "batch", 8, "how many images are encoded together")
	c.Flags().IntVar(&p.resolution, "resolution", latent.Size, "height and width of the crops in `pixels`, a multiple of 8")
	c.Flags().Uint64Var(&p.seed, "seed", 0, "of the noise; every shard wants the same")
	c.Flags().BoolVar(&p.skip, "skip-corrupt", false, "leave images that cannot be read out of the cache")
	for _, number := range []string{"shard", "batch", "resolution", "seed"} {
		completeFlag(c, number)
	}
	return c
}

func (p preparation) run(c *cobra.Command) error {
	ctx := c.Context()
	s := latent.Settings{Seed: p.seed, Batch: p.batch, SkipCorrupt: p.skip, Resolution: p.resolution}
	var rest string
	if n, _ := fmt.Sscanf(p.shard+"\n", "%d/%d%s", &s.Shard, &s.Shards, &rest); n != 2 || s.Shard < 0 || s.Shard >= s.Shards || s.Shards > latent.MaxShards {
		return misuse{fmt.Errorf("--shard %s, want i/n with 0 ≤ i < n ≤ %d", p.shard, latent.MaxShards)}
	}
	if p.batch < 1 {
		return misuse{fmt.Errorf("--batch %d, want 1 or more", p.batch)}
	}
	if r := p.resolution; r < latent.Factor || r > latent.MaxResolution || r%latent.Factor != 0 {
		return misuse{fmt.Errorf("--resolution %d, want a multiple of %d from %d to %d", r, latent.Factor, latent.Factor, latent.MaxResolution)}
	}
	if there, err := os.Stat(p.cache); err == nil && !there.IsDir() {
		return fmt.Errorf("%s is a file, want a folder for the cache", p.cache)
	}
	images, err := readImages(c, p.images)
	if err != nil {
		return err
	}
	weights, err := autoencoderFile(c, p.weights) // before a check that may take an hour
	if err != nil {
		return err
	}
	if err := p.check(c, images, &s); err != nil {
		return err
	}
	encoder, finalize, err := newEncoder(c, weights, p.resolution)
	if err != nil {
		return err
	}
	defer finalize()
	b := newBar(c.ErrOrStderr(), fmt.Sprintf("images of shard %s", p.shard), false)
	r := shard{Kind: "shard", Folder: p.cache, Shard: s.Shard, Shards: s.Shards}
	s.Progress = func(done, total int) { r.Images = total; b.set(int64(done), int64(total)) }
	err = latent.Prepare(ctx, p.cache, images, encoder, &s)
	b.end()
	if err != nil {
		if corrupt := (*latent.CorruptError)(nil); errors.As(err, &corrupt) {
			return fmt.Errorf("%w\nall others are done: --skip-corrupt makes the cache without these", err)
		}
		return err
	}
	if s.Shards > 1 {
		return report(c, r)
	}
	return merge(c, p.cache)
}

// check finds the images that cannot be read, before weeks of work. It does nothing if the cache is finished.
func (p preparation) check(c *cobra.Command, images *latent.Folder, s *latent.Settings) error {
	if _, err := latent.ReadManifest(p.cache); err == nil {
		return nil
	}
	b := newBar(c.ErrOrStderr(), fmt.Sprintf("images of shard %s checked", p.shard), false)
	h, err := latent.CheckShard(c.Context(), p.cache, images, s, func(done, total int) { b.set(int64(done), int64(total)) })
	b.end()
	if err != nil {
		return err
	}
	list := "wflow data check " + p.images + " lists those of all shards"
	switch {
	case len(h.Closed) > 0:
		return fmt.Errorf("%w\nnothing has been encoded: a disk or the rights to it are not as they should be; %s", &latent.CorruptError{Images: h.Closed}, list)
	case len(h.Corrupt) > 0 && !p.skip:
		return fmt.Errorf("%w\nnothing more has been encoded: mend or remove these images, or --skip-corrupt leaves them out; %s", &latent.CorruptError{Images: h.Corrupt}, list)
	case len(h.Corrupt) > 0:
		fmt.Fprintln(c.ErrOrStderr(), printable((&latent.CorruptError{Images: h.Corrupt}).Error()+"\nthese are left out"))
	}
	if n := len(h.Mended); n > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "%s images are damaged and read as Pillow reads them; %s\n", thousands.Text(n), list)
	}
	return nil
}

// autoencoderFile returns the path of the autoencoder's weights: the one given, or that of the weights that it fetches if none
// is. It checks that they are its weights.
func autoencoderFile(c *cobra.Command, path string) (string, error) {
	if path == "" {
		fmt.Fprintln(c.ErrOrStderr(), "weights of stabilityai/sd-vae-ft-mse, from the cache or the hub")
		b := newBar(c.ErrOrStderr(), "stabilityai/sd-vae-ft-mse", true)
		var err error
		notice := func(text string) { b.end(); fmt.Fprintln(c.ErrOrStderr(), printable(text)) }
		path, err = hub.Fetch(c.Context(), hub.Remote{Repo: "stabilityai/sd-vae-ft-mse", File: "diffusion_pytorch_model.safetensors"}, &hub.Watch{Progress: b.set, Notice: notice})
		b.end()
		if err != nil {
			return "", fmt.Errorf("%w\n--vae takes the weights from a file that is there", err)
		}
	}
	_, _, done, err := autoencoder(c, path)
	if err == nil {
		done()
	}
	return path, err
}

// autoencoder opens the autoencoder's weights until the command is interrupted.
func autoencoder(c *cobra.Command, path string) (f *hub.File, v *hub.View, done func(), err error) {
	n, err := networkNamed("vae")
	if err != nil {
		return nil, nil, nil, err
	}
	if f, done, err = open(c.Context(), path); err != nil {
		return nil, nil, nil, err
	}
	if v, err = n.view(f); err != nil {
		done()
		return nil, nil, nil, err
	}
	return f, v, done, nil
}

// newEncoder returns the autoencoder's encoder for crops of a resolution, and the function that releases it.
func newEncoder(c *cobra.Command, path string, resolution int) (latent.Encoder, func(), error) {
	fail := func(err error) (latent.Encoder, func(), error) { return latent.Encoder{}, nil, err }
	f, v, done, err := autoencoder(c, path)
	if err != nil {
		return fail(err)
	}
	defer done()
	sum, err := checksum(c, path, f)
	if err != nil {
		return fail(err)
	}
	backend, line, err := engine.Find()
	if err != nil {
		return fail(err)
	}
	fmt.Fprintf(c.ErrOrStderr(), "encoding on %s\n", line)
	a, err := vae.New(backend, vae.StableDiffusion(), resolution, v.Read)
	if err != nil {
		backend.Finalize()
		return fail(err)
	}
	return latent.Encoder{Encode: a.Encode, SHA256: sum}, func() { a.Finalize(); backend.Finalize() }, nil
}

// shard is what prepare reports of one of several parts.
type shard struct {
	Kind   string `json:"kind"`
	Folder string `json:"folder"`
	Shard  int    `json:"shard"`
	Shards int    `json:"shards"`
	Images int    `json:"images"` // of the shard; 0 if the cache is merged already
}

func (r shard) lines() []line {
	var lines reportLines
	lines.addLine("shard", "%d of %d is done, %s images", r.Shard, r.Shards, thousands.Text(r.Images))
	lines.addLine("next", "wflow data merge %s, when all are", r.Folder)
	return lines
}
