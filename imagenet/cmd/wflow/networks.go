package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/nearest"
)

// network is a network whose weights are released.
type network struct {
	name, what string
	table      weights.Table
	naming     hub.Naming // of the released file
}

// networks returns all networks whose weights are released.
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

// view returns the network's tensors in a file that has the names of the release, or the official ones that convert writes.
// If neither fits, the error is the one that lists fewer differences.
func (n network) view(f *hub.File) (*hub.View, error) {
	v, err := f.View(n.naming, n.table)
	if err == nil {
		return v, nil
	}
	tensors, released := f.Tensors(), 0
	for _, t := range tensors {
		if _, ok := n.naming(t); ok {
			released++
		}
	}
	if 0 < released && released < len(tensors) { // the naming chose: what it left is not the network
		return nil, err
	}
	v, official := f.View(hub.Official, n.table)
	if official == nil {
		return v, nil
	}
	a, ok := errors.AsType[*hub.MisfitError](err)
	b, misfit := errors.AsType[*hub.MisfitError](official)
	if released == 0 || ok && misfit && b.Problems() < a.Problems() {
		err = official
	}
	return nil, err
}

// recognise returns the network whose weights a file holds, with the view of them. If they are of no known network, there is
// no view. It then returns the nearest network and how the file differs from that, or no misfit if no network is near.
func recognise(f *hub.File) (nearest network, v *hub.View, misfit *hub.MisfitError) {
	for _, n := range networks() {
		v, err := n.view(f)
		if err == nil {
			return n, v, nil
		}
		if m, ok := errors.AsType[*hub.MisfitError](err); ok && m.Near() && (misfit == nil || m.Problems() < misfit.Problems()) {
			nearest, misfit = n, m
		}
	}
	return nearest, nil, misfit
}

// differs says how a file differs from the network that it is nearest to.
func (n network) differs(m *hub.MisfitError) string {
	return fmt.Sprintf("nearest is %s, %s, but %s", n.name, n.what, m.Differences())
}
