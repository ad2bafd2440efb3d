package fid

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/internal/parallel"
)

// Neighbour is an image of a set, and its squared distance to another image in the space of features.
type Neighbour struct {
	Index  int
	Square float64
}

// Neighbours returns the k nearest images of a set for each of some images, the nearest first. Of equally near ones the first
// comes first. It is a way to see whether a generator copies its training data.
func Neighbours[T float32 | float64](ctx context.Context, backend compute.Backend, of, among Features[T], k int) ([][]Neighbour, error) {
	if err := errors.Join(of.check("images"), among.check("set")); err != nil {
		return nil, err
	}
	if of.Columns != among.Columns {
		return nil, fmt.Errorf("fid: features of %d and of %d numbers, want as many", of.Columns, among.Columns)
	}
	if k < 1 || k > among.Len() {
		return nil, fmt.Errorf("fid: %d nearest of %d images, want 1 to %d", k, among.Len(), among.Len())
	}
	return newPairs(backend, of, among).nearest(ctx, k, false)
}

// nearest returns the k nearest rows of y of each row of x. If others is true, x and y are the same set, and a row is not its own
// neighbour.
func (p pairs[T]) nearest(ctx context.Context, k int, others bool) ([][]Neighbour, error) {
	all := make([]candidates, p.x.Len())
	for i := range all {
		all[i].uppers = slices.Repeat([]float32{float32(math.Inf(1))}, k)
	}
	s := slack(p.x.Columns)
	err := p.each(ctx, func(b block) {
		parallel.Each(context.Background(), len(b.normsX), func(i int) {
			c := &all[b.row+i]
			squares := b.squares[i*len(b.normsY):]
			for j, norm := range b.normsY {
				if off := s * (b.normsX[i] + norm); squares[j]-off <= c.bound() && !(others && b.row+i == b.column+j) {
					c.add(b.column+j, squares[j]-off, squares[j]+off)
				}
			}
		})
	})
	if err != nil {
		return nil, err
	}
	near := make([][]Neighbour, len(all))
	parallel.Each(context.Background(), len(all), func(i int) {
		all[i].prune()
		for _, c := range all[i].list {
			near[i] = append(near[i], Neighbour{c.index, p.square(i, c.index)})
		}
		slices.SortFunc(near[i], func(a, b Neighbour) int {
			return cmp.Or(cmp.Compare(a.Square, b.Square), cmp.Compare(a.Index, b.Index))
		})
		near[i] = slices.Clone(near[i][:k])
	})
	return near, nil
}

// candidates are the rows that may be among the k nearest of a row, as far as the rounded distances tell.
type candidates struct {
	uppers []float32 // the k smallest upper bounds of distances, the largest last
	list   []candidate
}

type candidate struct {
	index int
	lower float32 // bound of the squared distance
}

// bound returns what the squared distance of the k-th nearest is not above.
func (c *candidates) bound() float32 { return c.uppers[len(c.uppers)-1] }

func (c *candidates) add(index int, lower, upper float32) {
	c.list = append(c.list, candidate{index, lower})
	if upper < c.bound() {
		at, _ := slices.BinarySearch(c.uppers, upper)
		copy(c.uppers[at+1:], c.uppers[at:])
		c.uppers[at] = upper
	}
	if len(c.list) == cap(c.list) {
		c.prune()
	}
}

// prune removes what is surely farther than the k-th nearest.
func (c *candidates) prune() {
	c.list = slices.DeleteFunc(c.list, func(o candidate) bool { return o.lower > c.bound() })
}
