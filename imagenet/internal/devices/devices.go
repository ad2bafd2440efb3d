// Package devices spreads the work of a graph over several devices of an engine. Every device has all weights, and computes
// a share of what lies along the first axis of the inputs: of images, or of classes.
package devices

import (
	"fmt"

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

// Deal makes an executor compute on the devices. Each gives its share of the outputs, along their first axis.
func (s Set) Deal(e *model.Exec) { s.use(e, s.dealt) }

func (s Set) use(e *model.Exec, outputs *distributed.ShardingSpec) {
	if s.mesh != nil {
		e.AutoSharding(s.mesh).WithOutputShardingSpecs(outputs)
	}
}

// Call runs a graph. Its first inputs, common of them, are the same for all devices; the others are dealt along their first
// axis, whose length the devices must divide. The outputs of the first device come first, then those of the second, and so on.
func (s Set) Call(e *model.Exec, common int, inputs []*tensors.Tensor) ([]*tensors.Tensor, error) {
	args := make([]any, len(inputs))
	specs := make([]*distributed.ShardingSpec, len(inputs))
	for i, input := range inputs {
		if args[i] = input; s.mesh == nil {
			continue
		}
		if specs[i] = s.dealt; i < common {
			specs[i] = s.all
		}
		shards, err := dtensor.ShardTensor(specs[i], input)
		if err != nil {
			return nil, err
		}
		args[i] = shards
	}
	if s.mesh != nil {
		e.WithInputShardingSpecs(specs...)
	}
	return e.Call(args...)
}
