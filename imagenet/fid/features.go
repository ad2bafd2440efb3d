package fid

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/finite"
)

// Features are the numbers that the network sees in n images, Columns of each: an array [n, Columns], row by row. The network computes
// in float32. Measures take float64 too.
type Features[T float32 | float64] struct {
	Columns int
	Values  []T
}

// Len returns the number of images.
func (f Features[T]) Len() int { return len(f.Values) / max(f.Columns, 1) }

// Row returns the features of image i.
func (f Features[T]) Row(i int) []T { return f.Values[i*f.Columns : (i+1)*f.Columns] }

// check returns an error if the values are no array of that many columns, or if one of them is no number.
func (f Features[T]) check(what string) error {
	if f.Columns < 1 || len(f.Values)%f.Columns != 0 {
		return fmt.Errorf("fid: %s: %d numbers for rows of %d", what, len(f.Values), f.Columns)
	}
	if err := finite.Check(f.Values); err != nil {
		return fmt.Errorf("fid: %s: %w", what, err)
	}
	return nil
}

// rows returns some rows in float64.
func (f Features[T]) rows(which []int) *mat.Dense {
	m := mat.NewDense(len(which), f.Columns, nil)
	for i, row := range which {
		to := m.RawRowView(i)
		for k, v := range f.Row(row) {
			to[k] = float64(v)
		}
	}
	return m
}
