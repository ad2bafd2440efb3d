package preset

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// The pilot has the values that were recorded of its origin, the file of a fork.
func TestGoldenPilot(t *testing.T) {
	text, err := files.ReadFile("gen/pilot.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := generic(t, text), recorded(t)["fork/imagenet64_pilot.yaml"]; !reflect.DeepEqual(got, want) {
		t.Errorf("gen/pilot is %v, want %v", got, want)
	}
}

// The sizes of the ladder. Those of the pilot and of imagenet64 are reported as 4.5 and 25.25 million by the fork that they
// are of. That of mnist_pixels is counted by hand in package residual; that of mnist is counted
// by hand, too: 4 blocks of 667,168 beside 397,888.
func TestLadder(t *testing.T) {
	for name, want := range map[string]struct {
		parameters int
		side       int
		latents    bool
		mirror     bool
		encoder    string // its preset
	}{
		"gen/pilot":             {4_501_264, 8, true, true, "mae/latent_ablation_256"},
		"gen/imagenet64":        {25_254_916, 8, true, true, "mae/latent_ablation_256"},
		"gen/mnist":             {3_066_560, 32, false, false, "mae/mnist"},
		"gen/mnist_pixels":      {2_058_752, 32, false, false, ""},
		"gen/ablation_ot_1node": {132_708_880, 32, true, true, "mae/latent_ablation_256"},
	} {
		p, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		g := p.Generator
		if got := g.Parameters(); got != want.parameters {
			t.Errorf("%s: %d parameters, want %d", name, got, want.parameters)
		}
		if g.Model.Size != want.side || g.Data.Latent != want.latents || g.Data.Mirror != want.mirror {
			t.Errorf("%s: side %d, latents %v, mirrored %v; want %+v", name, g.Model.Size, g.Data.Latent, g.Data.Mirror, want)
		}
		encoder := g.Encoder()
		if want.encoder == "" {
			if encoder != nil {
				t.Errorf("%s has an encoder, want none", name)
			}
			continue
		}
		own, err := Named(want.encoder)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(encoder, own.MAE) {
			t.Errorf("%s: the encoder is %+v, want %s", name, encoder, want.encoder)
		}
		side := own.MAE.Data.Resolution
		if own.MAE.Data.Latent {
			side /= 8
		}
		if own.MAE.Model.Channels != g.Model.InChannels || name == "gen/mnist" && (side != g.Model.Size || own.MAE.Data.Classes != g.Data.Classes || own.MAE.Data.Mirror) {
			t.Errorf("%s: images [%d, %d, %d], and its encoder's are [%d, %d, %d]", name, g.Model.Size, g.Model.Size, g.Model.InChannels, side, side, own.MAE.Model.Channels)
		}
	}
}

// Keys of ours change nothing in what is reported of a released preset: neither do they stand in its JSON, nor does a
// line of its report name what they would do. In a preset that uses them, both say so.
func TestKeysOfOursInReports(t *testing.T) {
	const pixels, features = "gen/mnist_pixels", "gen/mnist"
	ours := []struct{ key, word, user string }{
		{"use_flip", "not mirrored", pixels}, {"network", "residual network", pixels}, {"noise_size", "cosine", pixels},
		{"groups_at_once", "at once", pixels}, {"R_final", "falling to", pixels},
		{"from_step", "before step 1,400 the image alone", features}, {"image_weight", "the image counts as 20", features},
	}
	for _, listed := range List() {
		p, err := Named(listed.Name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		report := ""
		for _, l := range p.Report() {
			report += l.Name + " " + l.Text + "\n"
		}
		for _, k := range ours {
			uses := listed.Name == k.user
			if (listed.Origin == Released || uses) && (strings.Contains(string(text), `"`+k.key+`"`) != uses || strings.Contains(report, k.word) != uses) {
				t.Errorf("%s: want %q and %q there: %v; in\n%s\n%s", listed.Name, k.key, k.word, uses, text, report)
			}
		}
	}
}
