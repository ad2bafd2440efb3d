package steps

import (
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
	"github.com/gomlx/gomlx/ml/model"
)

// devices are those of one process. Each has all weights, and computes a share of what a graph has along the first axes of its
// inputs.
type devices struct {
	mesh  *distributed.DeviceMesh // nil: one device
	all   *distributed.ShardingSpec
	dealt *distributed.ShardingSpec
}

// spread returns the first n devices.
func spread(n int) (d devices, err error) {
	if n == 1 {
		return d, nil
	}
	if d.mesh, err = distributed.NewDeviceMesh([]int{n}, []string{"devices"}); err != nil {
		return d, err
	}
	d.all = distributed.NewReplicatedShardingSpec(d.mesh)
	d.dealt, err = distributed.BuildSpec(d.mesh).S("devices").Done()
	return d, err
}

// use makes an executor compute on the devices.
func (d devices) use(e *model.Exec) {
	if d.mesh != nil {
		e.AutoSharding(d.mesh).WithOutputShardingSpecs(d.all)
	}
}

// call runs a graph. Its first inputs, common of them, are whole on every device; the others are dealt along their first axis.
func (d devices) call(e *model.Exec, common int, inputs []*tensors.Tensor) ([]*tensors.Tensor, error) {
	args := make([]any, len(inputs))
	specs := make([]*distributed.ShardingSpec, len(inputs))
	for i, input := range inputs {
		if args[i] = input; d.mesh == nil {
			continue
		}
		if specs[i] = d.dealt; i < common {
			specs[i] = d.all
		}
		shards, err := dtensor.ShardTensor(specs[i], input)
		if err != nil {
			return nil, err
		}
		args[i] = shards
	}
	if d.mesh != nil {
		e.WithInputShardingSpecs(specs...)
	}
	return e.Call(args...) // with several devices, the outputs of the others follow those of the first
}
