package sinkhorn

import "math"

// Cost is the ground cost c(x, y) of moving a unit of mass from x to y.
type Cost int

const (
	HalfSquared Cost = iota // ‖x−y‖²/2, the cost of the method
	Euclidean               // ‖x−y‖
)

// At returns c(x, y) for two points of equal dimension.
func (c Cost) At(x, y []float64) float64 {
	s := 0.0
	for k, v := range x {
		s += (v - y[k]) * (v - y[k])
	}
	if c == Euclidean {
		return math.Sqrt(s)
	}
	return s / 2
}

// smallest returns the smallest cost that has all its digits. A smaller one comes from squares that underflow.
func (c Cost) smallest() float64 {
	if c == Euclidean {
		return 0x1p-500
	}
	return 0x1p-1022
}

// String returns the formula of the cost.
func (c Cost) String() string {
	if c == Euclidean {
		return "‖x−y‖"
	}
	return "‖x−y‖²/2"
}
