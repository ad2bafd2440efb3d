package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/internal/magic"
	"github.com/wflowlab/wflowlab/internal/thousands"
)

// checkpoint is what info reports of a weight file.
type checkpoint struct {
	Kind       string            `json:"kind"`
	File       string            `json:"file"`
	Format     hub.Format        `json:"format"`
	Network    string            `json:"network,omitempty"` // that the weights are of, if it is known
	Prefix     string            `json:"prefix,omitempty"`  // that stands before every name of the network
	Nearest    string            `json:"nearest,omitempty"` // the known network that the weights nearly fit, and what differs
	Tensors    int               `json:"tensors"`
	Parameters int               `json:"parameters"`
	Types      []hub.Type        `json:"types"`
	Groups     []group           `json:"groups"`
	List       []tensor          `json:"list,omitempty"` // all tensors, with the flag tensors
	Meta       map[string]string `json:"meta,omitempty"`
	LeftOut    []hub.LeftOut     `json:"left_out,omitempty"` // what else is in the file, and not read
	Notes      []string          `json:"notes,omitempty"`
	Bytes      int64             `json:"bytes"`
	SHA256     string            `json:"sha256"`
}

// tensor is a tensor of a weight file.
type tensor struct {
	Name  string   `json:"name"`
	Type  hub.Type `json:"type"`
	Shape []int    `json:"shape"`
}

// group stands for the tensors whose names have the same word before the first dot.
type group struct {
	Name       string `json:"name"`
	Tensors    int    `json:"tensors"`
	Parameters int    `json:"parameters"`
}

func (r checkpoint) lines() []line {
	var lines reportLines
	lines.addLine("file", "%s, %s, %s", r.File, r.Format, exactSize(r.Bytes))
	if r.Network != "" {
		lines.addLine("network", "%s", r.Network)
	}
	if r.Prefix != "" {
		lines.addLine("prefix", "%q before every name", r.Prefix)
	}
	if r.Nearest != "" {
		lines.addLine("network", "none of those known; %s", r.Nearest)
	}
	lines.addLine("tensors", "%s of %s numbers, %s", thousands.Text(r.Tensors), thousands.Text(r.Parameters), strings.Trim(fmt.Sprint(r.Types), "[]"))
	for _, g := range r.Groups {
		lines.addLine("  "+g.Name, "%s of %s numbers", thousands.Text(g.Tensors), thousands.Text(g.Parameters))
	}
	for _, t := range r.List {
		lines.addLine("", "%s %s %v", t.Name, t.Type, t.Shape)
	}
	lines.addFirst(len(r.Meta), "numbers and texts", func(show int) {
		for _, key := range slices.Sorted(maps.Keys(r.Meta))[:show] {
			lines.addLine(key, "%s", brief(r.Meta[key]))
		}
	})
	if n := len(r.LeftOut); n > 0 {
		lines.addLine("left out", "%s, of which nothing is executed", thousands.Text(n))
	}
	lines.addFirst(len(r.LeftOut), "things left out", func(show int) {
		for _, l := range r.LeftOut[:show] {
			lines.addLine("  "+brief(l.Key), "%s", brief(l.What))
			if l.Reason != "" {
				lines.addLine("", "%s", l.Reason)
			}
		}
	})
	for _, note := range r.Notes {
		lines.addLine("note", "%s", note)
	}
	lines.addLine("SHA-256", "%s", r.SHA256)
	return lines
}

// addFirst lets addLines add the lines of the first of n things, and says how many more there are.
func (lines *reportLines) addFirst(n int, what string, addLines func(show int)) {
	const most = 60
	addLines(min(n, most))
	if n > most {
		lines.addLine("", "… and %s more %s: --json has all", thousands.Text(n-most), what)
	}
}

