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

const exp2Steps = 256

// exp2Table holds the bits of 2^(k/256).
var exp2Table = func() (t [exp2Steps]uint64) {
	for k := range t {
		t[k] = math.Float64bits(math.Exp2(float64(k) / exp2Steps))
	}
	return t
}()

// Exp2 returns 2^v for v in [−1000, 126] within 5e-16 relative, several times as fast as math.Exp2.
//
// With n = round(256 v), 2^v = 2^(n/256) e^r and |r| ≤ ln 2/512: the first factor is a table entry with an integer added
// to its exponent, the second a Taylor polynomial whose first missing term is r⁵/120 < 4e-17. Adding 1.5·2⁵² rounds and
// leaves n in the low bits.
func Exp2(v float64) float64 {
	const magic = 0x1.8p52
	z := float64(v*exp2Steps) + magic
	n := math.Float64bits(z)
	r := (v - float64((z-magic)*(1.0/exp2Steps))) * math.Ln2
	p := 1.0/6 + float64(r*(1.0/24))
	p = 0.5 + float64(r*p)
	p = 1 + float64(r*p)
	p = 1 + float64(r*p)
	return float64(p * math.Float64frombits(exp2Table[n%exp2Steps]+n/exp2Steps<<52))
}

const log2Steps = 128

// log2Table holds c_k = 1 + k/128 by its reciprocal and its logarithm.
var log2Table = func() (t [log2Steps]struct{ reciprocal, log float64 }) {
	for k := range t {
		c := 1 + float64(k)/log2Steps
		t[k].reciprocal, t[k].log = 1/c, math.Log2(c)
	}
	return t
}()

// Log2 returns log2 v within 5e-16 of 1 or of the result, whichever is larger, several times as fast as math.Log2 and
// exact at powers of two.
//
// With v = 2^n m and c_k the largest entry up to m, r = m/c_k − 1 is in [0, 1/128): the first term that the Taylor
// polynomial of log2 (1 + r) leaves out is r⁸/(8 ln 2) < 3e-18.
func Log2(v float64) float64 {
	const mantissa = 1<<52 - 1
	bits := math.Float64bits(v)
	if n := bits >> 52; n == 0 || n >= 0x7ff { // zero and subnormal; infinite, NaN and negative
		return math.Log2(v)
	}
	c := &log2Table[bits>>45%log2Steps]
	r := float64(math.Float64frombits(bits&mantissa|1023<<52)*c.reciprocal) - 1
	p := 1.0/6 - float64(r*(1.0/7))
	p = 1.0/5 - float64(r*p)
	p = 1.0/4 - float64(r*p)
	p = 1.0/3 - float64(r*p)
	p = 1.0/2 - float64(r*p)
	p = 1 - float64(r*p)
	return float64(int(bits>>52)-1023) + (c.log + float64(float64(r*p)*math.Log2E))
}

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
