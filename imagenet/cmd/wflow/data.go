package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/wflow/onestep"
)

// cache is what data's commands and info report of a cache of latents.
type cache struct {
	Kind    string            `json:"kind"`
	Folder  string            `json:"folder"`
	Train   int               `json:"train"`
	Val     int               `json:"val"`
	Classes int               `json:"classes,omitempty"`
	Seed    *uint64           `json:"seed,omitempty"`
	Images  string            `json:"images_sha256,omitempty"`
	Encoder string            `json:"encoder_sha256,omitempty"`
	Skipped []latent.Corrupt  `json:"skipped,omitempty"`
	Bytes   int64             `json:"bytes"`
	Files   map[string]string `json:"files"` // SHA-256 by name
}

// describe returns the report of a cache that its manifest, if there is one, describes.
func describe(folder string, m *latent.Manifest) (*cache, error) {
	r := &cache{Kind: "cache", Folder: folder, Train: m.Train, Val: m.Val, Skipped: m.Skipped, Files: m.Files}
	if len(m.Classes) > 0 {
		r.Classes, r.Seed, r.Images, r.Encoder = len(m.Classes), &m.Seed, m.Images, m.Encoder
	}
	for name := range m.Files {
		s, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		r.Bytes += s.Size()
	}
	return r, nil
}

func (r cache) lines() []line {
	var f facts
	f.add("cache", "%s, %s", r.Folder, exactSize(r.Bytes))
	f.add("train", "%s images, plain and mirrored", thousands(r.Train))
	f.add("val", "%s images, plain and mirrored", thousands(r.Val))
	if r.Seed != nil {
		f.add("classes", "%s", thousands(r.Classes))
		f.add("seed", "%d", *r.Seed)
		f.add("images", "SHA-256 %s of their names and sizes", r.Images)
		f.add("encoder", "SHA-256 %s", r.Encoder)
	}
	for _, c := range r.Skipped {
		f.add("skipped", "%s: %s", c.File, c.Cause)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		f.add(name, "SHA-256 %s", r.Files[name])
	}
	return f
}

func dataCommand() *cobra.Command {
	c := parent(&cobra.Command{
		Use:   "data",
		Short: "turn a folder of images into a cache of latents",
		Long: `data turns a folder of images into a cache of latents, the six .npy files that training reads instead of the images:
prepare encodes them, in one go or in shards; merge makes the cache of shards; verify holds it to its checksums.
wflow info CACHE tells how far a cache is and what comes next.`,
		Example: `  wflow data prepare imagenet-1k latents
  wflow data verify latents`,
	})
	c.AddCommand(prepareCommand(), mergeCommand(), verifyCommand())
	return c
}

// preparation is what data prepare is asked for.
type preparation struct {
	images, cache string
	weights       string
	shard         string
	batch         int
	seed          uint64
	skip          bool
}

