package fid

import "gonum.org/v1/gonum/mathext/prng"

// numpy draws as NumPy's numpy.random.RandomState does, whose draws are fixed for all time. Evaluations shuffle and choose with
// it, so that two programs with the same seed take the same images.
//
// Source: Matsumoto and Nishimura, Mersenne Twister (1998), seeded by init_genrand; NumPy's legacy generator.
type numpy struct{ source *prng.MT19937 }

func newNumPy(seed uint32) numpy {
	source := prng.NewMT19937()
	source.Seed(uint64(seed))
	return numpy{source}
}

// until returns an integer from 0 to most: 32 random bits, of which it keeps as many as most has, drawn until they are not larger.
func (r numpy) until(most uint32) uint32 {
	mask := most
	for shift := 1; shift < 32; shift *= 2 {
		mask |= mask >> shift
	}
	for {
		if n := r.source.Uint32() & mask; n <= most {
			return n
		}
	}
}

// permutation returns the numbers from 0 to n − 1 in a random order, as RandomState.permutation(n).
func (r numpy) permutation(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := r.until(uint32(i))
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// choice returns m of the numbers from 0 to n − 1, as RandomState.choice(n, m, replace=False).
func (r numpy) choice(n, m int) []int { return r.permutation(n)[:m] }
