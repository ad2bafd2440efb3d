package train

import (
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
	"github.com/gomlx/gomlx/ml/model"
)

// devices are those of one process. Each computes a share of the classes of a graph; each has all weights.
type devices struct {
	mesh    *distributed.DeviceMesh // nil: one device
	all     *distributed.ShardingSpec
	byClass *distributed.ShardingSpec
}

// spread returns the first n devices.
func spread(n int) (d devices, err error) {
	if n == 1 {
		return d, nil
	}
	if d.mesh, err = distributed.NewDeviceMesh([]int{n}, []string{"classes"}); err != nil {
		return d, err
	}
	d.all = distributed.NewReplicatedShardingSpec(d.mesh)
	d.byClass, err = distributed.BuildSpec(d.mesh).S("classes").Done()
	return d, err
}

// use makes executors compute on the devices.
func (d devices) use(executors ...*model.Exec) error {
	if d.mesh == nil {
		return nil
	}
	for _, e := range executors {
		e.AutoSharding(d.mesh).WithOutputShardingSpecs(d.all)
	}
	return nil
}

// call runs a graph. Its first inputs, common of them, are the same for all devices; the others are dealt along their first
// axis, that of classes.
func (d devices) call(e *model.Exec, common int, inputs []*tensors.Tensor) ([]*tensors.Tensor, error) {
	args := make([]any, len(inputs))
	specs := make([]*distributed.ShardingSpec, len(inputs))
	for i, input := range inputs {
		if args[i] = input; d.mesh == nil {
			continue
		}
		if specs[i] = d.byClass; i < common {
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
