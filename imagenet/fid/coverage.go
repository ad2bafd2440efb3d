package fid

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/internal/parallel"
)

// Coverage says which samples lie where real images are, and which real images lie where samples are. Around each image of a set
// there is a ball, which reaches to its k-th nearest other one. A set is where its balls are.
type Coverage struct {
	Inside  []bool // for each sample, whether it lies in a ball of the reference
	Covered []bool // for each image of the reference, whether it lies in a ball of the samples
}

// Precision returns the share of samples that lie inside the reference: how good they are.
func (c Coverage) Precision() float64 { return share(c.Inside) }

// Recall returns the share of the reference that the samples cover: how many kinds there are.
func (c Coverage) Recall() float64 { return share(c.Covered) }

func share(of []bool) float64 {
	n := 0
	for _, is := range of {
		if is {
			n++
		}
	}
	return float64(n) / float64(len(of))
}

// Cover returns the coverage of a reference by samples, with balls to the k-th nearest; usual is k = 3. The border belongs to a ball.
// Distances are decided as float64 decides. It stops soon when the context is done.
//
// Source: Kynkäänniemi et al., Improved Precision and Recall Metric for Assessing Generative Models (2019).
func Cover[T float32 | float64](ctx context.Context, backend compute.Backend, samples, reference Features[T], k int) (Coverage, error) {
	if err := errors.Join(samples.check("samples"), reference.check("reference")); err != nil {
		return Coverage{}, err
	}
	if samples.Columns != reference.Columns {
		return Coverage{}, fmt.Errorf("fid: samples with %d features and a reference with %d, want as many", samples.Columns, reference.Columns)
	}
	if n := min(samples.Len(), reference.Len()); k < 1 || k >= n {
		return Coverage{}, fmt.Errorf("fid: balls to the nearest image number %d of %d samples and a reference of %d, want 1 to %d", k, samples.Len(), reference.Len(), n-1)
	}
	ofSamples, err := radii(ctx, backend, samples, k)
	if err != nil {
		return Coverage{}, err
	}
	ofReference, err := radii(ctx, backend, reference, k)
	if err != nil {
		return Coverage{}, err
	}
	c := Coverage{make([]bool, samples.Len()), make([]bool, reference.Len())}
	p, s := newPairs(backend, samples, reference), slack(samples.Columns)
	within := func(i, j int, square, off float32, radius float64) bool {
		switch {
		case float64(square)+float64(off) <= radius:
			return true
		case float64(square)-float64(off) > radius:
			return false
		default:
			return p.square(i, j) <= radius
		}
	}
	err = p.each(ctx, func(b block) {
		columns := len(b.normsY)
		parallel.Each(context.Background(), len(b.normsX), func(i int) {
			inside := &c.Inside[b.row+i]
			for j := 0; j < columns && !*inside; j++ {
				*inside = within(b.row+i, b.column+j, b.squares[i*columns+j], s*(b.normsX[i]+b.normsY[j]), ofReference[b.column+j])
			}
		})
		parallel.Each(context.Background(), columns, func(j int) {
			covered := &c.Covered[b.column+j]
			for i := 0; i < len(b.normsX) && !*covered; i++ {
				*covered = within(b.row+i, b.column+j, b.squares[i*columns+j], s*(b.normsX[i]+b.normsY[j]), ofSamples[b.row+i])
			}
		})
	})
	return c, err
}

// radii returns the squared distance of each image to the k-th nearest other image.
func radii[T float32 | float64](ctx context.Context, backend compute.Backend, f Features[T], k int) ([]float64, error) {
	near, err := newPairs(backend, f, f).nearest(ctx, k, true)
	if err != nil {
		return nil, err
	}
	r := make([]float64, len(near))
	for i, n := range near {
		r[i] = n[k-1].Square
	}
	return r, nil
}
