package softmin

import (
	"fmt"
	"unsafe"
)

// Float is the precision of scores and powers. Sums and answers are float64.
type Float interface{ float32 | float64 }

const (
	unrolled   = 4 // the largest dimension with kernels of its own
	groupRows  = 4 // rows that the kernels for any dimension work on together
	vectorSize = 64
)

// lanes is the number of points in a vector, the unit in which targets are stored.
func lanes[T Float]() int { return vectorSize / size[T]() }

// size is the number of bytes of a number.
func size[T Float]() int {
	var v T
	return int(unsafe.Sizeof(v))
}

// kernels are the inner loops. Sources x are [rows, d]; targets y are [vectors, d, lanes] and their h [vectors·lanes];
// scores are [rows, len(h)] and hold −c_ij. All lengths are whole vectors and not 0. The shift of a row is what is added
// to its scores; it keeps them below 126.
type kernels[T Float] struct {
	// sum adds Σ_j 2^(h_j + shift_i − ‖x_i − y_j‖²) to sum_i, for each dimension up to unrolled.
	sum [unrolled + 1]sumOf[T]

	// mean does what sum does and adds the terms times y_j to moment [rows, d].
	mean [unrolled + 1]meanOf[T]

	// terms does what sum does for a multiple of groupRows rows and leaves the terms in terms [rows, len(h)].
	terms [unrolled + 1]termsOf[T]

	// scores writes −‖x_i − y_j‖² for groupRows rows and any dimension.
	scores func(x, y []T, d int, scores []T)

	// root replaces each score s by −√−s.
	root func(scores []T)

	// largest raises largest_i to max_j score_ij + h_j.
	largest func(scores, h, largest []T)

	// sumScores adds Σ_j 2^(h_j + shift_i + score_ij) to sum_i; weigh leaves the terms in the place of the scores.
	sumScores, weigh func(scores, h, shift []T, sum []float64)

	// moments adds Σ_j weight_ij y_j to moment [d, groupRows].
	moments func(weights, y []T, d int, moment []float64)

	// rowSums writes Σ_j kernel_ij v_j to sum_i, and columnSums adds Σ_i kernel_ij u_i to sum_j: for a multiple of groupRows
	// rows.
	rowSums    func(kernel, v []T, sum []float64)
	columnSums func(kernel, u, sum []T)

	// widen adds from to to, number by number.
	widen func(from []T, to []float64)
}

type (
	sumOf[T Float]   func(x, y, h, shift []T, sum []float64)
	meanOf[T Float]  func(x, y, h, shift []T, sum, moment []float64)
	termsOf[T Float] func(x, y, h, shift, terms []T, sum []float64)
)

var (
	sets    = append(vectorKernels(), set{"Go", portable[float32](), portable[float64]()})
	current = sets[0]
)

// set is the kernels of both precisions.
type set struct {
	name   string
	single *kernels[float32]
	double *kernels[float64]
}

func kernelsOf[T Float]() *kernels[T] {
	var v T
	switch any(v).(type) {
	case float32:
		return any(current.single).(*kernels[T])
	default:
		return any(current.double).(*kernels[T])
	}
}

// Names lists the kernels that this processor can run, the fastest first: of AVX-512, AVX2 and Go.
func Names() []string {
	names := make([]string, len(sets))
	for i, s := range sets {
		names[i] = s.name
	}
	return names
}

// Use selects kernels by one of Names, for comparisons. Not while sums are being evaluated.
func Use(name string) error {
	for _, s := range sets {
		if s.name == name {
			current = s
			return nil
		}
	}
	return fmt.Errorf("softmin: no kernels %q on this processor, there are %q", name, Names())
}
