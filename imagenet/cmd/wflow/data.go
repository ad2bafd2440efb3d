package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

func dataCommand() *cobra.Command {
	c := parent(&cobra.Command{
		Use:   "data",
		Short: "turn a folder of images into a cache of latents",
		Long: `data turns a folder of images into a cache of latents: the six .npy files that
training reads instead of the images.

check finds the images that cannot be read. prepare encodes the images, in one
go or in shards. merge makes the cache of shards. verify holds the cache to its
checksums. wflow info CACHE tells how far a cache is and what comes next.`,
		Example: `  wflow data prepare imagenet-1k latents
  wflow data verify latents`,
	})
	c.AddCommand(checkCommand(), prepareCommand(), mergeCommand(), verifyCommand())
	return c
}

func mergeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "merge CACHE",
		Short: "make the cache of all its shards, when they are done",
		Long: `merge makes the cache of its shards, once wflow data prepare has finished all of
them. It removes the shards when the cache is complete: until then they take
their room on the disk twice. It can be stopped and started again.`,
		Example: "  wflow data merge latents",
		Args:    exactly(1),

		ValidArgsFunction: completeFiles(1, cobra.ShellCompDirectiveFilterDirs),
		RunE:              func(c *cobra.Command, arguments []string) error { return merge(c, arguments[0]) },
	}
}

func merge(c *cobra.Command, folder string) error {
	if err := isFolder(folder); err != nil {
		return err
	}
	b := newBar(c.ErrOrStderr(), "merging", true)
	m, err := latent.Merge(c.Context(), folder, b.set)
	b.end()
	if err != nil {
		return nextStep(folder, err)
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
		Long: `verify reads all files of a cache and compares their checksums with those of
manifest.json, which wflow data prepare and merge write. What the official code
writes has no manifest: wflow info prints the checksums of its files.`,
		Example: "  wflow data verify latents",
		Args:    exactly(1),

		ValidArgsFunction: completeFiles(1, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(c *cobra.Command, arguments []string) error {
			if err := isFolder(arguments[0]); err != nil {
				return err
			}
			b := newBar(c.ErrOrStderr(), "verifying", true)
			m, err := latent.Verify(c.Context(), arguments[0], b.set)
			b.end()
			if err != nil {
				return nextStep(arguments[0], err)
			}
			r, err := describe(arguments[0], m)
			if err != nil {
				return err
			}
			return report(c, r)
		},
	}
}

// isFolder returns an error if there is no folder at a path.
func isFolder(path string) error {
	s, err := os.Stat(path)
	switch {
	case err != nil:
		return missing(path, err)
	case !s.IsDir():
		return fmt.Errorf("%s is a file, want a folder", path)
	}
	return nil
}

// nextStep adds to an error what to do next, if the cache in the folder is not finished.
func nextStep(folder string, err error) error {
	shards, _ := latent.ReadShards(folder)
	resolution := latent.Size
	if len(shards) > 0 {
		resolution = shards[0].Resolution
	}
	prepare := preparing("IMAGES", folder, resolution)
	open := (*latent.UnfinishedError)(nil)
	switch {
	case errors.As(err, &open):
		return fmt.Errorf("%w\nnext: %s", err, unfinishedStep(prepare, open))
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, latent.ErrNoShards):
		return err
	case len(shards) > 0:
		return fmt.Errorf("%s is not finished: wflow info %s tells how far it is", folder, folder)
	}
	switch is, whole := isCache(folder); {
	case whole != nil:
		return whole
	case is:
		return fmt.Errorf("%s is a finished cache without a manifest.json, as the official code leaves it: there is nothing to merge or to verify it by; wflow info %s prints its checksums", folder, folder)
	}
	return fmt.Errorf("%s is no cache, and none has been begun in it\nnext: %s", folder, prepare)
}

// unfinishedStep returns the command that prepares the first shard that is not finished.
func unfinishedStep(prepare string, open *latent.UnfinishedError) string {
	shard := func(i int) string {
		if open.Shards == 1 {
			return prepare
		}
		return fmt.Sprintf("%s --shard %d/%d", prepare, i, open.Shards)
	}
	if len(open.Missing) > 0 {
		return shard(open.Missing[0])
	}
	return shard(open.Begun[0].Shard) + ", which goes on where it was"
}