func infoCommand() *cobra.Command {
	var list bool
	c := &cobra.Command{
		Use:   "info WHAT",
		Short: "say what a weight file, configuration, cache, run or folder is",
		Long: `info says what a thing is, with counts, sizes and checksums:

  a weight file     safetensors, PyTorch, Flax msgpack, .npy or .npz, or the
                    index of sharded weights. It says which network it is, if it
                    is a released one. What is no tensor, number or text is left
                    out, and listed with its class.
  a configuration   a YAML file with the official keys, or the name of a preset:
                    wflow info presets lists them, released ones and ours. Where
                    a file has the same name, it is the file.
                    It states the memory of a training step, and how long the
                    training takes where that is known. Each such figure says
                    whether it is measured, computed or reported by others.
  a cache           the folder that wflow data prepare or the official code
                    writes, finished or not. The checksums are those of its
                    manifest, if it has one: wflow data verify holds the files
                    to them. The mean and the standard deviation of some rows
                    tell whether it is scaled as it should be.
  a run             of wflow train, or a checkpoint of it: how far it is, its
                    generator, and mean and standard deviation of what that
                    generates; or of wflow encoder train: how far it is.
  a folder          of images: how many there are, of which classes; or of
                    weights: which file to give.`,
		Example: `  wflow info gen/ablation_ot_1node
  wflow info presets
  wflow info state_00030000.pt
  wflow info --tensors vae.safetensors
  wflow info latents --json`,
		Args:              exactly(1),
		ValidArgsFunction: completePresets,
		RunE:              func(c *cobra.Command, arguments []string) error { return info(c, arguments[0], list) },
	}
	c.Flags().BoolVar(&list, "tensors", false, "list all tensors of a weight file, with types and shapes")
	return c
}

func info(c *cobra.Command, what string, list bool) error {
	s, err := os.Stat(what)
	extension := strings.ToLower(filepath.Ext(what))
	yaml := extension == ".yaml" || extension == ".yml"
	if list && (err != nil || s.IsDir() || yaml) {
		return misuse{fmt.Errorf("--tensors %s: want a weight file", shown(what))}
	}
	if what == "presets" {
		list, err := newPresets()
		if err != nil {
			return err
		}
		return report(c, list)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if p, unknown := preset.Named(what); unknown == nil {
			return report(c, configuration{p})
		}
	}
	switch {
	case err != nil:
		return noSuchThing(what, err)
	case s.IsDir():
		return infoFolder(c, what)
	case !s.Mode().IsRegular():
		return fmt.Errorf("%s: neither a file nor a folder", what)
	case yaml:
		p, err := preset.ReadFile(what)
		if err != nil {
			return err
		}
		return report(c, configuration{p})
	}
	f, done, err := open(c.Context(), what)
	if err != nil {
		if isText(what) {
			err = fmt.Errorf("%w; if it is a configuration, give it a name that ends in .yaml", err)
		}
		return err
	}
	defer done()
	r := checkpoint{Kind: "weights", File: what, Format: f.Format(), Types: []hub.Type{}, Groups: []group{}, Meta: f.Meta(), LeftOut: f.LeftOut(), Notes: f.Notes(), Bytes: f.Size()}
	if n, v, misfit := recognise(f); v != nil {
		r.Network, r.Prefix = n.what, v.Prefix()
	} else if misfit != nil {
		r.Nearest = n.differs(misfit)
	}
	for _, t := range f.Tensors() {
		name, _, _ := strings.Cut(t.Name, ".")
		if k := len(r.Groups); k == 0 || r.Groups[k-1].Name != name {
			r.Groups = append(r.Groups, group{Name: name})
		}
		g := &r.Groups[len(r.Groups)-1]
		g.Tensors, g.Parameters = g.Tensors+1, g.Parameters+t.Len()
		r.Tensors, r.Parameters = r.Tensors+1, r.Parameters+t.Len()
		if !slices.Contains(r.Types, t.Type) {
			r.Types = append(r.Types, t.Type)
		}
		if list {
			r.List = append(r.List, tensor{t.Name, t.Type, t.Shape})
		}
	}
	if r.SHA256, err = checksum(c, what, f); err != nil {
		return err
	}
	return report(c, r)
}

// isText tells whether a file begins with text that has no mark of another kind of file.
func isText(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, magic.Enough))
	_, known := magic.Of(head)
	return err == nil && len(head) > 0 && !known && strings.HasPrefix(http.DetectContentType(head), "text/plain")
}

// brief shortens what is too long for a line.
func brief(s string) string {
	const longest = 100
	if r := []rune(s); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return s
}