func prepareCommand() *cobra.Command {
	p := preparation{}
	c := &cobra.Command{
		Use:   "prepare IMAGES CACHE",
		Short: "encode images/{train,val}/<class>/* into the six files that training reads",
		Long: `prepare crops the images of IMAGES/{train,val}/<class>/* to 256 × 256 as ADM does, with the bytes of Pillow (in JPEG
some differ by a level of 255, at most by 3), and writes a sample of the autoencoder's posterior for each, plain and
mirrored with the same noise, into the six .npy files of the official code. Classes are the folders of train, sorted by
name.

It encodes on XLA where WFLOW_XLA_PLUGIN is the path of an XLA plugin, otherwise in pure Go, which takes many times as
long: wflow version says which it would be. On two processor cores XLA takes three seconds for an image and its mirror image: seven weeks for the 1.3 million
of ImageNet.

Stopped at any moment, by Ctrl-C, a crash or a full disk, it goes on where it was when it is started again, to the same
bytes. With --shard it encodes one part of n, from 0, for the tasks of a Slurm or Kubernetes array that share a file
system; wflow data merge then makes the cache, again of the same bytes.

Images that cannot be read are listed at the end, and the cache is not made unless --skip-corrupt accepts it.`,
		Example: `  wflow data prepare imagenet-1k latents
  wflow data prepare imagenet-1k latents --vae vae.safetensors --shard $SLURM_ARRAY_TASK_ID/16`,
		Args:              exactly(2),
		ValidArgsFunction: completeFiles(2, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(c *cobra.Command, arguments []string) error {
			p.images, p.cache = arguments[0], arguments[1]
			return p.run(c)
		},
	}
	c.Flags().StringVar(&p.weights, "vae", "", "the autoencoder's weights, a `file` (default: stabilityai/sd-vae-ft-mse, fetched once)")
	c.Flags().StringVar(&p.shard, "shard", "0/1", "which part of how many, from 0: `i/n`")
	c.Flags().IntVar(&p.batch, "batch", 8, "how many images are encoded together")
	c.Flags().Uint64Var(&p.seed, "seed", 0, "of the noise; every shard wants the same")
	c.Flags().BoolVar(&p.skip, "skip-corrupt", false, "leave images that cannot be read out of the cache")
	for _, number := range []string{"shard", "batch", "seed"} {
		completeFlag(c, number)
	}
	return c
}

func (p preparation) run(c *cobra.Command) error {
	ctx := c.Context()
	s := latent.Settings{Seed: p.seed, Batch: p.batch, SkipCorrupt: p.skip}
	var rest string
	if n, _ := fmt.Sscanf(p.shard+"\n", "%d/%d%s", &s.Shard, &s.Shards, &rest); n != 2 || s.Shard < 0 || s.Shard >= s.Shards || s.Shards > latent.MaxShards {
		return misuse{fmt.Errorf("--shard %s, want i/n with 0 ≤ i < n ≤ %d", p.shard, latent.MaxShards)}
	}
	if p.batch < 1 {
		return misuse{fmt.Errorf("--batch %d, want 1 or more", p.batch)}
	}
	images, err := latent.ReadFolder(p.images)
	if err != nil {
		return err
	}
	encoder, finalize, err := p.encoder(c)
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

// encoder returns the autoencoder's encoder, and what lets go of it.
func (p preparation) encoder(c *cobra.Command) (latent.Encoder, func(), error) {
	fail := func(err error) (latent.Encoder, func(), error) { return latent.Encoder{}, nil, err }
	path := p.weights
	if path == "" {
		fmt.Fprintln(c.ErrOrStderr(), "weights of stabilityai/sd-vae-ft-mse, from the cache or the hub")
		b := newBar(c.ErrOrStderr(), "stabilityai/sd-vae-ft-mse", true)
		var err error
		path, err = hub.Fetch(c.Context(), hub.Remote{Repo: "stabilityai/sd-vae-ft-mse", File: "diffusion_pytorch_model.safetensors"}, b.set)
		b.end()
		if err != nil {
			return fail(fmt.Errorf("%w\n--vae takes the weights from a file that is there", err))
		}
	}
	f, done, err := open(c.Context(), path)
	if err != nil {
		return fail(err)
	}
	defer done()
	n, err := networkNamed("vae")
	if err != nil {
		return fail(err)
	}
	v, err := n.view(f)
	if err != nil {
		return fail(err)
	}
	sum, err := checksum(c, path, f)
	if err != nil {
		return fail(err)
	}
	backend, line, err := onestep.Backend()
	if err != nil {
		return fail(err)
	}
	fmt.Fprintf(c.ErrOrStderr(), "encoding on %s\n", line)
	a, err := vae.New(backend, vae.StableDiffusion(), 256, v.Read)
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
	Images int    `json:"images"` // 0 if the cache is merged already
}

func (r shard) lines() []line {
	var f facts
	f.add("shard", "%d of %d is done, %s images", r.Shard, r.Shards, thousands(r.Images))
	f.add("next", "wflow data merge %s, when all are", r.Folder)
	return f
}

func mergeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "merge CACHE",
		Short: "make the cache of all its shards, when they are done",
		Long: `merge makes the cache of its shards, once wflow data prepare has finished all of them. Only when the cache is complete
are the shards removed: until then they take their room on the disk twice. It can be stopped and started again.`,
		Example: "  wflow data merge latents",
		Args:    exactly(1),

		ValidArgsFunction: completeFiles(1, cobra.ShellCompDirectiveFilterDirs),
		RunE:              func(c *cobra.Command, arguments []string) error { return merge(c, arguments[0]) },
	}
}

func merge(c *cobra.Command, folder string) error {
	b := newBar(c.ErrOrStderr(), "merging", true)
	m, err := latent.Merge(c.Context(), folder, b.set)
	b.end()
	if err != nil {
		return err
	}
	r, err := describe(folder, m)
	if err != nil {
		return err
	}
	return report(c, r)
}

func verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify CACHE",
		Short: "read a cache from end to end and hold it to its manifest",
		Long: `verify reads all files of a cache and compares their checksums with those of manifest.json, which wflow data prepare
and merge write. What the official code writes has no manifest: wflow info prints the checksums of its files.`,
		Example: "  wflow data verify latents",
		Args:    exactly(1),

		ValidArgsFunction: completeFiles(1, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(c *cobra.Command, arguments []string) error {
			b := newBar(c.ErrOrStderr(), "verifying", true)
			m, err := latent.Verify(c.Context(), arguments[0], b.set)
			b.end()
			if shards, _ := latent.ReadShards(arguments[0]); errors.Is(err, fs.ErrNotExist) && len(shards) > 0 {
				return fmt.Errorf("%s is no finished cache, wflow info tells how far it is: %w", arguments[0], err)
			}
			if err != nil {
				return err
			}
			r, err := describe(arguments[0], m)
			if err != nil {
				return err
			}
			return report(c, r)
		},
	}
}

// unfinished is what info reports of a cache that is not merged yet.
type unfinished struct {
	Kind   string         `json:"kind"`
	Folder string         `json:"folder"`
	Shards []latent.Shard `json:"shards"` // that have begun
}

func (r unfinished) lines() []line {
	var f facts
	f.add("cache", "%s, not finished", r.Folder)
	all := true
	for _, s := range r.Shards {
		state := "begun"
		if s.Finished {
			state = "finished"
		}
		f.add(fmt.Sprintf("shard %d/%d", s.Shard, s.Shards), "%s: %s images of train and %s of val, %d corrupt", state, thousands(s.Train), thousands(s.Val), len(s.Corrupt))
		all = all && s.Finished
	}
	switch n := r.Shards[0].Shards - len(r.Shards); {
	case n > 0:
		f.add("next", "wflow data prepare for the shards that have not begun: %d", n)
	case all:
		f.add("next", "wflow data merge %s", r.Folder)
	default:
		f.add("next", "wflow data prepare, as before: it goes on where it was")
	}
	return f
}

// infoCache reports a cache by its manifest, or the official code's, which has none, by its files.
func infoCache(c *cobra.Command, folder string) error {
	m, none := latent.ReadManifest(folder)
	if errors.Is(none, fs.ErrNotExist) {
		if shards, err := latent.ReadShards(folder); err != nil || len(shards) > 0 {
			if err != nil {
				return err
			}
			return report(c, unfinished{"unfinished cache", folder, shards})
		}
	}
	found, err := measure(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: no finished cache of six files: %w", folder, err)
	}
	if err != nil {
		return err
	}
	switch {
	case errors.Is(none, fs.ErrNotExist):
		m = found
		err = hash(c, folder, m.Files)
	case none != nil:
		err = none
	case m.Train != found.Train || m.Val != found.Val:
		err = fmt.Errorf("%s: %d images of train and %d of val, want %d and %d as its manifest says", folder, found.Train, found.Val, m.Train, m.Val)
	}
	if err != nil {
		return err
	}
	r, err := describe(folder, m)
	if err != nil {
		return err
	}
	return report(c, r)
}

// measure makes what the headers and the lengths of its files say of a cache.
func measure(folder string) (*latent.Manifest, error) {
	m := &latent.Manifest{Files: map[string]string{}}
	for _, s := range []struct {
		split latent.Split
		rows  *int
	}{{latent.Train, &m.Train}, {latent.Val, &m.Val}} {
		c, err := latent.Open(folder, s.split)
		if err != nil {
			return nil, err
		}
		*s.rows = c.Len()
		if err := c.Close(); err != nil {
			return nil, err
		}
		for _, part := range []string{"moments", "moments_flip", "targets"} {
			m.Files[fmt.Sprintf("%s_%s.npy", s.split, part)] = ""
		}
	}
	return m, nil
}

// hash adds the SHA-256 of files to their names.
func hash(c *cobra.Command, folder string, files map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, done, err := open(c.Context(), filepath.Join(folder, name))
		if err != nil {
			return err
		}
		files[name], err = checksum(c, name, f)
		done()
		if err != nil {
			return err
		}
	}
	return nil
}

// checksum returns the SHA-256 of a file, with a bar.
func checksum(c *cobra.Command, path string, f *hub.File) (string, error) {
	b := newBar(c.ErrOrStderr(), "checksum of "+printable(filepath.Base(path)), true)
	defer b.end()
	return f.SHA256(b.set)
}
