package softmin

import (
	"math"
	"sync/atomic"
)

// Sum evaluates the sums of one direction, from sources x_i to targets y_j, in precision T.
type Sum[T Float] struct {
	team       *Team
	root, mask bool
	d          int
	x, y       []float64 // the points as they came
	sources    []T       // [n rounded up to groupRows, d]
	targets    []T       // [vectors, d, lanes]
	h          []T       // [vectors·lanes], −Inf beyond the last target
	shift      []T       // [n rounded up to groupRows]: what is added to a row's scores
	referred   bool      // the shifts belong to h
	moved      float64   // how far h may have moved since, in powers of two
	stored     []T       // [rows, columns]: the scores −c_ij, after Store
	kept       *kept[T]  // if it keeps its terms
	scratch    []scratch[T]
	opposite   *opposite[T]                  // once LogSums has been called
	massless   bool                          // some h is −Inf
	highest    float64                       // the largest of the other h, in size
	redone     atomic.Bool                   // some row has been done by redo since this was cleared
	out        []float64                     // where LogSum writes
	logSums    func(first, last, worker int) // its work, made once so that iterations allocate nothing
	keptSums   func(first, last, worker int) // the same where terms are kept
	references func(first, last, worker int) // the work before it, where there are no references
}

// scratch is what one worker writes to.
type scratch[T Float] struct {
	scores      []T
	sum, moment []float64
}

// reach is how far, in powers of two, h may move while the last results still serve as references.
const reach = 40

// tile is the number of vectors of targets that are worked on together. They stay in the first-level cache while the
// rows of a share pass, and a lane adds up no more terms than these before float64 takes over.
const tile = 64

// New returns the sums from the rows of x [n, d] to those of y [m, d] for costs ‖x−y‖², or ‖x−y‖ with root. With mask the
// pairs (i, i) are left out. Scale and SetScores are to be called before any result is asked for.
func New[T Float](x, y []float64, d int, root, mask bool, team *Team) *Sum[T] {
	s := &Sum[T]{team: team, root: root, mask: mask, d: d, x: x, y: y}
	n, w := len(x)/d, lanes[T]()
	rows := (n + groupRows - 1) / groupRows * groupRows
	columns := (len(y)/d + w - 1) / w * w
	s.sources, s.shift = make([]T, rows*d), make([]T, rows)
	s.targets, s.h = make([]T, columns*d), make([]T, columns)
	for j := range s.h {
		s.h[j] = T(math.Inf(-1))
	}
	s.scratch = make([]scratch[T], team.workers)
	for k := range s.scratch {
		s.scratch[k] = scratch[T]{make([]T, groupRows*min(tile*w, columns)), make([]float64, share), make([]float64, share*d)}
	}
	s.logSums = func(first, last, worker int) {
		w := &s.scratch[worker]
		s.answer(first, last-first, s.sums(first, last, w), s.shift[first:], w)
	}
	s.references = func(first, last, worker int) { s.refer(kernelsOf[T](), first, last, &s.scratch[worker]) }
	s.keptSums = func(first, last, worker int) {
		for row := first; row < last; row += groupRows {
			sum, shift := s.group(row, s.kept.terms[row*columns:][:groupRows*columns], true, &s.scratch[worker])
			s.answer(row, min(groupRows, last-row), sum, shift, &s.scratch[worker])
		}
	}
	return s
}

// Scale multiplies the points by a factor, which makes c the cost in units of ε ln 2. Coordinates beyond 10¹⁸ in float32, or
// 10¹⁵⁰ in float64, become that number, so that their squares are finite.
func (s *Sum[T]) Scale(factor float64) {
	for i, v := range s.x {
		s.sources[i] = bounded[T](v * factor)
	}
	w, d := lanes[T](), s.d
	for first := 0; first < len(s.y); first += w * d { // a vector of targets
		points, vector := s.y[first:min(first+w*d, len(s.y))], s.targets[first:first+w*d]
		for lane := 0; lane*d < len(points); lane++ {
			for k, v := range points[lane*d : (lane+1)*d] {
				vector[k*w+lane] = bounded[T](v * factor)
			}
		}
	}
	s.referred, s.stored = false, s.stored[:0]
	if s.kept != nil {
		s.kept.state = toBeMade
	}
}

// bounded returns v, or the largest coordinate there is.
func bounded[T Float](v float64) T {
	most := 1e150
	if size[T]() == 4 {
		most = 1e18
	}
	return T(max(-most, min(v, most)))
}

// SetScores sets the h of all targets [m].
func (s *Sum[T]) SetScores(h []float64) {
	up, down := 0.0, 0.0
	s.massless, s.highest = false, 0
	for j, v := range h {
		s.massless = s.massless || math.IsInf(v, -1)
		if size := math.Abs(v); size > s.highest && !math.IsInf(v, -1) {
			s.highest = size
		}
		was := float64(s.h[j])
		s.h[j] = T(v)
		if move := float64(s.h[j]) - was; move > up {
			up = move
		} else if move < down {
			down = move
		}
	}
	// Scores that are −Inf before and after make no move: NaN is neither greater nor less.
	s.moved += max(up, -down)
	s.referred = s.referred && s.moved <= reach
	if s.kept != nil {
		s.kept.move(h)
	}
}

