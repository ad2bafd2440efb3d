// Package devices spreads the work of a graph over several devices of an engine. Every device has all weights, and computes
// a share of what lies along the first axis of the inputs: of images, or of classes.
package devices

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
	"github.com/gomlx/gomlx/ml/model"
)

// Set is the first devices of an engine.
type Set struct {
	mesh  *distributed.DeviceMesh // nil: one device
	all   *distributed.ShardingSpec
	dealt *distributed.ShardingSpec // along the first axis
}

// First returns the first n devices of an engine. It is an error if the engine has fewer.
func First(backend compute.Backend, n int) (s Set, err error) {
	if most := int(backend.NumDevices()); n < 1 || n > most {
		return s, fmt.Errorf("%d devices, want 1 to %d, which the engine has", n, most)
	}
	if n == 1 {
		return s, nil
	}
	if s.mesh, err = distributed.NewDeviceMesh([]int{n}, []string{"devices"}); err != nil {
		return s, err
	}
	s.all = distributed.NewReplicatedShardingSpec(s.mesh)
	s.dealt, err = distributed.BuildSpec(s.mesh).S("devices").Done()
	return s, err
}

// Replicate makes an executor compute on the devices. Its outputs are the same on each.
func (s Set) Replicate(e *model.Exec) { s.use(e, s.all) }

// Deal makes an executor compute on the devices. Its first outputs, common of them, are the same on each. Of the others each
// gives its share, along their first axis.
func (s Set) Deal(e *model.Exec, common int) {
	s.use(e, append(slices.Repeat([]*distributed.ShardingSpec{s.all}, common), s.dealt)...)
}

func (s Set) use(e *model.Exec, outputs ...*distributed.ShardingSpec) {
	if s.mesh != nil {
		e.AutoSharding(s.mesh).WithOutputShardingSpecs(outputs...)
	}
}

// Dealt returns the outputs of Call behind the first, common of them, as inputs for another Call: those of which each device gave
// its share. They stay where they are.
func (s Set) Dealt(outputs []*tensors.Tensor, common int) ([]Array, error) {
	if s.mesh == nil {
		return Arrays(outputs[common:]), nil
	}
	each := len(outputs) / s.mesh.NumDevices()
	list := make([]Array, each-common)
	for i := range list {
		var shares []*tensors.Tensor
		for first := common + i; first < len(outputs); first += each {
			shares = append(shares, outputs[first])
		}
		whole, err := dtensor.NewTensor(s.dealt, shares)
		if err != nil {
			return nil, err
		}
		list[i] = whole
	}
	return list, nil
}

// Array is an input of a graph: a *tensors.Tensor, or an output of another graph that [Set.Dealt] made an input.
type Array interface{ FinalizeAll() error }

// Arrays returns tensors as inputs.
func Arrays(list []*tensors.Tensor) []Array {
	arrays := make([]Array, len(list))
	for i, x := range list {
		arrays[i] = x
	}
	return arrays
}

// Call runs a graph. Its first inputs, common of them, are the same for all devices; the others are dealt along their first
// axis, whose length the devices must divide. The outputs of the first device come first, then those of the second, and so on.
func (s Set) Call(e *model.Exec, common int, inputs []Array) ([]*tensors.Tensor, error) {
	args := make([]any, len(inputs))
	specs := make([]*distributed.ShardingSpec, len(inputs))
	for i, input := range inputs {
		if args[i] = input; s.mesh == nil {
			continue
		}
		if specs[i] = s.dealt; i < common {
			specs[i] = s.all
		}
		if whole, ok := input.(*tensors.Tensor); ok {
			shards, err := dtensor.ShardTensor(specs[i], whole)
			if err != nil {
				return nil, err
			}
			args[i] = shards
		}
	}
	if s.mesh != nil {
		e.WithInputShardingSpecs(specs...)
	}
	return e.Call(args...)
}
