package softmin

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Sizes that no precision resolves, targets out of reach and rows without any: numbers, or −Inf.
func TestNoSizeGivesNaN(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(10, 1))
		for range 300 {
			p := randomProblem(r, 1+r.IntN(9), 1+r.IntN(40), 1+r.IntN(6))
			scale := math.Pow(10, 300*r.Float64())
			for _, v := range [][]float64{p.x, p.y} {
				for i := range v {
					if r.IntN(3) == 0 {
						v[i] *= scale
					}
				}
			}
			for j := range p.h {
				if r.IntN(3) == 0 {
					p.h[j] *= math.Pow(10, 30*r.Float64())
				}
			}
			p.root, p.mask = r.IntN(3) == 0, r.IntN(3) == 0
			checkNumbers[float32](t, p)
			checkNumbers[float64](t, p)
		}
		for _, m := range []int{1, 5} { // no mass at all
			p := randomProblem(r, 3, m, 2)
			for j := range p.h {
				p.h[j] = math.Inf(-1)
			}
			checkNumbers[float32](t, p)
			checkNumbers[float64](t, p)
		}
	})
}

// checkNumbers asks again and again: answers are references.
func checkNumbers[T Float](t *testing.T, p problem) {
	t.Helper()
	team := NewTeam(nil, 1)
	defer team.Close()
	s := New[T](p.x, p.y, p.d, p.root, p.mask, team)
	s.Keep()
	s.Scale(1)
	logSum, back, mean := make([]float64, p.n()), make([]float64, len(p.h)), make([]float64, len(p.x))
	mass := slices.Repeat([]float64{1 / float64(p.n())}, p.n())
	for k := range 6 {
		s.SetScores(p.h)
		both := k%2 == 1 && s.LogSums(logSum, back, mass)
		if k%2 == 0 {
			s.LogSum(logSum)
		}
		s.Mean(mean, 1)
		numbers := append(slices.Clone(logSum), mean...)
		if both {
			numbers = append(numbers, back...)
		}
		for i, v := range numbers {
			if math.IsNaN(v) || math.IsInf(v, 1) {
				t.Fatalf("%T, n = %d, m = %d, d = %d, root %v, mask %v, call %d: answer %d is %v, want a number or −Inf",
					T(0), p.n(), len(p.h), p.d, p.root, p.mask, k, i, v)
			}
		}
	}
}
