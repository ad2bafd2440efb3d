package softmin

import "sync"

// kept is the kernel that a Sum keeps: K_ij = 2^(h⁰_j + shift⁰_i − c_ij), where h⁰ and shift⁰ are the h and the shifts at
// which it was made. At another h a sum is then a multiply-add a pair,
//
//	Σ_j 2^(h_j + shift⁰_i − c_ij) = Σ_j K_ij r_j,   r_j = 2^(h_j − h⁰_j),
//
// where a power takes a dozen operations more. When h has moved too far the kernel is made anew, so that answers are those
// of the log domain whatever the scores are.
//
// Source: Schmitzer, Stabilized Sparse Scaling Algorithms for Entropy Regularized Transport Problems (2019), §3.1.
type kept[T Float] struct {
	state    keptState
	terms    []T // [rows, columns], of a group of rows tile by tile
	h, shift []T // h⁰ and shift⁰
	ratio    []T // r, or its logarithm while the kernel has moved
	zeros    []T
	total    [1]float64
}

// keptState is what a kept kernel is good for.
type keptState int

const (
	toBeMade keptState = iota
	moved              // ratio holds h − h⁰
	ready
)

const (
	// mostKept is the memory, in bytes, that a Sum may keep: what the third-level cache of a processor holds.
	mostKept = 32 << 20

	// keptReach is how far, in powers of two, h may be from the h of the references when the kernel is made, and how far it
	// may move while the kernel serves. The sums of rows then stay above 2^−40. In float32 the kernel lacks terms below
	// 2^−126, which are below the rounding of such sums.
	keptReach = 20
)

// Keep makes LogSum and LogSums keep the terms of all pairs for the calls that follow, where these take no more than
// 32 MiB. The memory comes with the first call that knows about how large the answers are, from a call before it, and is
// given back when the team is closed.
func (s *Sum[T]) Keep() {
	if len(s.shift)*len(s.h)*size[T]() <= mostKept {
		s.kept = new(kept[T])
	}
}

// keeps tells whether the present sums are made with the kept kernel, and makes it ready for them.
func (s *Sum[T]) keeps() bool {
	k := s.kept
	if k == nil || !s.referred || s.massless || k.state == toBeMade && s.moved > keptReach {
		return false
	}
	if k.terms == nil {
		k.terms = s.borrow(len(s.shift) * len(s.h))
		k.h, k.shift = make([]T, len(s.h)), make([]T, len(s.shift))
		k.ratio, k.zeros = make([]T, len(s.h)), make([]T, len(s.h))
	}
	switch k.state {
	case toBeMade:
		copy(k.h, s.h)
		copy(k.shift, s.shift)
	case moved:
		kernelsOf[T]().weigh(k.ratio, k.zeros, k.zeros, k.total[:])
		k.state = ready
	}
	return true
}

// settle is called after sums with the kernel. If these sums were the ones that made it, it is ready from now on, and its
// ratios are 1.
func (k *kept[T]) settle() {
	if k.state == toBeMade {
		for j := range k.ratio {
			k.ratio[j] = 1
		}
		k.state = ready
	}
}

// move prepares the kernel for sums at another h.
func (k *kept[T]) move(h []float64) {
	if k.state == toBeMade {
		return
	}
	k.state = moved
	for j, v := range h {
		d := v - float64(k.h[j])
		if !(d <= keptReach && d >= -keptReach) {
			k.state = toBeMade
			return
		}
		k.ratio[j] = T(d)
	}
	clear(k.ratio[len(h):])
}

// The spare memory is that of closed teams: a flow solves one problem after the other, and the system takes longer to hand
// out new memory than a kernel takes to be made.
var spareSingles, spareDoubles sync.Pool

// borrow returns memory for n numbers until the team is closed.
func (s *Sum[T]) borrow(n int) []T {
	pool := &spareSingles
	if size[T]() == 8 {
		pool = &spareDoubles
	}
	memory, _ := pool.Get().(*[]T)
	if memory == nil || cap(*memory) < n {
		memory = new([]T)
		*memory = make([]T, n)
	}
	s.team.atClose = append(s.team.atClose, func() {
		s.kept = nil
		pool.Put(memory)
	})
	return (*memory)[:n]
}
