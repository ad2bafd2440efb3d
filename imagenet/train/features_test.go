package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/mae"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// tiles is blobs with images [8, 8, 1].
type tiles struct{ blobs }

func (b tiles) Read(i int, u float64, image []float32) error {
	s := stream.New(9, "tiles").Sub(uint64(i))
	for k := range image {
		image[k] = float32(float64(i%4) - 1.5 + 0.3*s.Normal(uint64(k)))
	}
	return nil
}

// biased gives an encoder the weights that it starts from, and biases, without which it has no gradient at the zeros that a generator
// starts from.
func biased(p weights.Parameter) ([]float32, error) {
	values, err := mae.Initial(1)(p)
	if strings.HasSuffix(p.Name, ".bias") {
		for i := range values {
			values[i] = float32(stream.New(1, p.Name).Normal(uint64(i)))
		}
	}
	return values, err
}

// featured is a training in features of an encoder from step 3 on.
func featured() Training {
	tr := small()
	g := tr.Generator.(dit.Config)
	g.Size, g.Channels, g.Patch = 8, 1, 4
	tr.Generator, tr.Data = g, tiles{blobs{50}}
	c := mae.Config{Width: 12, Layers: [4]int{1, 1, 1, 1}, Channels: 1, Classes: 4, Patch: 1, InputPatch: 1}
	tr.Encoder = &Encoder{Config: c, Weights: biased}
	tr.Classes, tr.Chunk, tr.Particles, tr.Real, tr.Steps, tr.FeaturesFrom, tr.SaveEvery = 4, 2, 2, 2, 5, 3, 1
	return tr
}

