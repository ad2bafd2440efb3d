package viz

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// largest is the largest magnitude that is drawn, which leaves margins and ticks room before numbers overflow. Its inverse is the
// smallest difference, and the smallest value on a logarithmic axis.
const largest = 1e250

// finite tells whether v can be drawn.
func finite(v float64) bool { return math.Abs(v) <= largest }

// widen returns the range, or one about it where it is a constant to the eye.
func widen(lo, hi float64) (float64, float64) {
	size := max(math.Abs(lo), math.Abs(hi))
	if hi-lo > max(1e-12*size, 1/largest) {
		return lo, hi
	}
	return lo - max(0.5, size/10), hi + max(0.5, size/10)
}

// tickStep returns the smallest of 1, 2 and 5 times a power of ten that divides the span into fewer than most parts.
func tickStep(span float64, most int) float64 {
	step := math.Pow(10, math.Floor(math.Log10(span/float64(most))))
	for _, factor := range []float64{2, 2.5, 2, 2} { // 2, 5, 10, 20
		if span/step < float64(most) {
			break
		}
		step *= factor
	}
	return step
}

// linearTicks returns the multiples of step in [min, max], none where they are too many to tell apart.
func linearTicks(min, max, step float64) []plot.Tick {
	first, last := math.Ceil(min/step-1e-9), math.Floor(max/step+1e-9)
	if !(last-first < 1000) {
		return nil
	}
	var ticks []plot.Tick
	for i := range int(last-first) + 1 {
		k := first + float64(i)
		ticks = append(ticks, plot.Tick{Value: k * step, Label: number(k*step, step)})
	}
	return ticks
}

// logTicks returns at most most labelled powers of ten in [min, max], with 2 and 5 times them where there are no two of
// them or less than one and a half decades, and unlabelled ticks between.
func logTicks(min, max float64, most int) []plot.Tick {
	if !(min > 0 && max <= math.MaxFloat64) {
		return nil
	}
	lo, hi := math.Floor(math.Log10(min)), math.Ceil(math.Log10(max))
	stride := math.Max(1, math.Ceil((math.Log10(max)-math.Log10(min))/float64(most)))
	powers := math.Floor(math.Log10(max)+1e-9) - math.Ceil(math.Log10(min)-1e-9) + 1
	fine := powers < 2 || math.Log10(max)-math.Log10(min) < 1.5
	var ticks []plot.Tick
	for k := lo; k <= hi; k++ {
		for m := 1.; m < 10; m++ {
			v := m * math.Pow(10, k)
			if v < min*(1-1e-9) || v > max*(1+1e-9) || stride > 1 && m > 1 {
				continue
			}
			t := plot.Tick{Value: v}
			switch {
			case m == 1 && math.Mod(k, stride) == 0 && !fine:
				t.Label = "10" + exponent(int(k))
			case fine && (m == 1 || m == 2 || m == 5):
				t.Label = number(v, v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// number formats v to the precision of step, with a true minus sign and powers of ten for the very large and small.
func number(v, step float64) string {
	if v == 0 || math.Abs(v) < step/1e6 {
		return "0"
	}
	k := int(math.Floor(math.Log10(step) + 1e-9))
	if top := int(math.Floor(math.Log10(math.Abs(v)) + 1e-9)); top >= 5 || top < -3 && k < -4 {
		s := strconv.FormatFloat(v/math.Pow10(top), 'f', max(0, top-k), 64)
		return sign(s) + "×10" + exponent(top)
	}
	return sign(strconv.FormatFloat(v, 'f', max(0, -k), 64))
}

func sign(s string) string { return strings.Replace(s, "-", "−", 1) }

func exponent(k int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷",
		"8", "⁸", "9", "⁹").Replace(strconv.Itoa(k))
}
