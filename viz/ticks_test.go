package viz

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestTicksAreFewAndRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e6, 1e6).Draw(t, "lo")
		span := math.Pow(10, rapid.Float64Range(-3, 6).Draw(t, "log span"))
		most := rapid.IntRange(3, 12).Draw(t, "most")
		step := tickStep(span, most)
		ticks := linearTicks(lo, lo+span, step)
		if parts := span / step; parts >= float64(most) || float64(len(ticks)) > parts+1+1e-6 || len(ticks) < most/3 {
			t.Fatalf("%d ticks in [%v, %v], want %d to %d", len(ticks), lo, lo+span, most/3, most)
		}
		if digit := step / math.Pow(10, math.Floor(math.Log10(step)+1e-9)); math.Abs(digit-math.Round(digit)) > 1e-9 || int(math.Round(digit)) == 3 {
			t.Fatalf("step %v, want 1, 2 or 5 times a power of ten", step)
		}
		seen := map[string]bool{}
		for _, k := range ticks {
			if k.Value < lo-1e-6*span || k.Value > lo+span*(1+1e-6) || seen[k.Label] {
				t.Fatalf("tick %v, want one in [%v, %v] with a label of its own", k, lo, lo+span)
			}
			seen[k.Label] = true
		}
	})
}

// A loop over floats that grow by 1 never ends above 2⁵³, or up to Inf.
func TestTicksEnd(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range [][3]float64{{0, 1, 0}, {0, inf, 1}, {-inf, 0, 1}, {0, 1, nan}, {1e300, 2e300, 1}, {1e16, 1e16 + 20, 1}} {
		if n := len(linearTicks(c[0], c[1], c[2])); n > 21 {
			t.Errorf("%v: %d ticks, want at most 21", c, n)
		}
	}
	for _, c := range [][2]float64{{0, 1}, {1, inf}, {nan, 1}, {1, 1e308}, {5e-324, 1}} {
		if n := len(logTicks(c[0], c[1], 6)); n > 700 {
			t.Errorf("%v: %d ticks, want at most 700", c, n)
		}
	}
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		min, max float64
		most     int
		labels   string
	}{
		{0.02, 1.1, 6, "10⁻¹ 10⁰"},
		{1e-6, 1, 7, "10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 10⁰"},
		{1e-12, 1, 5, "10⁻¹² 10⁻⁹ 10⁻⁶ 10⁻³ 10⁰"},
		{0.3, 3, 6, "0.5 1 2"},
		{1000, 10000, 6, "1000 2000 5000 10000"},
		{0.016, 0.75, 6, "0.02 0.05 0.1 0.2 0.5"},
	} {
		labels := ""
		for _, k := range logTicks(c.min, c.max, c.most) {
			if k.Label != "" {
				labels += " " + k.Label
			}
		}
		if labels != " "+c.labels {
			t.Errorf("[%v, %v]: %q, want %q", c.min, c.max, labels, c.labels)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		v, step float64
		want    string
	}{
		{0, 0.5, "0"}, {1e-18, 0.5, "0"}, {-1.5, 0.5, "−1.5"}, {2, 0.5, "2.0"}, {2, 1, "2"}, {0.05, 0.05, "0.05"},
		{20000, 5000, "20000"}, {200000, 50000, "2.0×10⁵"}, {-3e-7, 1e-7, "−3×10⁻⁷"}, {0.0015, 0.0005, "0.0015"},
	} {
		if got := number(c.v, c.step); got != c.want {
			t.Errorf("number(%v, %v) = %q, want %q", c.v, c.step, got, c.want)
		}
	}
}

func TestLettering(t *testing.T) {
	if w, parts := labelText.width("10⁻⁹"), labelText.width("10")+labelText.width("⁻⁹"); math.Abs(float64(w-parts)) > 1e-9 {
		t.Errorf("width %v, want that of the parts together, %v", w, parts)
	}
	if small, large := labelText.width("x₁₂"), labelText.width("x12"); small >= large {
		t.Errorf("with subscripts %v wide, want less than the %v with figures", small, large)
	}
	for _, s := range []string{"ε = 0.1, ½‖x − y‖²", "10⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "x₀₁₂₃₄₅₆₇₈₉", "S_ε → 0 ± ∞ · Σ ∂ √ α β η λ σ θ × ≤ ≥ ≈"} {
		if err := titleText.check(s); err != nil {
			t.Error(err)
		}
	}
	lines := labelText.wrap("several words that need more than one line", 80)
	for _, l := range lines {
		if labelText.width(l) > 80 {
			t.Errorf("line %q is %v wide, want at most 80", l, labelText.width(l))
		}
	}
	if len(lines) < 3 {
		t.Errorf("%q is %d lines, want at least 3", lines, len(lines))
	}
}