// TestFeaturesFrom: until its step, a training with an encoder has the bytes of one without; from then on, there are features. It
// goes on from any step to the bytes of one in one go.
func TestFeaturesFrom(t *testing.T) {
	plain := featured()
	plain.Encoder, plain.FeaturesFrom = nil, 0
	var weightsOf [2][]map[string][]float32 // by step
	var features [][]string
	for k, tr := range []Training{plain, featured()} {
		tr.Report = func(p Progress) {
			w, err := p.Weights()
			if err != nil {
				t.Error(err)
			}
			weightsOf[k] = append(weightsOf[k], w)
			if k == 1 {
				features = append(features, slices.Clone(p.Measure.Features))
			}
		}
		whole(t, tr)
	}
	want := weightsOf[1]
	for step := range want {
		err := equal(weightsOf[0][step], want[step])
		if before := step < 3; before != (err == nil) || before != slices.Equal(features[step], []string{"global"}) || !before && len(features[step]) != 7 {
			t.Errorf("step %d: features %q; compared with a training on images alone: %v", step+1, features[step], err)
		}
	}
	for at := 1; at < len(want); at++ {
		tr := featured()
		tr.Folder = filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancel(t.Context())
		tr.Report = func(p Progress) {
			if p.Step == at {
				cancel()
			}
		}
		if _, err := tr.Run(ctx, pureGo(t)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		tr.Report = nil
		if err := equal(want[len(want)-1], whole(t, tr)); err != nil {
			t.Errorf("interrupted after step %d: %v", at, err)
		}
	}
}

// TestOtherEncoder: a training does not go on with an encoder of other weights.
func TestOtherEncoder(t *testing.T) {
	tr := featured()
	tr.Folder, tr.Steps = filepath.Join(t.TempDir(), "run"), 1
	whole(t, tr)
	tr.Encoder.Weights, tr.Extend = mae.Initial(2), true
	if _, err := tr.Run(t.Context(), pureGo(t)); err == nil || !strings.Contains(err.Error(), "it is of another training: EncoderWeights is ") {
		t.Errorf("error %v, want that the encoder's weights are others", err)
	}
}

// TestFeaturesFromInParts: a training whose images go through the networks in parts takes the same steps.
func TestFeaturesFromInParts(t *testing.T) {
	var told [2][]*Measure
	for k, images := range []int{0, 1} {
		tr := featured()
		tr.Images, tr.ImageWeight = images, 5
		tr.Report = func(p Progress) { told[k] = append(told[k], p.Measure) }
		whole(t, tr)
	}
	for step, want := range told[0] {
		got := told[1][step]
		if off := math.Abs(got.GradientNorm/want.GradientNorm - 1); !slices.Equal(got.Features, want.Features) || off > 1e-3 { // float32, five steps
			t.Errorf("step %d: features %q, and a gradient of norm %v, want %q and %v", step+1, got.Features, got.GradientNorm, want.Features, want.GradientNorm)
		}
	}
}

// TestConstantFeatures: the deviation over a map of one position, which images [8, 8, ...] have, is the same for all images. That is
// no collapse of the encoder, as it is where each group of a norm has one channel.
func TestConstantFeatures(t *testing.T) {
	told := map[string][2]float64{} // scale and mean V² by feature
	run := func(width, images int) error {
		tr := featured()
		tr.FeaturesFrom, tr.Steps, tr.Images = 0, 1, images
		tr.Encoder.Config.Width, tr.Encoder.Features.Std = width, true
		tr.Report = func(p Progress) {
			for i, name := range p.Measure.Features {
				told[name] = [2]float64{p.Measure.Scale[i], p.Measure.MeanSquare[0][i]}
			}
		}
		_, err := tr.Run(t.Context(), pureGo(t))
		return err
	}
	for _, images := range []int{0, 1} { // in one graph, and in parts
		if err := run(40, images); err != nil || told["layer4_std"] != [2]float64{} || !(told["layer3_std"][0] > 1) || !(told["layer4"][0] > 1) {
			t.Errorf("%v, error %v, want no scale and no velocity of layer4_std, and a scale of the others", told, err)
		}
	}
	if err := run(12, 0); err == nil || !strings.Contains(err.Error(), "feature layer1_std is the same for all images") || strings.Contains(err.Error(), "layer4_std") {
		t.Errorf("groups of one channel: error %v, want that layer1_std has collapsed, and no word of layer4_std", err)
	}
}

// TestPace: a training tells its pace, except after the steps that compile: its first, and the first that compares
// features.
func TestPace(t *testing.T) {
	tr := featured()
	tr.Report = func(p Progress) {
		want := []bool{false, true, true, false, true}[p.Step-1]
		if known := p.Images > 0; known != want || (p.Remaining > 0) != (want && p.Step < p.Steps) {
			t.Errorf("step %d: %v images a second, %v remain, want them known: %v", p.Step, p.Images, p.Remaining, want)
		}
	}
	whole(t, tr)
}

// TestFeaturesNever: a training that ends before features count says so.
func TestFeaturesNever(t *testing.T) {
	for steps, want := range map[int]bool{3: true, 4: false} {
		tr := featured()
		tr.Steps = steps
		if got := strings.Contains(strings.Join(tr.Warnings(), "\n"), "features count from step 3 on"); got != want {
			t.Errorf("%d steps: warned %v of features that never count, want %v", steps, got, want)
		}
	}
}

// TestImageWeight: the loss is the weighted mean over features, so that it is linear in the share of the image.
func TestImageWeight(t *testing.T) {
	norm := func(weight float64) float64 {
		tr := featured()
		tr.ImageWeight = weight
		return measures(t, pureGo(t), tr, 1)[0].GradientNorm
	}
	alone := featured()
	alone.Encoder = nil
	image := measures(t, pureGo(t), alone, 1)[0].GradientNorm
	if got := norm(1e6); math.Abs(got-image) > 1e-3*image {
		t.Errorf("the image counts as a million features: a gradient of norm %v, want that of the image alone, %v", got, image)
	}
	if one, two := norm(1), norm(0); one != two || math.Abs(one-image) < 1e-3*image {
		t.Errorf("weights 1 and 0: norms %v and %v, want them the same, and not that of the image alone, %v", one, two, image)
	}
	if got := (Step{ImageWeight: 3}).shares(7); !slices.Equal(got, []float32{3. / 9, 1. / 9, 1. / 9, 1. / 9, 1. / 9, 1. / 9, 1. / 9}) {
		t.Errorf("shares %v, want 3/9 and 1/9", got)
	}
}
