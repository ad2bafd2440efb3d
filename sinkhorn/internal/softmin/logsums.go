package softmin

import "math"

// opposite is where LogSums makes the answers of the opposite direction: sums over sources, one for every target.
type opposite[T Float] struct {
	block   int         // how many sources share one of the totals, whichever worker makes their terms
	total   [][]float64 // for every block [vectors·lanes]
	workers []contribution[T]

	mass  []float64 // what LogSums was called with
	back  []float64
	keeps bool // whether the terms are those that are kept
	h     []T  // what they were made with

	blocks, columns func(first, last, worker int) // the work, made once so that iterations allocate nothing
}

// contribution is what one worker writes to.
type contribution[T Float] struct {
	sum     []T // [vectors·lanes]: of a share of sources
	terms   []T // [groupRows·vectors·lanes]
	scaling []T // [groupRows]
}

const (
	mostBlocks = 32      // as few as share well: each has totals for all targets
	mostTerms  = 1 << 17 // targets beyond which remembering a row's terms is slower than making them twice
	outOfRange = 0x1p-60 // of a mass of 1: a smaller sum may lack terms that float32 does not reach
)

// LogSums writes L_i as LogSum does and, from the same powers, what the opposite direction answers to it, where mass is
// that of the sources [n], of sum 1:
//
//	back_j = log2 Σ_i mass_i 2^(−L_i − c_ij) = log2 Σ_i (mass_i/S_i) w_ij − h_j,   S_i = Σ_j w_ij,
//
// with w_ij the terms of row i. So an iteration, both of whose half-steps need the power of every pair, makes it once.
//
// It returns false, and leaves back undefined, where the terms do not serve: where h is −Inf, where columns are so far
// behind that their terms are out of range, where a row's scores are so large that its terms are not known, and where there
// are more targets than a cache has room for.
func (s *Sum[T]) LogSums(dst, back, mass []float64) bool {
	if s.massless || len(s.h) > mostTerms {
		s.LogSum(dst)
		return false
	}
	if !s.referred {
		s.team.Each(len(dst), len(s.h), s.references)
		s.referred, s.moved = true, 0
	}
	if s.opposite == nil {
		s.opposite = s.newOpposite()
	}
	o := s.opposite
	s.out, o.mass, o.back = dst, mass, back
	o.h, o.keeps = s.h, s.keeps()
	if o.keeps {
		o.h = s.kept.h
	}
	s.redone.Store(false)
	s.team.distribute(len(dst), o.block, len(dst)*len(s.h) >= parallelPairs, o.blocks)
	s.team.Each(len(back), len(o.total), o.columns)
	if o.keeps {
		s.kept.settle()
	}
	s.moved = 0
	if s.redone.Load() {
		return false
	}
	for _, v := range back {
		if math.IsNaN(v) {
			return false
		}
	}
	return true
}

func (s *Sum[T]) newOpposite() *opposite[T] {
	n, m := len(s.shift), len(s.h)
	shares := (n + share - 1) / share
	o := &opposite[T]{block: (shares + mostBlocks - 1) / mostBlocks * share, workers: make([]contribution[T], s.team.workers)}
	o.total = make([][]float64, (n+o.block-1)/o.block)
	for b := range o.total {
		o.total[b] = make([]float64, m)
	}
	for w := range o.workers {
		o.workers[w] = contribution[T]{make([]T, m), make([]T, groupRows*m), make([]T, groupRows)}
	}
	o.blocks = func(first, last, worker int) {
		total := o.total[first/o.block]
		clear(total)
		for ; first < last && s.team.goesOn(); first += share {
			to := &o.workers[worker]
			clear(to.sum)
			s.logSumsOf(first, min(first+share, last), &s.scratch[worker], to)
			kernelsOf[T]().widen(to.sum, total)
		}
	}
	o.columns = func(first, last, _ int) {
		whole := min((last+share-1)/share*share, m) // whole vectors
		total := o.total[0][first:whole]
		for _, other := range o.total[1:] {
			kernelsOf[float64]().widen(other[first:whole], total)
		}
		for j := first; j < last; j++ {
			o.back[j] = math.NaN()
			if v := total[j-first]; v > outOfRange {
				o.back[j] = Log2(v) - float64(o.h[j])
			}
		}
	}
	return o
}

// logSumsOf writes the logarithms of a share of rows, and adds their terms to the opposite sums.
func (s *Sum[T]) logSumsOf(first, last int, w *scratch[T], to *contribution[T]) {
	k, m := kernelsOf[T](), len(s.h)
	for row := first; row < last; row += groupRows {
		terms := to.terms
		if s.opposite.keeps {
			terms = s.kept.terms[row*m:][:groupRows*m]
		}
		sum, shift := s.group(row, terms, s.opposite.keeps, w)
		clear(to.scaling)
		for r := range min(groupRows, last-row) {
			to.scaling[r] = T(s.opposite.mass[row+r] / sum[r])
		}
		s.answer(row, min(groupRows, last-row), sum, shift, w)
		s.tiles(func(_, h []T, column int) {
			k.columnSums(terms[groupRows*column:][:groupRows*len(h)], to.scaling, to.sum[column:][:len(h)])
		})
	}
}
