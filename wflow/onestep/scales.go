package onestep

import (
	"fmt"
	"math"
)

// Scales is the law that training draws guidance scales α from. With probability Unguided α is 1; otherwise its density on
// [Min, Max] is proportional to α^−Exponent.
//
// Source: the code of arXiv 2605.11755, with [1, 4] and exponents 3 to 5.
type Scales struct{ Min, Max, Exponent, Unguided float64 }

// Quantile returns the α below which the density has mass r in [0, 1]. The share Unguided is not part of it:
//
//	α = (Min^e + r·(Max^e − Min^e))^(1/e),   e = 1 − Exponent;   Min·(Max/Min)^r if Exponent is 1
func (s Scales) Quantile(r float64) float64 {
	e := 1 - s.Exponent
	if e == 0 {
		return s.Min * math.Pow(s.Max/s.Min, r)
	}
	low, high := math.Pow(s.Min, e), math.Pow(s.Max, e)
	return math.Pow(low+r*(high-low), 1/e)
}

// Draw returns α for two uniform numbers in [0, 1): forced decides whether α is 1, r what it is otherwise.
func (s Scales) Draw(r, forced float64) float64 {
	if forced < s.Unguided {
		return 1
	}
	return s.Quantile(r)
}

func (s Scales) check() error {
	if !(s.Min >= 1 && s.Max >= s.Min) || math.IsInf(s.Max, 1) {
		return fmt.Errorf("onestep: Scales from %v to %v, want 1 ≤ Min ≤ Max", s.Min, s.Max)
	}
	if math.IsNaN(s.Exponent) || math.IsInf(s.Exponent, 0) {
		return fmt.Errorf("onestep: Scales.Exponent is %v", s.Exponent)
	}
	if !(s.Unguided >= 0 && s.Unguided <= 1) {
		return fmt.Errorf("onestep: Scales.Unguided is %v, want a probability", s.Unguided)
	}
	return nil
}
