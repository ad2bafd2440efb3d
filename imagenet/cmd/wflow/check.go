package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/internal/thousands"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check IMAGES",
		Short: "find the images of a folder that cannot be read",
		Long: `check reads all images of a folder, as fast as the disk and all processor cores
allow. It names those that wflow data prepare could not encode, each with its
reason, and counts them by cause. It counts all images by format. It exits with
1 if there are images that cannot be read. Damaged JPEG files that Pillow reads
all the same are read here too, and listed.

wflow data prepare makes this check itself before it encodes; each shard checks
its own images.`,
		Example: `  wflow data check imagenet-1k
  wflow data check imagenet-1k --json`,
		Args:              exactly(1),
		ValidArgsFunction: completeFiles(1, cobra.ShellCompDirectiveFilterDirs),
		RunE:              func(c *cobra.Command, arguments []string) error { return check(c, arguments[0]) },
	}
}

func check(c *cobra.Command, folder string) error {
	f, err := readImages(c, folder)
	if err != nil {
		return err
	}
	b := newBar(c.ErrOrStderr(), "images checked", false)
	h, err := f.Check(c.Context(), func(done, total int) { b.set(int64(done), int64(total)) })
	b.end()
	if err != nil {
		return err
	}
	r := health{images: describeImages(f), Causes: h.Causes(), Health: h}
	r.Kind = "check"
	if err := report(c, r); err != nil {
		return err
	}
	if n := len(h.Corrupt) + len(h.Closed); n > 0 {
		return fmt.Errorf("%s of %s images cannot be read: mend or remove them, or let wflow data prepare --skip-corrupt leave those out that are damaged", thousands.Text(n), thousands.Text(h.Images))
	}
	return nil
}

// health is what data check reports.
type health struct {
	images
	Causes map[string]int `json:"causes"` // of images that cannot be read
	*latent.Health
}

func (r health) lines() []line {
	lines := reportLines(r.images.lines())
	for _, name := range byCount(r.Formats) {
		_, kind, _ := strings.Cut(name, " ") // without its article
		lines.addLine("format", "%s: %s", kind, thousands.Text(r.Formats[name]))
	}
	for _, cause := range byCount(r.Causes) {
		lines.addLine("cause", "%s: %s", cause, thousands.Text(r.Causes[cause]))
	}
	lines.addImages("cannot be read", slices.Concat(r.Corrupt, r.Closed))
	lines.addImages("damaged, and read as Pillow does", r.Mended)
	if len(lines) > 0 && len(r.Corrupt)+len(r.Closed) == 0 {
		lines.addLine("result", "all %s images can be read", thousands.Text(r.Images))
	}
	return lines
}

// addImages adds lines of images with their faults: all, or the first 200.
func (lines *reportLines) addImages(what string, images []latent.Corrupt) {
	const most = 200
	if len(images) == 0 {
		return
	}
	lines.addLine(what, "%s", thousands.Text(len(images)))
	for i, c := range images {
		if i == most {
			lines.addLine("", "and %s more: --json lists all", thousands.Text(len(images)-most))
			return
		}
		lines.addLine("", "%s: %s", c.File, c.Cause)
	}
}

// byCount returns the keys of counts, the largest count first.
func byCount(counts map[string]int) []string {
	return slices.SortedStableFunc(slices.Values(slices.Sorted(maps.Keys(counts))), func(a, b string) int { return counts[b] - counts[a] })
}
