package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/internal/thousands"
)

// conversion is what convert reports.
type conversion struct {
	From       string `json:"from"`
	FromSHA256 string `json:"from_sha256"`
	To         string `json:"to"`
	ToSHA256   string `json:"to_sha256"`
	Network    string `json:"network"`
	Prefix     string `json:"prefix,omitempty"` // stood before every name
	Tensors    int    `json:"tensors"`
	Parameters int    `json:"parameters"`
	LeftOut    int    `json:"left_out,omitempty"` // how many tensors of the file are not the network's
}

func (r conversion) lines() []line {
	var lines reportLines
	lines.addLine("network", "%s, %s parameters in %d tensors", r.Network, thousands.Text(r.Parameters), r.Tensors)
	if r.Prefix != "" {
		lines.addLine("prefix", "%q before every name, dropped", r.Prefix)
	}
	if r.LeftOut > 0 {
		lines.addLine("left out", "%s other tensors", thousands.Text(r.LeftOut))
	}
	lines.addLine("from", "%s", r.From)
	lines.addLine("", "SHA-256 %s", r.FromSHA256)
	lines.addLine("to", "%s", r.To)
	lines.addLine("", "SHA-256 %s", r.ToSHA256)
	return lines
}

func convertCommand() *cobra.Command {
	var name string
	var force bool
	c := &cobra.Command{
		Use:   "convert FROM TO.safetensors",
		Short: "write released weights as safetensors, by their official names",
		Long: `convert reads the weights of a network from PyTorch, Flax or safetensors files,
and writes them as safetensors, by the names and in the layout of the official
PyTorch code. Nothing in a file is executed.

It finds out by itself which network a file holds; with --network you say which
it should be. All tensors of the network must be there, in the right shape, and
no other: if something does not fit, the error says what. It takes the averaged
weights of W-Flow's state files. If all names have a prefix, such as module. or
state_dict.model., it drops the prefix, and leaves out tensors without it.`,
		Example: `  wflow convert state_00030000.pt generator.safetensors
  wflow convert --network vae diffusion_pytorch_model.bin vae.safetensors`,
		Args:              exactly(2),
		ValidArgsFunction: completeFiles(2, cobra.ShellCompDirectiveDefault),
		RunE: func(c *cobra.Command, arguments []string) error {
			return convert(c, arguments[0], arguments[1], name, force)
		},
	}
	c.Flags().StringVar(&name, "network", "", "which `network` it is: "+networkNames())
	completeFlag(c, "network", completeNetworks()...)
	c.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	return c
}

func convert(c *cobra.Command, from, to, name string, force bool) (err error) {
	var n network
	if name != "" {
		if n, err = networkNamed(name); err != nil {
			return err
		}
	}
	f, done, err := open(c.Context(), from)
	if err != nil {
		return err
	}
	defer done()
	defer func() {
		if unreadable := f.Unreadable(); err != nil && unreadable != nil {
			err = fmt.Errorf("%w\n%w", unreadable, err)
		}
	}()
	if err := vacant(from, to, force); err != nil {
		return err
	}
	var v *hub.View
	if name == "" {
		var misfit *hub.MisfitError
		n, v, misfit = recognise(f)
		switch {
		case misfit != nil:
			return fmt.Errorf("%s: the weights of none of %s; %s", from, networkNames(), n.differs(misfit))
		case v == nil:
			return fmt.Errorf("%s: the weights of none of %s: with --network the error tells what does not fit", from, networkNames())
		}
	} else if v, err = n.view(f); err != nil {
		return err
	}
	b := newBar(c.ErrOrStderr(), "converting", true)
	err = v.WriteSafetensors(to, hub.F32, b.set)
	b.end()
	if err != nil {
		return err
	}
	r := conversion{From: from, To: to, Network: n.what, Prefix: v.Prefix(), LeftOut: len(f.Tensors()) - len(n.table), Tensors: len(n.table), Parameters: n.table.Size()}
	written, done, err := open(c.Context(), to)
	if err != nil {
		return err
	}
	defer done()
	r.FromSHA256 = written.Meta()["source_sha256"]
	if r.ToSHA256, err = checksum(c, to, written); err != nil {
		return err
	}
	return report(c, r)
}

// vacant returns an error, before the work begins, if there is no place to write a file to.
func vacant(from, to string, force bool) error {
	source, err := os.Stat(from)
	if err != nil {
		return err
	}
	there, err := os.Stat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(to)); err != nil {
			return missing(to, err)
		}
		return nil
	case err != nil:
		return err
	case os.SameFile(source, there):
		return fmt.Errorf("%s is what it reads: want another name to write to", to)
	case !there.Mode().IsRegular():
		return fmt.Errorf("%s is there and no file: want another name to write to", to)
	case !force:
		return fmt.Errorf("%s is there already: --force writes over it", to)
	}
	return nil
}
