package main

import (
	"fmt"
	"strings"
)

// explanation returns the comment that opens an assembly file.
func (m *machine) explanation() []byte {
	registers := map[isa]string{
		avx512: "one 512-bit register Z",
		avx2:   "two 256-bit registers Y, worked on one after the other",
	}[m.isa]
	lanes := vectorBytes / m.size()
	exponent, lowest, range_ := "23", "-126", "1.5·2^23"
	if m.bits == 64 {
		exponent, lowest, range_ = "52", "-1022", "1.5·2^52"
	}
	text := fmt.Sprintf(`
The kernels of package softmin in %[1]s with %[2]s. Go's assembly names the destination last.

Every kernel walks over rows (points x_i) and, within a row, over vectors of %[3]d points y_j at a time, its lanes:
%[4]s. For each lane it computes the score

	t = h_j + shift_i - (x_i1 - y_j1)^2 - (x_i2 - y_j2)^2 - ...

one VADD, then a VSUB and a fused VFNMADD231 (t - u*u, rounded once) a coordinate, and then 2^t without a library:

	VMAX            t = max(t, %[5]s)        below it 2^t would leave the normal numbers
	VADD            z = t + %[6]s       t rounded to an integer n, which now stands in the low bits of z
	VSUB, VSUB      f = t - (z - %[6]s)  what is left, -1/2 <= f <= 1/2
	VFMADD213 ...   p = 2^f                  a polynomial in f by Horner's rule, 1 at f = 0
	VPSLL, VPADD    2^t = p * 2^n            n shifted by %[7]s bits adds to the exponent of p, as integers

The caller's shift keeps t below 126, so that nothing overflows. Each lane adds up its own terms; at the end of a row the
lanes are added in float64 along one tree: lane i with i + %[8]d, and so on down to one. AVX2 and AVX-512 do the same
operations on the same lanes in the same order, so that they give the same bytes.

The kernels called terms also leave each 2^t in memory, from where columnSums takes it for the sums of the other direction.

Kernels of products set two bits of the control word MXCSR, and take them back at their end: numbers below the normal ones
are 0 for them. The lowest 2^t times a small scaling is such a number. It adds nothing that a sum keeps, and processors of
Intel take a hundred times as long for it.
`, m.isa, m.float(), lanes, registers, lowest, range_, exponent, lanes/2)
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		b.WriteString(strings.TrimRight("// "+line, " ") + "\n")
	}
	return append([]byte(b.String()), '\n')
}
