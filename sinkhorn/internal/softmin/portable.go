package softmin

import "math"

// portable returns the kernels in plain Go. They compute in float64 whatever T is, with every rounding explicit: fused
// or not, on any processor, they give the same bytes.
func portable[T Float]() *kernels[T] {
	k := &kernels[T]{scores: portableScores[T], root: portableRoot[T], largest: portableLargest[T],
		sumScores: portableSumScores[T], weigh: portableWeigh[T], moments: portableMoments[T],
		rowSums: portableRowSums[T], columnSums: portableColumnSums[T], widen: portableWiden[T]}
	for d := 1; d <= unrolled; d++ {
		k.sum[d] = func(x, y, h, shift []T, sum []float64) { portablePairs(d, x, y, h, shift, nil, sum, nil) }
		k.mean[d] = func(x, y, h, shift []T, sum, moment []float64) { portablePairs(d, x, y, h, shift, nil, sum, moment) }
		k.terms[d] = func(x, y, h, shift, terms []T, sum []float64) { portablePairs(d, x, y, h, shift, terms, sum, nil) }
	}
	k.sum[2] = portableSum2[T]
	return k
}

// negligible is the score below which a power is taken for 0: with rows' sums above 2^−40, and columns' above outOfRange, it
// stays below the rounding of float64.
const negligible = -200

// portableSum2 is portablePairs for the plane, without its inner loop.
func portableSum2[T Float](x, y, h, shift []T, sum []float64) {
	w := lanes[T]()
	for i := range sum {
		x0, x1, own := float64(x[2*i]), float64(x[2*i+1]), float64(shift[i])
		s := 0.0
		for first := 0; first < len(h); first += w {
			y0, y1 := y[2*first:2*first+w], y[2*first+w:2*first+2*w]
			for j, v := range h[first : first+w] {
				u0, u1 := x0-float64(y0[j]), x1-float64(y1[j])
				if t := float64(v) + own - float64(u0*u0) - float64(u1*u1); t > negligible {
					s += Exp2(t)
				}
			}
		}
		sum[i] += s
	}
}

func portablePairs[T Float](d int, x, y, h, shift, terms []T, sum, moment []float64) {
	w := lanes[T]()
	for i := range sum {
		own := float64(shift[i])
		s := 0.0
		for j, v := range h {
			t := float64(v) + own
			at := j/w*d*w + j%w
			for k := range d {
				u := float64(x[i*d+k]) - float64(y[at+k*w])
				t -= float64(u * u)
			}
			if t <= negligible {
				if terms != nil {
					terms[i*len(h)+j] = 0
				}
				continue
			}
			e := Exp2(t)
			s += e
			if terms != nil {
				terms[i*len(h)+j] = T(e)
			}
			if moment != nil {
				for k := range d {
					moment[i*d+k] += float64(e * float64(y[at+k*w]))
				}
			}
		}
		sum[i] += s
	}
}

func portableScores[T Float](x, y []T, d int, scores []T) {
	w, m := lanes[T](), len(scores)/groupRows
	for i := range groupRows {
		for j := range m {
			at := j/w*d*w + j%w
			t := 0.0
			for k := range d {
				u := float64(x[i*d+k]) - float64(y[at+k*w])
				t -= float64(u * u)
			}
			scores[i*m+j] = T(t)
		}
	}
}

func portableRoot[T Float](scores []T) {
	for j, s := range scores {
		scores[j] = T(-math.Sqrt(float64(-s)))
	}
}

func portableLargest[T Float](scores, h, largest []T) {
	for i := range largest {
		for j, s := range scores[i*len(h) : (i+1)*len(h)] {
			largest[i] = max(largest[i], s+h[j])
		}
	}
}

func portableSumScores[T Float](scores, h, shift []T, sum []float64) {
	for i := range sum {
		own, s := float64(shift[i]), 0.0
		for j, c := range scores[i*len(h) : (i+1)*len(h)] {
			if t := float64(h[j]) + own + float64(c); t > negligible {
				s += Exp2(t)
			}
		}
		sum[i] += s
	}
}

func portableWeigh[T Float](scores, h, shift []T, sum []float64) {
	for i := range sum {
		own, s := float64(shift[i]), 0.0
		row := scores[i*len(h) : (i+1)*len(h)]
		for j, c := range row {
			e := 0.0
			if t := float64(h[j]) + own + float64(c); t > negligible {
				e = Exp2(t)
			}
			row[j] = T(e)
			s += e
		}
		sum[i] += s
	}
}

func portableMoments[T Float](weights, y []T, d int, moment []float64) {
	w, m := lanes[T](), len(weights)/groupRows
	for i := range groupRows {
		for j, e := range weights[i*m : (i+1)*m] {
			if e == 0 {
				continue
			}
			at := j/w*d*w + j%w
			for k := range d {
				moment[k*groupRows+i] += float64(float64(e) * float64(y[at+k*w]))
			}
		}
	}
}

func portableRowSums[T Float](kernel, v []T, sum []float64) {
	for i := range sum {
		s := 0.0
		for j, k := range kernel[i*len(v) : (i+1)*len(v)] {
			s += float64(float64(k) * float64(v[j]))
		}
		sum[i] = s
	}
}

func portableColumnSums[T Float](kernel, u, sum []T) {
	for i, w := range u {
		for j, k := range kernel[i*len(sum) : (i+1)*len(sum)] {
			sum[j] += T(k * w)
		}
	}
}

func portableWiden[T Float](from []T, to []float64) {
	for j, v := range from {
		to[j] += float64(v)
	}
}
