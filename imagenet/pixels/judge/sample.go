package judge

import (
	"context"

	"github.com/wflowlab/wflowlab/imagenet/sample"
)

// Sample makes some images of each digit with a generator, at a guidance scale, with noise of a seed. Numbers beyond −1 and 1 are
// clipped, as they are in a picture.
func Sample(ctx context.Context, s *sample.Sampler, alpha float64, each int, seed uint64) (Images, error) {
	q := sample.Sequence{Each: each, Alpha: alpha, Temperature: 1, Seed: seed}
	for class := range Classes {
		q.Classes = append(q.Classes, class)
	}
	var m Images
	all := make([]int, q.Len())
	for i := range all {
		all[i] = i
		m.Labels = append(m.Labels, q.Class(i))
	}
	err := s.Make(ctx, q, all, func(_ []int, made []float32) error {
		for _, v := range made {
			m.Numbers = append(m.Numbers, min(max(v, -1), 1))
		}
		return nil
	})
	return m, err
}
