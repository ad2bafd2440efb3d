package mae

import (
	"math"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestFitDevices: on two and four devices the losses of twenty steps are those of one, but for rounding. The network is one whose norms
// have groups of two channels over two by two positions at least. In a group of one number the norm leaves nothing but rounding, of
// which AdamW makes steps as large as of any other gradient. The rate is a tenth of that with which the released encoders began; the
// training then changes the losses by 4e-3, four hundred times what is allowed. AdamW makes more of rounding the higher the rate is: at
// theirs, losses part by 5e-5 within twenty steps.
func TestFitDevices(t *testing.T) {
	b, _ := backend(t)
	if b.NumDevices() < 4 {
		t.Skipf("the engine has %d devices", b.NumDevices())
	}
	if !golden.Long() {
		t.Skip("three trainings compile for half a minute here: make accept runs them")
	}
	c := tiny
	c.Width = 40
	sample := func(i int) (Sample, error) {
		s, u := Sample{make([]float32, 16*16*c.Channels), i % 2}, stream.New(5, "latents")
		for k := range s.Latent {
			s.Latent[k] = float32(u.Normal(uint64(i*len(s.Latent) + k)))
		}
		return s, nil
	}
	losses := func(devices int) (list []float64) {
		p := pretraining
		p.Steps, p.Batch, p.Devices, p.Rate = 20, 8, devices, onestep.Rate{Peak: 4e-4, WarmUp: 4000}
		if _, err := p.Fit(t.Context(), b, c, sample, func(_ int, loss float64) { list = append(list, loss) }); err != nil {
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
