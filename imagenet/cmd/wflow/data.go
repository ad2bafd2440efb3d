package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

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
