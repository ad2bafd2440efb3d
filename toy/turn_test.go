package toy

import (
	"math"
	"testing"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

func TestTurn(t *testing.T) {
	for u, want := range map[float64][2]float64{0: {1, 0}, 0.25: {0, 1}, 0.5: {-1, 0}, -0.25: {0, -1}, 3: {1, 0}, -2.5: {-1, 0}} {
		if c, s := turn(u); c != want[0] || s != want[1] {
			t.Errorf("turn(%v) = %v, %v, want %v", u, c, s, want)
		}
	}
	s := stream.New(1, "turns")
	worst := 0.0
	for i := range uint64(200_000) {
		u := s.Uniform(i) - 0.5 // where 2πu has an absolute error of 3e-16 or less
		c, y := turn(u)
		sin, cos := math.Sincos(2 * math.Pi * u)
		worst = max(worst, math.Abs(c-cos), math.Abs(y-sin))
		if far, _ := turn(u + 1024); math.Abs(far-c) > 1e-12 {
			t.Fatalf("the cosine of turn(%v) is %v, of turn(%v) %v: want the same", u, c, u+1024, far)
		}
	}
	if worst > 6e-16 {
		t.Errorf("turn is off by %.2g, want at most 6e-16", worst)
	}
	t.Logf("off by %.2g from math.Sincos(2πu), rounding of 2πu included", worst)
}
