package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/internal/thousands"
)

// infoFolder reports a folder as what it is: a run or a checkpoint of it, the run of an encoder, a cache of latents, or a folder of
// images or of weights.
func infoFolder(c *cobra.Command, folder string) error {
	if isRun(folder) {
		return infoRun(c, "run", folder, folder, 0)
	}
	if run, step, ok := runOf(folder); ok {
		return infoRun(c, "checkpoint", folder, run, step)
	}
	if p := encoderRunAt(folder); p != nil {
		return infoEncoder(c, folder, p)
	}
	if is, err := isCache(folder); is || err != nil {
		if err != nil {
			return err
		}
		return infoCache(c, folder)
	}
	f, err := latent.ReadFolder(folder)
	if err != nil {
		if checks, _ := filepath.Glob(filepath.Join(folder, "check-*-of-*.json")); len(checks) > 0 {
			return fmt.Errorf("%s is a cache of latents for which images have been checked and none encoded\nnext: wflow data prepare IMAGES %s", folder, argument(folder))
		}
		if weights, ok := hub.Folder(folder); ok {
			return fmt.Errorf("%s: %s", folder, weights)
		}
		return fmt.Errorf("%s is no cache of latents, no folder of weights, and none of images: %w", folder, errors.Unwrap(err))
	}
	r := describeImages(f)
	r.Next = "wflow data check " + argument(folder)
	return report(c, r)
}

// images is what info reports of a folder of images.
type images struct {
	Kind    string   `json:"kind"`
	Folder  string   `json:"folder"`
	Train   int      `json:"train"`
	Val     int      `json:"val"`
	Classes int      `json:"classes"`
	First   string   `json:"first_class"`
	Last    string   `json:"last_class"`
	SHA256  string   `json:"images_sha256"`
	Notes   []string `json:"notes,omitempty"`
	Next    string   `json:"-"`
}

func describeImages(f *latent.Folder) images {
	n := len(f.Classes) // not 0: ReadFolder would have refused it
	return images{Kind: "images", Folder: f.Root, Train: len(f.Train), Val: len(f.Val), Classes: n, First: f.Classes[0], Last: f.Classes[n-1], SHA256: f.SHA256(), Notes: f.Notes}
}

func (r images) lines() []line {
	var lines reportLines
	lines.addLine("images", "%s", r.Folder)
	lines.addLine("train", "%s images", thousands.Text(r.Train))
	lines.addLine("val", "%s images", thousands.Text(r.Val))
	lines.addLine("classes", "%s", classRange(r.Classes, r.First, r.Last))
	lines.addLine("SHA-256", "%s of their names and sizes", r.SHA256)
	for _, note := range r.Notes {
		lines.addLine("note", "%s", note)
	}
	if r.Next != "" {
		lines.addLine("next", "%s", r.Next)
	}
	return lines
}

// classRange writes how many classes there are, and which is the first and the last.
func classRange(n int, first, last string) string {
	if n < 2 {
		return fmt.Sprintf("%d, %s", n, first)
	}
	return fmt.Sprintf("%s, %s to %s", thousands.Text(n), first, last)
}

// readImages lists the images of a folder, and prints the notes on what is left out.
func readImages(c *cobra.Command, folder string) (*latent.Folder, error) {
	if _, err := os.Stat(folder); err != nil {
		return nil, missing(folder, err)
	}
	f, err := latent.ReadFolder(folder)
	if err != nil {
		return nil, err
	}
	for _, note := range f.Notes {
		fmt.Fprintln(c.ErrOrStderr(), printable(note))
	}
	return f, nil
}

// isCache tells whether a folder is a cache of latents, finished or not, ours or the official code's.
func isCache(folder string) (bool, error) {
	_, noManifest := latent.ReadManifest(folder)
	if shards, err := latent.ReadShards(folder); noManifest != nil && (err != nil || len(shards) > 0) {
		return len(shards) > 0, err
	}
	var lost []string
	names := arrays()
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(folder, name)); errors.Is(err, fs.ErrNotExist) {
			lost = append(lost, name)
		}
	}
	switch {
	case len(lost) == 0:
		return true, nil
	case len(lost) == len(names) && noManifest != nil:
		return false, nil
	}
	return false, fmt.Errorf("%s is a cache of latents that is not whole: it lacks %s", folder, strings.Join(lost, ", "))
}
