package train

import (
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/wflow"
)

func released(t testing.TB, name string) (*preset.Generator, dit.Config) {
	t.Helper()
	p, err := preset.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	config, err := dit.FromPreset(p.Generator)
	if err != nil {
		t.Fatal(err)
	}
	return p.Generator, config
}

// TestReleased holds what the released files describe against the table of the paper's trainings.
func TestReleased(t *testing.T) {
	for name, want := range map[string]struct{ classes, batch, loads, real, unconditional, steps int }{
		// The loader's batch of a process is 128 or 64 images; a process pushes 64, one batch, or 128, two batches.
		"gen/ablation_ot_1node":       {64, 1024, 1, 64, 16, 30_000},
		"gen/latent_sota_B_ot_8node":  {128, 4096, 2, 64, 32, 200_000},
		"gen/latent_sota_B_ot_1node":  {128, 512, 2, 64, 32, 200_000},
		"gen/latent_sota_XL_ot_8node": {128, 4096, 2, 128, 32, 200_000},
	} {
		g, config := released(t, name)
		tr, err := FromPreset(g, config, 1)
		if err != nil {
			t.Fatal(err)
		}
		if tr.Classes != want.classes || tr.Batch != want.batch || tr.Loads != want.loads || tr.Real != want.real || tr.Unconditional != want.unconditional || tr.Steps != want.steps {
			t.Errorf("%s: %+v, want %+v", name, tr, want)
		}
		f, ok := tr.Field.(*wflow.Sinkhorn)
		if !ok || f.Cost != sinkhorn.HalfSquared || f.Guidance != wflow.ByVelocity || f.MaskDiagonal || tr.OneBatch {
			t.Errorf("%s: %+v of %+v, want half-squared cost, guidance by velocity, no mask, two batches", name, f, tr.Step)
		}
		if tr.Group != 2 || tr.Chunk != 2 || tr.Particles != 64 || tr.Average != 0.999 || tr.Clip != 2 || tr.Beta2 != 0.95 || tr.Scales.Max != 4 {
			t.Errorf("%s: %+v", name, tr)
		}
	}
}

// TestVariants: ot_mode, the mask, the self term, guidance and cost of a configuration are those of the field, in all
// combinations.
func TestVariants(t *testing.T) {
	for _, c := range []struct {
		transport preset.Transport
		want      wflow.Sinkhorn
		oneBatch  bool
	}{
		{preset.Transport{Iterations: 7, SecondBatch: true, Unmasked: true, GuideVelocity: true, HalfSquaredCost: true},
			wflow.Sinkhorn{Iterations: 7, Guidance: wflow.ByVelocity}, false},
		{preset.Transport{Iterations: 7, SecondBatch: true, Unmasked: true, HalfSquaredCost: true},
			wflow.Sinkhorn{Iterations: 7, Guidance: wflow.ByDistribution}, false},
		{preset.Transport{Iterations: 7, SecondBatch: true, GuideVelocity: true, HalfSquaredCost: true},
			wflow.Sinkhorn{Iterations: 7, Guidance: wflow.ByVelocity, MaskDiagonal: true}, false},
		{preset.Transport{Iterations: 7, Unmasked: true, GuideVelocity: true, HalfSquaredCost: true},
			wflow.Sinkhorn{Iterations: 7, Guidance: wflow.ByVelocity}, true},
		{preset.Transport{Iterations: 3, GuideVelocity: true, HalfSquaredCost: true},
			wflow.Sinkhorn{Iterations: 3, Guidance: wflow.ByVelocity, MaskDiagonal: true}, true},
		{preset.Transport{Iterations: 20}, // the official code's defaults
			wflow.Sinkhorn{Iterations: 20, Guidance: wflow.ByDistribution, MaskDiagonal: true, Cost: sinkhorn.Euclidean}, true},
	} {
		g, config := released(t, "gen/ablation_ot_1node")
		g.Train.Transport = c.transport
		tr, err := FromPreset(g, config, 1)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := tr.Field.(*wflow.Sinkhorn)
		if !ok || tr.OneBatch != c.oneBatch || f.Iterations != c.want.Iterations || f.Guidance != c.want.Guidance ||
			f.MaskDiagonal != c.want.MaskDiagonal || f.Cost != c.want.Cost || f.Epsilon != 0 {
			t.Errorf("%+v: %+v, one batch %v, want %+v and %v", c.transport, tr.Field, tr.OneBatch, &c.want, c.oneBatch)
		}
		g.Train.Mode = "none"
		if tr, err = FromPreset(g, config, 1); err != nil || !tr.OneBatch {
			t.Errorf("%+v without transport: error %v, one batch %v, want one", c.transport, err, tr.OneBatch)
		} else if _, ok := tr.Field.(*wflow.Drifting); !ok {
			t.Errorf("%+v without transport: %T, want Drifting", c.transport, tr.Field)
		}
	}
}

// TestDigits: the presets of digits take all groups at once, and their R and rate fall.
func TestDigits(t *testing.T) {
	for devices, chunk := range map[int]int{1: 10, 5: 10} {
		g, config := released(t, "gen/mnist")
		tr, err := FromPreset(g, config, devices)
		if err != nil || tr.Chunk != chunk || !tr.Rate.Decay || !(tr.R[0].To < tr.R[0].From) {
			t.Errorf("%d devices: %+v, error %v, want %d classes at once, and R and a rate that fall", devices, tr, err, chunk)
		}
	}
	g, config := released(t, "gen/mnist")
	g.Train.AtOnce = 2
	if _, err := FromPreset(g, config, 1); err == nil || !strings.Contains(err.Error(), "groups_at_once 2 for a device that has 5 groups") {
		t.Errorf("%v, want that 2 does not divide 5", err)
	}
	g.Train.AtOnce, g.Train.Steps = 5, 7
	if _, err := FromPreset(g, config, 1); err == nil || !strings.Contains(err.Error(), "want them equal") {
		t.Errorf("%v, want that the cosine ends with the training", err)
	}
}

func TestDrifting(t *testing.T) {
	g, config := released(t, "gen/ablation_ot_1node")
	g.Train.Mode = "none"
	tr, err := FromPreset(g, config, 4)
	if _, ok := tr.Field.(*wflow.Drifting); err != nil || !ok || !tr.OneBatch || tr.Chunk != 8 {
		t.Errorf("%+v, error %v, want Drifting on one batch, eight classes at a time", tr.Step, err)
	}
	for want, devices := range map[string]int{
		"train: train_batch_size 64 on 3 devices: want a multiple of 6, two classes for each; the nearest is 66": 3,
		"train: 0 devices, want 1 or more":  0,
		"train: -1 devices, want 1 or more": -1,
	} {
		if _, err := FromPreset(g, config, devices); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