// Expect sets the references of the present h to logSum, which is about what LogSum would answer. That saves a pass.
func (s *Sum[T]) Expect(logSum []float64) {
	for i, v := range logSum {
		s.shift[i] = T(-v)
	}
	s.referred, s.moved = true, 0
}

// LogSum writes L_i = log2 Σ_j 2^(h_j − c_ij) for all rows [n], to the rounding of their scores, whatever these are. It is
// −Inf where no target has mass or is in reach, and never NaN.
func (s *Sum[T]) LogSum(dst []float64) {
	s.out = dst
	if s.keeps() {
		s.team.Each(len(dst), len(s.h), s.keptSums)
		s.kept.settle()
		s.moved = 0
		return
	}
	s.team.Each(len(dst), len(s.h), s.logSums)
	s.referred, s.moved = true, 0
}

// group returns the sums of the group of rows that begins at row, and the shifts that they were made with. It writes their
// terms to terms [groupRows, columns], tile by tile. With keeps, and once the kept kernel is ready, it reads them there.
func (s *Sum[T]) group(row int, terms []T, keeps bool, w *scratch[T]) (sum []float64, shift []T) {
	k := kernelsOf[T]()
	sum = w.sum[:groupRows]
	clear(sum)
	if keeps && s.kept.state == ready {
		part := w.moment[:groupRows]
		s.tiles(func(_, h []T, column int) {
			k.rowSums(terms[groupRows*column:][:groupRows*len(h)], s.kept.ratio[column:][:len(h)], part)
			for r, v := range part {
				sum[r] += v
			}
		})
		return sum, s.kept.shift[row:]
	}
	s.tiles(func(y, h []T, column int) {
		terms := terms[groupRows*column:][:groupRows*len(h)]
		if s.fused() {
			k.terms[s.d](s.sources[row*s.d:], y, h, s.shift[row:], terms, sum)
		} else {
			copy(terms, s.scores(k, row, y, column, w))
			k.weigh(terms, h, s.shift[row:], sum)
		}
	})
	return sum, s.shift[row:]
}

// answer writes L_i of count rows from row on, whose sums were made with these shifts, and makes every L_i the reference of
// its row.
func (s *Sum[T]) answer(row, count int, sum []float64, shift []T, w *scratch[T]) {
	for r := range count {
		l := Log2(sum[r]) - float64(shift[r])
		if !s.resolves(float64(shift[r])) || !s.resolves(l) {
			l = s.redo(row+r, w, nil)
		}
		s.out[row+r], s.shift[row+r] = l, T(-l)
	}
	s.pad(row + count)
}

// pad gives the rows that only complete the last group the reference of the last row, so that their terms are numbers.
func (s *Sum[T]) pad(rows int) {
	if rows == len(s.out) {
		for i := rows; i < len(s.shift); i++ {
			s.shift[i] = s.shift[rows-1]
		}
	}
}

// fused tells whether there is a kernel that makes scores and sums in one go.
func (s *Sum[T]) fused() bool { return s.d <= unrolled && !s.root && !s.mask && len(s.stored) == 0 }

// tiles calls do with every tile of targets: their points, their h and the index of the first.
func (s *Sum[T]) tiles(do func(y, h []T, first int)) {
	step := tile * lanes[T]()
	for first := 0; first < len(s.h); first += step {
		last := min(first+step, len(s.h))
		do(s.targets[first*s.d:last*s.d], s.h[first:last], first)
	}
}

// sums returns Σ_j 2^(h_j + shift_i − c_ij) for the rows from first to last − 1.
func (s *Sum[T]) sums(first, last int, w *scratch[T]) []float64 {
	k := kernelsOf[T]()
	if !s.referred {
		s.refer(k, first, last, w)
	}
	sum := w.sum[:last-first]
	clear(w.sum)
	if s.fused() {
		s.tiles(func(y, h []T, _ int) { k.sum[s.d](s.sources[first*s.d:], y, h, s.shift[first:], sum) })
		return sum
	}
	if len(s.stored) > 0 && len(s.h) <= tile*lanes[T]() {
		k.sumScores(s.stored[first*len(s.h):], s.h, s.shift[first:], sum)
		return sum
	}
	for row := first; row < last; row += groupRows {
		s.tiles(func(y, h []T, column int) {
			k.sumScores(s.scores(k, row, y, column, w), h, s.shift[row:], w.sum[row-first:][:groupRows])
		})
	}
	return sum
}

// refer makes the largest score of a row its reference, for the rows from first to last − 1.
func (s *Sum[T]) refer(k *kernels[T], first, last int, w *scratch[T]) {
	for row := first; row < last; row += groupRows {
		var largest [groupRows]T
		for r := range largest {
			largest[r] = T(math.Inf(-1))
		}
		s.tiles(func(y, h []T, column int) { k.largest(s.scores(k, row, y, column, w), h, largest[:]) })
		for r, v := range largest {
			s.shift[row+r] = -v
		}
	}
}
