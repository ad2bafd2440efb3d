package train

import (
	"github.com/wflowlab/wflowlab/imagenet/bank"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Order deals a data set of n images in batches: all images in each epoch, in another order each time, half of them mirrored. The
// last images of an epoch, fewer than a batch, are left out. Batch k is a function of the seed and of k, so that it is the same for
// every number of devices and of processes, and after every interruption.
type Order struct {
	n, batch int
	seed     uint64

	epoch int // of rows
	rows  []int
}

// NewOrder returns the order of n images in batches. There must be enough for one batch.
func NewOrder(n, batch int, seed uint64) *Order { return &Order{n: n, batch: batch, seed: seed} }

// perEpoch returns the number of batches of an epoch.
func (o *Order) perEpoch() int { return o.n / o.batch }

// Images returns batch k of the training.
func (o *Order) Images(k int) []bank.Image {
	epoch, at := k/o.perEpoch(), k%o.perEpoch()*o.batch
	if o.rows == nil || o.epoch != epoch {
		o.epoch, o.rows = epoch, stream.New(o.seed, "order").Perm(uint64(epoch), o.n)
	}
	mirror := stream.New(o.seed, "mirror").Sub(uint64(epoch))
	images := make([]bank.Image, o.batch)
	for i, row := range o.rows[at : at+o.batch] {
		images[i] = bank.Image{Row: row, Mirrored: mirror.Uniform(uint64(at+i)) >= 0.5}
	}
	return images
}
