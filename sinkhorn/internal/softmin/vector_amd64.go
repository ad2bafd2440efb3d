package softmin

import "golang.org/x/sys/cpu"

// vectorKernels returns the sets that this processor can run.
func vectorKernels() (s []set) {
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		s = append(s, set{"AVX-512", &kernels[float32]{
			sum:    [...]sumOf[float32]{nil, sum1Float32AVX512, sum2Float32AVX512, sum3Float32AVX512, sum4Float32AVX512},
			mean:   [...]meanOf[float32]{nil, mean1Float32AVX512, mean2Float32AVX512, mean3Float32AVX512, mean4Float32AVX512},
			terms:  [...]termsOf[float32]{nil, terms1Float32AVX512, terms2Float32AVX512, terms3Float32AVX512, terms4Float32AVX512},
			scores: scoresFloat32AVX512, root: rootFloat32AVX512, largest: largestFloat32AVX512,
			sumScores: sumScoresFloat32AVX512, weigh: weighFloat32AVX512, moments: momentsFloat32AVX512, rowSums: rowSumsFloat32AVX512, columnSums: columnSumsFloat32AVX512, widen: widenFloat32AVX512,
		}, &kernels[float64]{
			sum:    [...]sumOf[float64]{nil, sum1Float64AVX512, sum2Float64AVX512, sum3Float64AVX512, sum4Float64AVX512},
			mean:   [...]meanOf[float64]{nil, mean1Float64AVX512, mean2Float64AVX512, mean3Float64AVX512, mean4Float64AVX512},
			terms:  [...]termsOf[float64]{nil, terms1Float64AVX512, terms2Float64AVX512, terms3Float64AVX512, terms4Float64AVX512},
			scores: scoresFloat64AVX512, root: rootFloat64AVX512, largest: largestFloat64AVX512,
			sumScores: sumScoresFloat64AVX512, weigh: weighFloat64AVX512, moments: momentsFloat64AVX512, rowSums: rowSumsFloat64AVX512, columnSums: columnSumsFloat64AVX512, widen: widenFloat64AVX512,
		}})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		s = append(s, set{"AVX2", &kernels[float32]{
			sum:    [...]sumOf[float32]{nil, sum1Float32AVX2, sum2Float32AVX2, sum3Float32AVX2, sum4Float32AVX2},
			mean:   [...]meanOf[float32]{nil, mean1Float32AVX2, mean2Float32AVX2, mean3Float32AVX2, mean4Float32AVX2},
			terms:  [...]termsOf[float32]{nil, terms1Float32AVX2, terms2Float32AVX2, terms3Float32AVX2, terms4Float32AVX2},
			scores: scoresFloat32AVX2, root: rootFloat32AVX2, largest: largestFloat32AVX2,
			sumScores: sumScoresFloat32AVX2, weigh: weighFloat32AVX2, moments: momentsFloat32AVX2, rowSums: rowSumsFloat32AVX2, columnSums: columnSumsFloat32AVX2, widen: widenFloat32AVX2,
		}, &kernels[float64]{
			sum:    [...]sumOf[float64]{nil, sum1Float64AVX2, sum2Float64AVX2, sum3Float64AVX2, sum4Float64AVX2},
			mean:   [...]meanOf[float64]{nil, mean1Float64AVX2, mean2Float64AVX2, mean3Float64AVX2, mean4Float64AVX2},
			terms:  [...]termsOf[float64]{nil, terms1Float64AVX2, terms2Float64AVX2, terms3Float64AVX2, terms4Float64AVX2},
			scores: scoresFloat64AVX2, root: rootFloat64AVX2, largest: largestFloat64AVX2,
			sumScores: sumScoresFloat64AVX2, weigh: weighFloat64AVX2, moments: momentsFloat64AVX2, rowSums: rowSumsFloat64AVX2, columnSums: columnSumsFloat64AVX2, widen: widenFloat64AVX2,
		}})
	}
	return s
}
