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
	"github.com/wflowlab/wflowlab/internal/thousands"
)

// cache is what the data commands and info report of a cache of latents.
type cache struct {
	Kind    string            `json:"kind"`
	Folder  string            `json:"folder"`
	Train   int               `json:"train"`
	Val     int               `json:"val"`
	Classes int               `json:"classes,omitempty"`
	First   string            `json:"first_class,omitempty"`
	Last    string            `json:"last_class,omitempty"`
	Seed    *uint64           `json:"seed,omitempty"`
	Images  string            `json:"images_sha256,omitempty"`
	Encoder string            `json:"encoder_sha256,omitempty"`
	Skipped []latent.Corrupt  `json:"skipped,omitempty"`
	Bytes   int64             `json:"bytes"`
	Files   map[string]string `json:"files"` // SHA-256 by name
	Samples []latent.Sample   `json:"samples"`
	Odd     []string          `json:"warnings,omitempty"`

	Resolution int `json:"resolution"` // of the crops, in pixels
}

// sampled is how many rows of an array are read to estimate the scale of its numbers.
const sampled = 256

// describe returns the report of a cache with a manifest. Without a manifest file, m is the one that measure makes.
func describe(folder string, m *latent.Manifest) (*cache, error) {
	r := &cache{Kind: "cache", Folder: folder, Train: m.Train, Val: m.Val, Skipped: m.Skipped, Files: m.Files, Resolution: latent.Factor * m.Side()}
	if len(m.Classes) > 0 {
		r.Classes, r.Seed, r.Images, r.Encoder = len(m.Classes), &m.Seed, m.Images, m.Encoder
		r.First, r.Last = m.Classes[0], m.Classes[len(m.Classes)-1]
	}
	for name := range m.Files {
		s, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		r.Bytes += s.Size()
	}
	for _, split := range []latent.Split{latent.Train, latent.Val} {
		if err := r.sample(split); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// sample adds the scale of the numbers in some rows of a split, and a warning if it seems wrong.
func (r *cache) sample(split latent.Split) error {
	c, err := latent.Open(r.Folder, split)
	if err != nil {
		return err
	}
	defer c.Close()
	samples, err := c.Sample(sampled)
	if err != nil {
		return err
	}
	for _, s := range samples {
		r.Samples = append(r.Samples, s)
		if odd := s.Odd(); odd != "" {
			r.Odd = append(r.Odd, odd)
		}
	}
	return nil
}

func (r cache) lines() []line {
	var lines reportLines
	lines.addLine("cache", "%s, %s", r.Folder, exactSize(r.Bytes))
	lines.addLine("train", "%s images, plain and mirrored", thousands.Text(r.Train))
	lines.addLine("val", "%s images, plain and mirrored", thousands.Text(r.Val))
	lines.addLine("latents", "%v, of crops of %s", shape{r.Resolution / latent.Factor, latent.Channels}, squarePixels(r.Resolution))
	if r.Seed != nil {
		lines.addLine("classes", "%s", classRange(r.Classes, r.First, r.Last))
		lines.addLine("seed", "%d", *r.Seed)
		lines.addLine("images", "SHA-256 %s of their names and sizes", r.Images)
		lines.addLine("encoder", "SHA-256 %s", r.Encoder)
	}
	for _, s := range r.Samples {
		lines.addLine("numbers", "mean %.3f and standard deviation %.3f in %s, of %d rows drawn with seed 0", s.Mean, s.Deviation, s.File, s.Rows)
	}
	for _, odd := range r.Odd {
		lines.addLine("warning", "%s", odd)
	}
	for _, c := range r.Skipped {
		lines.addLine("skipped", "%s: %s", c.File, c.Cause)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		lines.addLine(name, "SHA-256 %s", r.Files[name])
	}
	return lines
}

// unfinished is what info reports of a cache that is not merged yet.
type unfinished struct {
	Kind   string         `json:"kind"`
	Folder string         `json:"folder"`
	Shards []latent.Shard `json:"shards"` // those that have begun
}

func (r unfinished) lines() []line {
	var lines reportLines
	resolution, all := r.Shards[0].Resolution, true
	lines.addLine("cache", "%s, not finished, of crops of %s", r.Folder, squarePixels(resolution))
	for _, s := range r.Shards {
		state := "begun"
		if s.Finished {
			state = "finished"
		}
		lines.addLine(fmt.Sprintf("shard %d/%d", s.Shard, s.Shards), "%s: %s images of train and %s of val, %d corrupt", state, thousands.Text(s.Train), thousands.Text(s.Val), len(s.Corrupt))
		all = all && s.Finished
	}
	switch n := r.Shards[0].Shards - len(r.Shards); {
	case n > 0:
		lines.addLine("next", "%s, for the shards that have not begun: %d", preparing("IMAGES", r.Folder, resolution), n)
	case all:
		lines.addLine("next", "wflow data merge %s", r.Folder)
	default:
		lines.addLine("next", "wflow data prepare, as before: it goes on where it was")
	}
	return lines
}

// squarePixels writes the size of a square of pixels.
func squarePixels(side int) string { return fmt.Sprintf("%d × %[1]d pixels", side) }

// infoCache reports a cache by its manifest. A cache of the official code, which has no manifest, is reported by its files.
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
	case m.Side() != found.Side():
		err = fmt.Errorf("%s: latents of side %d, want %d as its manifest says", folder, found.Side(), m.Side())
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

// measure makes a manifest of what the headers and the lengths of the files of a cache say, without checksums.
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
		switch resolution := latent.Factor * c.Side(); {
		case s.split == latent.Train:
			m.Resolution = resolution
		case m.Resolution != resolution:
			return nil, fmt.Errorf("%s: latents of side %d in train and %d in val, want the same", folder, m.Side(), c.Side())
		}
	}
	for _, name := range arrays() {
		m.Files[name] = ""
	}
	return m, nil
}

// arrays returns the names of the six files of a cache.
func arrays() (names []string) {
	for _, s := range []latent.Split{latent.Train, latent.Val} {
		for _, part := range []string{"moments", "moments_flip", "targets"} {
			names = append(names, fmt.Sprintf("%s_%s.npy", s, part))
		}
	}
	return names
}

// hash fills in the SHA-256 of files in a folder, by their names.
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

// checksum returns the SHA-256 of a file, and shows a bar meanwhile.
func checksum(c *cobra.Command, path string, f *hub.File) (string, error) {
	b := newBar(c.ErrOrStderr(), "checksum of "+printable(filepath.Base(path)), true)
	defer b.end()
	return f.SHA256(b.set)
}
