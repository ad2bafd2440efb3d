package judge

import (
	"math"
	"testing"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestMove: no motion changes nothing; whole pixels and quarter turns permute pixels; half a pixel is a mean of two; what comes
// from outside is paper.
func TestMove(t *testing.T) {
	image := normals("image", numbers)
	at := func(x, y int) float32 {
		if x < 0 || x >= Side || y < 0 || y >= Side {
			return -1
		}
		return image[y*Side+x]
	}
	for _, c := range []struct {
		name string
		m    motion
		want func(x, y int) float32
	}{
		{"none", motion{xx: 1, yy: 1}, at},
		{"shift", motion{xx: 1, yy: 1, dx: 3, dy: -2}, func(x, y int) float32 { return at(x+3, y-2) }},
		{"half", motion{xx: 1, yy: 1, dx: 0.5}, func(x, y int) float32 { return (at(x, y) + at(x+1, y)) / 2 }},
		{"turn", motion{xy: -1, yx: 1}, func(x, y int) float32 { return at(Side-1-y, x) }},
	} {
		got := make([]float32, numbers)
		c.m.move(image, got)
		for k := range got {
			if want := c.want(k%Side, k/Side); math.Abs(float64(got[k]-want)) > 1e-6 {
				t.Errorf("%s: %v at %d, want %v", c.name, got[k], k, want)
				break
			}
		}
	}
}

// TestMoving: the largest motions are those of the constants, and motions are so many different ones.
func TestMoving(t *testing.T) {
	var mean, largest motion
	const n = 4000
	for i := range n {
		m := moving(stream.New(1, "motions").Sub(uint64(i)))
		for _, p := range []struct{ sum, most, v *float64 }{{&mean.dx, &largest.dx, &m.dx}, {&mean.dy, &largest.dy, &m.dy}, {&mean.yx, &largest.yx, &m.yx}} {
			*p.sum += *p.v / n
			*p.most = max(*p.most, math.Abs(*p.v))
		}
		area := m.xx*m.yy - m.xy*m.yx // turns and slants keep it
		if least, most := (1-mostStretch)*(1-mostStretch), (1+mostStretch)*(1+mostStretch); area < least-1e-12 || area > most+1e-12 {
			t.Fatalf("motion %d: area %v, want %v to %v", i, area, least, most)
		}
	}
	for name, got := range map[string][2]float64{"dx": {largest.dx, mostShift}, "dy": {largest.dy, mostShift}, "turn": {math.Abs(largest.yx), (1 + mostStretch) * math.Sin(mostTurn)}} {
		if got[0] > got[1] || got[0] < 0.95*got[1] {
			t.Errorf("%s up to %v, want nearly %v", name, got[0], got[1])
		}
	}
	// The mean of n uniform numbers on ±a deviates by a/√(3n).
	if least := 4 * mostShift / math.Sqrt(3*n); math.Abs(mean.dx) > least || math.Abs(mean.dy) > least {
		t.Errorf("mean shift %v, %v, want 0 to within %v", mean.dx, mean.dy, least)
	}
}
