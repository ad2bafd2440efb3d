package mlp

import "math"

// Every product is written float64(x*y): the language then forbids fusing it with the sum, and the bytes are the same
// on every platform.

// lanes holds one number for each of eight samples. They go through the network together: a weight is loaded once for
// all eight, and their sums do not wait for each other.
type lanes [8]float64

// dense writes w·in + bias into out, with w [len(out), len(in)].
func dense(out, in []lanes, w, bias []float64) {
	for j := range out {
		row := w[j*len(in) : (j+1)*len(in)]
		b := bias[j]
		s0, s1, s2, s3, s4, s5, s6, s7 := b, b, b, b, b, b, b, b
		for k, p := range row {
			x := &in[k]
			s0 += float64(p * x[0])
			s1 += float64(p * x[1])
			s2 += float64(p * x[2])
			s3 += float64(p * x[3])
			s4 += float64(p * x[4])
			s5 += float64(p * x[5])
			s6 += float64(p * x[6])
			s7 += float64(p * x[7])
		}
		out[j] = lanes{s0, s1, s2, s3, s4, s5, s6, s7}
	}
}

// activate replaces h_j by SiLU(h_j·(1 + γ_j) + β_j); nil γ and β are zero.
func activate(h []lanes, gamma, beta []float64) {
	for j := range h {
		for l, x := range h[j] {
			if gamma != nil {
				x = float64(x*(1+gamma[j])) + beta[j]
			}
			h[j][l] = silu(x)
		}
	}
}

// silu returns x/(1 + e^−x).
func silu(x float64) float64 { return x / (1 + exp(-x)) }

// exp returns e^x within 4e-16 relative for |x| ≤ 700, and e^±700 beyond. math.Exp is assembly on some platforms and
// gives other last bits there.
//
// x = n·ln 2 + r with |r| ≤ ln 2/2; e^r is its Taylor polynomial of degree 13, whose first missing term is below 5e-18.
func exp(x float64) float64 {
	const (
		high = 0x1.62e42feep-1 // the first 32 bits of ln 2: n·high is exact
		low  = 0x1.a39ef35793c76p-33
	)
	x = min(max(x, -700), 700)
	n := math.RoundToEven(x * (1 / math.Ln2))
	r := x - float64(n*high) - float64(n*low)
	p := 1.0 / 6227020800
	for _, c := range [...]float64{1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
		1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1} {
		p = float64(p*r) + c
	}
	return p * math.Float64frombits(uint64(1023+int(n))<<52)
}
