package softmin

import (
	"math"
	"slices"
)

// Store computes all c_ij once and for all until the next Scale: for clouds so small that this is little memory.
func (s *Sum[T]) Store() {
	k := kernelsOf[T]()
	m := len(s.h)
	s.stored = slices.Grow(s.stored[:0], len(s.shift)*m)[:len(s.shift)*m]
	for row := 0; row < len(s.shift); row += groupRows {
		s.costs(k, row, s.targets, 0, s.stored[row*m:(row+groupRows)*m])
	}
}

// storeTransposed stores the costs that other has stored, the Sum of the opposite direction. It needs no points.
func (s *Sum[T]) storeTransposed(other *Sum[T]) {
	n, m, from := len(s.shift), len(s.h), len(other.h)
	s.stored = slices.Grow(s.stored[:0], n*m)[:n*m]
	for j := range len(other.x) / s.d {
		for i, c := range other.stored[j*from:][:len(other.y)/s.d] {
			s.stored[i*m+j] = c
		}
	}
	s.referred = false
}

// scores writes −c_ij for a group of rows from row on and the targets y from column on.
func (s *Sum[T]) scores(k *kernels[T], row int, y []T, column int, w *scratch[T]) []T {
	m := len(y) / s.d
	scores := w.scores[:groupRows*m]
	if len(s.stored) > 0 {
		for r := range groupRows {
			copy(scores[r*m:(r+1)*m], s.stored[(row+r)*len(s.h)+column:])
		}
		return scores
	}
	s.costs(k, row, y, column, scores)
	return scores
}

// costs writes −c_ij for a group of rows from row on and the targets y from column on.
func (s *Sum[T]) costs(k *kernels[T], row int, y []T, column int, scores []T) {
	m := len(y) / s.d
	k.scores(s.sources[row*s.d:], y, s.d, scores)
	if s.root {
		k.root(scores)
	}
	if s.mask {
		for r := range groupRows {
			if j := row + r - column; j >= 0 && j < m {
				scores[r*m+j] = T(math.Inf(-1))
			}
		}
	}
}
