package mae

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestFitDevices: on two and four devices the losses of twenty steps are those of one, but for rounding. In float64, and with a network
// whose norms have two channels or more over two by two positions or more. A norm over one number leaves nothing but rounding and
// enlarges it: with tiny, even that of float64 reaches 1 % in ten steps. In float32, this network at this rate parts by 0.5 %.
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
		s, u := Sample{make([]float32, 16*16*c.Channels), i % c.Classes}, stream.New(5, "latents")
		for k := range s.Latent {
			s.Latent[k] = float32(u.Normal(uint64(i*len(s.Latent) + k)))
		}
		return s, nil
	}
	losses := func(devices int) (list []float64) {
		p := pretraining
		p.Steps, p.Batch, p.Devices, p.Rate.Peak = 20, 8, devices, 1e-3
		store := model.NewStore()
		defer store.Finalize()
		d, err := start(p, c, b, store, func(p weights.Parameter) ([]float64, error) {
			values, err := Initial(pretraining.Seed)(p)
			wide := make([]float64, len(values))
			for i, v := range values {
				wide[i] = float64(v)
			}
			return wide, err
		})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Finalize()
		for step := range p.Steps {
			_, loss, err := p.take(d, c, step, sample)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, loss)
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
