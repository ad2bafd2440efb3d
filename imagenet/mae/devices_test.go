package mae

import (
	"math"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// TestFitDevices: on two and four devices the losses of twenty steps are those of one, but for rounding.
func TestFitDevices(t *testing.T) {
	b, _ := backend(t)
	if b.NumDevices() < 4 {
		t.Skipf("the engine has %d devices", b.NumDevices())
	}
	if !golden.Long() {
		t.Skip("three trainings compile for half a minute here: make accept runs them")
	}
	losses := func(devices int) (list []float64) {
		p := pretraining
		p.Steps, p.Batch, p.Devices, p.Rate.Peak = 20, 8, devices, 1e-3
		if _, err := p.Fit(t.Context(), b, tiny, normal, func(_ int, loss float64) { list = append(list, loss) }); err != nil {
			t.Fatal(err)
		}
		return list
	}
	want := losses(1)
	for _, devices := range []int{2, 4} {
		for step, got := range losses(devices) {
			if !(math.Abs(got-want[step]) <= 1e-5*want[step]) {
				t.Errorf("%d devices: the loss of step %d is %v, want %v", devices, step, got, want[step])
			}
		}
	}
}

func TestFitDevicesDivide(t *testing.T) {
	b, _ := backend(t)
	p := pretraining
	p.Batch, p.Devices = 7, 2
	if _, err := p.Fit(t.Context(), b, tiny, normal, nil); err == nil || !strings.Contains(err.Error(), "batches of 7 on 2 devices: want a multiple; the nearest is 8") {
		t.Errorf("%v, want the nearest batch", err)
	}
}
