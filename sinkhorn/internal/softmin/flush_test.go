package softmin

import (
	"math"
	"testing"
)

// Products below the normal numbers add nothing to the vector kernels' sums, which take a hundred times as long for them on
// some processors. Go's own arithmetic has such numbers all the same, also after these kernels.
func TestProductsBelowTheNormalNumbers(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		checkFlush[float32](t, 0x1p-126, 0x1p-149)
		checkFlush[float64](t, 0x1p-1022, 0x1p-1074)
	})
}

// checkFlush sums products of the least normal number and a scaling of 2^−20, which come to the least number or little more.
func checkFlush[T Float](t *testing.T, normal, least T) {
	k, columns := kernelsOf[T](), lanes[T]()
	kernel, scaling := make([]T, groupRows*columns), make([]T, columns)
	for i := range kernel {
		kernel[i] = normal
	}
	for i := range scaling {
		scaling[i] = 0x1p-20
	}
	rows, sums := make([]float64, groupRows), make([]T, columns)
	k.rowSums(kernel, scaling, rows)
	k.columnSums(kernel, scaling[:groupRows], sums)
	for _, sum := range append(rows, float64(sums[0])) {
		if most := float64(normal) * 0x1p-20 * float64(columns); !(sum >= 0 && sum <= most) || current.name != "Go" && sum != 0 {
			t.Errorf("%T: a sum is %v, want 0, or of Go's kernels at most %v", normal, sum, most)
		}
	}
	if half := normal / 2; half == 0 || half/2 != normal/4 || math.Float64frombits(1)*3 == 0 || least == 0 {
		t.Errorf("%T: numbers below the normal ones are 0 after the kernels", normal)
	}
	if last := normal * 0x1p-10; last+least == last {
		t.Errorf("%T: %v + %v is %v after the kernels", normal, last, least, last)
	}
}
