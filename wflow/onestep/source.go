package onestep

import (
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Source is an endless sequence of samples: it returns samples first … first+n−1 as the rows of [n, d]. It is a pure
// function, so that a resumed run sees what an uninterrupted one would have seen. Train calls it while the step before is taken, so it
// may run beside Report. The method Draw of a toy.Distribution is a Source.
type Source func(s stream.Stream, first, n int) *mat.Dense

// Deck returns the source that deals the rows of points [m, d] like cards: all of them in random order, then all again
// in another. Consecutive samples repeat a row only across the end of a deck.
func Deck(points *mat.Dense) Source {
	m, d := points.Dims()
	return func(s stream.Stream, first, n int) *mat.Dense {
		x := mat.NewDense(n, d, nil)
		var order []int
		for k := range n {
			i := first + k
			if k == 0 || i%m == 0 {
				order = s.Perm(uint64(i/m), m)
			}
			x.SetRow(k, points.RawRowView(order[i%m]))
		}
		return x
	}
}
