package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/nearest"
)

// network is one whose weights are released.
type network struct {
	name, what string
	table      weights.Table
	naming     hub.Naming // of the release
}

// networks returns all of them.
func networks() []network {
	list := []network{
		{"dit-b", "generator B/2", dit.B().Table(), hub.WFlow},
		{"dit-l", "generator L/2", dit.L().Table(), hub.WFlow},
		{"dit-xl", "generator XL/2", dit.XL().Table(), hub.WFlow},
	}
	for _, width := range []int{128, 256, 640} {
		list = append(list, network{fmt.Sprintf("mae-%d", width), fmt.Sprintf("ResNet-MAE of width %d", width), mae.Released(width).Table(), hub.Drifting})
	}
	return append(list, network{"vae", "autoencoder sd-vae-ft-mse", vae.StableDiffusion().Table(), hub.SDVAE})
}

func networkNames() string {
	var names []string
	for _, n := range networks() {
		names = append(names, n.name)
	}
	return strings.Join(names, ", ")
}

// networkNamed returns a network by its name.
func networkNamed(name string) (network, error) {
	for _, n := range networks() {
		if n.name == name {
			return n, nil
		}
	}
	return network{}, misuse{fmt.Errorf("no network %q, there are %s%s", name, networkNames(), nearest.Hint(name, strings.Split(networkNames(), ", ")))}
}

// view returns the network's tensors in a file, by the names of its release or by the official ones that convert writes.
func (n network) view(f *hub.File) (*hub.View, error) {
	v, err := f.View(n.naming, n.table)
	if err == nil {
		return v, nil
	}
	v, official := f.View(hub.Official, n.table)
	if official == nil {
		return v, nil
	}
	released := func(t hub.Tensor) bool { _, ok := n.naming(t); return ok }
	if !slices.ContainsFunc(f.Tensors(), released) {
		err = official // which says more than that all is missing
	}
	return nil, err
}

// recognise returns the network whose weights a file holds, and false if it is none of those known.
func recognise(f *hub.File) (network, *hub.View, bool) {
	for _, n := range networks() {
		if v, err := n.view(f); err == nil {
			return n, v, true
		}
	}
	return network{}, nil, false
}
